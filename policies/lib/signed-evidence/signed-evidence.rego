# METADATA
# title: Signed evidence
# description: |-
#   Asks for attestations whose signatures the operator verified, of every required predicate type and, where keys are
#   named, by one of them. What the submitter writes counts for nothing. Where an attestation is missing, the version
#   waits until it is there, or a person approves. It guards, and judges no quality: let a policy that does judge the
#   same versions.
# custom:
#   relies_on: verified facts (input.verified.attestations)
#   parameters:
#     predicateTypes: the predicate types that must be there, such as https://slsa.dev/provenance/v1
#     keys: optional; predicate type → the ids of the keys that may sign it
package approval

allow contains $"verified attestations are there: {concat(", ", sort(types))}" if count(waits) == 0

require contains {"reason": reason} if some reason in waits

waits contains $"there is no verified attestation of type {type}" if {
	some type in types
	not attested(type)
}

waits contains $"no verified attestation of type {type} is signed by a key that parameters.keys names" if {
	some type in types
	attested(type)
	not signed(type)
}

waits contains "parameters.predicateTypes must be a list of predicate types" if count(types) == 0

waits contains "parameters.predicateTypes must hold texts only" if {
	some type in types
	not is_string(type)
}

waits contains "parameters.keys must hold a list of key ids for each predicate type" if not keys_well_formed

attested(type) if {
	some attestation in attestations
	attestation.predicateType == type
}

signed(type) if {
	attested(type)
	not type in object.keys(keys)
}

signed(type) if {
	some attestation in attestations
	attestation.predicateType == type
	attestation.keyId in keys[type]
}

keys_well_formed if {
	is_object(keys)
	every _, ids in keys {
		is_array(ids)
	}
}

attestations := object.get(input, ["verified", "attestations"], [])

keys := object.get(data.parameters, "keys", {})

default types := []

types := data.parameters.predicateTypes if is_array(data.parameters.predicateTypes)
