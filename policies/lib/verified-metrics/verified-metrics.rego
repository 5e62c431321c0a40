# METADATA
# title: Verified metrics
# description: |-
#   Judges quality by what the operator read itself, and by nothing that the submitter wrote: a version whose verified
#   metrics are within their bounds approves itself, one beyond them is denied, and one without them waits until they are
#   there, or for a person.
# custom:
#   relies_on: verified facts (input.verified.metrics)
#   parameters:
#     metrics: "metric → min or max, the bounds that it must keep; or both"
package approval

allow contains $"verified {name} is {facts[name]}" if {
	count(waits) == 0
	count(deny) == 0
	some name, _ in rules
}

deny contains $"verified {name} is {facts[name]}, below {bounds.min}" if {
	some name, bounds in rules
	is_number(facts[name])
	is_number(bounds.min)
	facts[name] < bounds.min
}

deny contains $"verified {name} is {facts[name]}, above {bounds.max}" if {
	some name, bounds in rules
	is_number(facts[name])
	is_number(bounds.max)
	facts[name] > bounds.max
}

require contains {"reason": reason} if some reason in waits

waits contains $"there is no verified {name}" if {
	some name, _ in rules
	not verified(name)
}

waits contains "parameters.metrics names no metric" if count(rules) == 0

waits contains $"parameters.metrics.{name} must have min or max, numbers" if {
	some name, bounds in rules
	not well_formed(bounds)
}

verified(name) if is_number(facts[name])

well_formed(bounds) if {
	is_object(bounds)
	count(bounds) > 0
	every kind, bound in bounds {
		kind in {"min", "max"}
		is_number(bound)
	}
}

facts := object.get(input, ["verified", "metrics"], {})

default rules := {}

rules := data.parameters.metrics if is_object(data.parameters.metrics)
