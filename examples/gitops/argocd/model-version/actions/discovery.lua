-- An action that could not count is greyed out. Whether it counts is decided in the cluster, by who acts.
local status = obj.status or {}
local reason = nil
if status.observedGeneration == obj.metadata.generation then
  for _, condition in ipairs(status.conditions or {}) do
    if condition.type == "Approved" then
      reason = condition.reason
    end
  end
end

local waits = reason == "AwaitingApproval" or reason == "PolicyError"
local approved = reason == "AutoApproved" or reason == "ManuallyApproved"
-- A table for each: Argo CD takes one that comes twice for a cycle.
local function action(name, icon, enabled)
  return {
    disabled = not enabled,
    displayName = name,
    iconClass = "fa fa-fw " .. icon,
    params = { { name = "reason" } },
  }
end

return {
  approve = action("Approve", "fa-check", waits),
  reject = action("Reject", "fa-times", waits),
  revoke = action("Revoke", "fa-undo", approved),
}
