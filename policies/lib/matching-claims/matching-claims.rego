# METADATA
# title: Claims that match the facts
# description: |-
#   Compares every metric that the submitter claims in spec.metrics with the one that the operator read itself. A claim
#   that differs is denied; a claim that no fact bears out waits until one does, or for a person. With it, other policies
#   may rely on the claims of the same versions. It guards, and judges no quality: let a policy that does judge the same
#   versions.
# custom:
#   relies_on: claims, checked against verified facts (input.verified.metrics)
#   parameters:
#     tolerance: optional; by how much a claim may differ, such as 0.0005 where claims are rounded; 0 unless given
package approval

allow contains $"verified metrics bear out: {concat(", ", sort(object.keys(claims)))}" if {
	count(waits) == 0
	count(deny) == 0
}

deny contains $"spec.metrics.{name} claims {claim}, and verified is {facts[name]}" if {
	some name, claim in claims
	is_number(claim)
	is_number(facts[name])

	# assent:allow decimal-subtraction
	abs(claim - facts[name]) > tolerance
}

require contains {"reason": reason} if some reason in waits

waits contains $"no verified fact bears out spec.metrics.{name}" if {
	some name, claim in claims
	not comparable(claim, name)
}

waits contains "spec.metrics claims nothing" if count(claims) == 0

waits contains "parameters.tolerance must be a number of 0 or more" if not tolerance_well_formed

comparable(claim, name) if {
	is_number(claim)
	is_number(facts[name])
}

default tolerance := 0

tolerance := data.parameters.tolerance if {
	is_number(data.parameters.tolerance)
	data.parameters.tolerance >= 0
}

tolerance_well_formed if object.get(data.parameters, "tolerance", 0) == tolerance

default claims := {}

claims := input.modelVersion.spec.metrics if is_object(input.modelVersion.spec.metrics)

facts := object.get(input, ["verified", "metrics"], {})
