-- Healthy: in force. Degraded: not fetched, not believed, not compiled, or stopped too often.
-- Progressing: the operator has not looked at this generation yet.
local status = obj.status or {}
if status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the operator has not looked at this generation yet" }
end

for _, condition in ipairs(status.conditions or {}) do
  if condition.type == "Ready" then
    local message = condition.reason .. ": " .. condition.message
    if condition.status == "True" then
      return { status = "Healthy", message = message }
    end
    return { status = "Degraded", message = message }
  end
end
return { status = "Progressing", message = "it is not compiled yet" }
