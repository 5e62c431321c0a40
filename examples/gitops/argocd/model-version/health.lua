-- Healthy: approved. Suspended: waits for people. Degraded: rejected, or something is to be repaired.
-- Progressing: the operator has not looked at this generation yet.
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the operator has not looked at this generation yet" }
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local approved = conditions.Approved
if approved == nil then
  return { status = "Progressing", message = "nothing is decided yet" }
end
local message = approved.reason .. ": " .. approved.message
if approved.status == "True" then
  return { status = "Healthy", message = message }
end
if approved.reason == "AwaitingApproval" then
  return { status = "Suspended", message = message }
end
return { status = "Degraded", message = message }
