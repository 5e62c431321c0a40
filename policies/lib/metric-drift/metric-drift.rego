# METADATA
# title: Metric drift
# description: |-
#   A person looks at a version whose metrics differ from the champion's by more than they usually do, for the better
#   too: a leap often is a leak in the data, or another test set. Relative changes are multiplied, not divided, so that
#   they are exact decimals and a champion's 0 is no special case. It guards, and judges no quality: let a policy that
#   does judge the same versions.
# custom:
#   relies_on: claims (both versions' spec.metrics)
#   parameters:
#     metrics: "metric → relative (a share of the champion's value) or absolute, the most it may change; or both"
package approval

allow contains $"{name} {candidate[name]} has not drifted from {champion[name]}, which {holder} has" if {
	count(waits) == 0
	some name, _ in rules
}

require contains {"reason": reason} if some reason in waits

waits contains $"{name} {candidate[name]} differs from {champion[name]}, which {holder} has, by more than {limit.shown}" if {
	some name, rule in rules
	well_formed(rule)
	has_number(candidate, name)
	has_number(champion, name)
	some limit in limits(rule, abs(champion[name]))

	# assent:allow decimal-subtraction
	abs(candidate[name] - champion[name]) > limit.most
}

waits contains "parameters.metrics names no metric" if count(rules) == 0

waits contains $"parameters.metrics.{name} must have relative or absolute, numbers of 0 or more" if {
	some name, rule in rules
	not well_formed(rule)
}

# Who may delete versions could otherwise clear the stage for the next one.
waits contains "the asked stage holds no version to compare with" if not has_champion

waits contains $"spec.metrics.{name} is not a number" if {
	some name, _ in rules
	not has_number(candidate, name)
}

waits contains $"{holder} has no number in spec.metrics.{name}" if {
	has_champion
	some name, _ in rules
	not has_number(champion, name)
}

limits(rule, size) := {{"most": rule.absolute, "shown": $"{rule.absolute}"} | rule.absolute} | {{"most": rule.relative * size, "shown": $"{rule.relative} of it"} | rule.relative}

well_formed(rule) if {
	is_object(rule)
	count(rule) > 0
	every kind, most in rule {
		kind in {"relative", "absolute"}
		is_number(most)
		most >= 0
	}
}

has_champion if is_object(input.champion)

has_number(metrics, name) if is_number(metrics[name])

candidate := object.get(input, ["modelVersion", "spec", "metrics"], {})

champion := object.get(input, ["champion", "spec", "metrics"], {})

holder := object.get(input, ["champion", "metadata", "name"], "the champion")

default rules := {}

rules := data.parameters.metrics if is_object(data.parameters.metrics)
