-- Of a ModelRegistry and a Notification. Healthy: the other side answers. Degraded: it does not, or refuses.
-- Progressing: the first comparison runs, or the operator has not looked at this generation yet.
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
  return { status = "Progressing", message = "nothing was asked yet" }
end
local message = ready.reason .. ": " .. ready.message
if ready.status == "True" then
  return { status = "Healthy", message = message }
elseif progressing then
  return { status = "Progressing", message = message }
end
return { status = "Degraded", message = message }
