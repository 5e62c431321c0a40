package approval_test

import data.approval

provenance := "https://slsa.dev/provenance/v1"

card := "https://example.com/model-card/v1"

parameters := {"predicateTypes": [provenance, card], "keys": {provenance: ["build", "build-next"]}}

judge(asked, given) := document if {
	document := approval with input as asked with data.parameters as given
}

verified(attestations) := {"verified": {"attestations": attestations}}

# Not allowed: people decide. The policy has no rule that denies.
waits(document) if {
	count(document.require) > 0
	count(document.allow) == 0
}

attestation(type, key) := {"predicateType": type, "keyId": key, "predicate": {}}

test_every_type_by_its_keys_is_allowed if {
	document := judge(verified([attestation(provenance, "build-next"), attestation(card, "anybody")]), parameters)
	document.allow == {"verified attestations are there: https://example.com/model-card/v1, https://slsa.dev/provenance/v1"}
	count(document.require) == 0
}

test_a_missing_type_waits if {
	document := judge(verified([attestation(provenance, "build")]), parameters)
	waits(document)
	document.require == {{"reason": "there is no verified attestation of type https://example.com/model-card/v1"}}
}

test_another_key_waits if {
	document := judge(verified([attestation(provenance, "laptop"), attestation(card, "anybody")]), parameters)
	waits(document)
	count(document.require) == 1
}

test_the_right_key_beside_another_is_allowed if {
	attested := [attestation(provenance, "laptop"), attestation(provenance, "build"), attestation(card, "anybody")]
	count(judge(verified(attested), parameters).allow) == 1
}

test_a_key_that_signed_something_else_does_not_count if {
	waits(judge(verified([attestation(provenance, "laptop"), attestation(card, "build")]), parameters))
}

test_an_attestation_without_a_key_waits_where_keys_are_named if {
	waits(judge(verified([{"predicateType": provenance}, attestation(card, "anybody")]), parameters))
}

test_nobody_may_sign_where_the_list_of_keys_is_empty if {
	waits(judge(verified([attestation(card, "anybody")]), {"predicateTypes": [card], "keys": {card: []}}))
}

test_the_submitters_own_evidence_counts_for_nothing if {
	claimed := {"modelVersion": {"spec": {"evidence": [{"type": provenance}, {"type": card}]}}, "verified": {}}
	waits(judge(claimed, parameters))
}

test_absent_facts_wait if {
	every absent in [{}, {"verified": {}}, {"verified": null}, {"verified": {"attestations": []}}] {
		waits(judge(absent, parameters))
	}
}

test_malformed_facts_wait if {
	every malformed in [provenance, [provenance, card], {"predicateType": provenance}, null, 3] {
		waits(judge(verified(malformed), parameters))
	}
}

test_without_parameters_it_waits if {
	every absent in [{}, {"predicateTypes": []}, {"predicateTypes": card}, {"predicateTypes": {}}] {
		waits(judge(verified([attestation(card, "anybody")]), absent))
	}
}

test_malformed_parameters_wait if {
	every malformed in [
		{"predicateTypes": [card, 3]},
		{"predicateTypes": [card], "keys": "build"},
		{"predicateTypes": [card], "keys": ["build"]},
		{"predicateTypes": [card], "keys": {card: "anybody"}},
		{"predicateTypes": [card], "keys": null},
	] {
		waits(judge(verified([attestation(card, "anybody")]), malformed))
	}
}
