-- The API server stamps who decides: the service account by which Argo CD acts, not who pressed the button.
local annotations = obj.metadata.annotations or {}
local reason = (actionParams or {}).reason
if reason == nil or reason == "" then
  -- With the generation, because the words that stand there already would be no new decision.
  reason = "rejected in Argo CD, generation " .. tostring(obj.metadata.generation)
end
if annotations["assent.dev/reject"] == reason then
  error("these words stand there already and are no new decision: give another reason", 0)
end
annotations["assent.dev/reject"] = reason
obj.metadata.annotations = annotations
return obj
