-- Of policies, ModelRegistries and Notifications. Healthy: in force; the other side answers. Degraded: a policy not
-- fetched, not believed, not compiled, or stopped too often; another side that does not answer, or refuses.
-- Progressing: a first comparison runs, or the operator has not looked at this generation yet.
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the operator has not looked at this generation yet" }
end

local ready = nil
local progressing = false
for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    ready = condition
  elseif condition.type == "Reconciling" and condition.status == "True" then
    progressing = true
  end
end

if ready == nil then
  return { status = "Progressing", message = "the operator has not said yet whether it is ready" }
end
local message = ready.reason .. ": " .. ready.message
if ready.status == "True" then
  return { status = "Healthy", message = message }
elseif progressing then
  return { status = "Progressing", message = message }
end
return { status = "Degraded", message = message }
