# METADATA
# title: No worse than the champion
# description: |-
#   Compares metrics with those of the version that the asked stage holds now. A version that is worse by more than its
#   tolerance in any of them is denied; without a champion, or with a metric missing on either side, it waits.
#   The difference is calculated in decimals: 0.92 - 0.87 is 0.05, and a tolerance of 0.05 allows it. Native OPA
#   calculates with binary floats, gets 0.05000000000000004, and would deny.
# custom:
#   relies_on: claims (both versions' spec.metrics)
#   parameters:
#     metrics: "metric → better (higher or lower) and tolerance, by how much it may be worse"
package approval

allow contains $"{name} {candidate[name]} is no worse than {champion[name]}, which {holder} has, by more than {rule.tolerance}" if {
	count(waits) == 0
	count(deny) == 0
	some name, rule in rules
	loss(name) <= rule.tolerance
}

deny contains $"{name} {candidate[name]} is worse than {champion[name]}, which {holder} has, by more than {rule.tolerance}" if {
	some name, rule in rules
	well_formed(rule)
	loss(name) > rule.tolerance
}

require contains {"reason": reason} if some reason in waits

waits contains "parameters.metrics names no metric" if count(rules) == 0

waits contains $"parameters.metrics.{name} must have better (higher or lower) and a tolerance of 0 or more" if {
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

# By how much the candidate is worse; negative where it is better.
loss(name) := champion[name] - candidate[name] if {
	rules[name].better == "higher"
	has_number(candidate, name)
	has_number(champion, name)
}

loss(name) := candidate[name] - champion[name] if {
	rules[name].better == "lower"
	has_number(candidate, name)
	has_number(champion, name)
}

has_champion if is_object(input.champion)

has_number(metrics, name) if is_number(metrics[name])

well_formed(rule) if {
	rule.better in {"higher", "lower"}
	is_number(rule.tolerance)
	rule.tolerance >= 0
}

candidate := object.get(input, ["modelVersion", "spec", "metrics"], {})

champion := object.get(input, ["champion", "spec", "metrics"], {})

holder := object.get(input, ["champion", "metadata", "name"], "the champion")

default rules := {}

rules := data.parameters.metrics if is_object(data.parameters.metrics)
