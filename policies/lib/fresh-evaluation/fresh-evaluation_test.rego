package approval_test

import data.approval

judge(asked, given) := document if {
	document := approval with input as asked with data.parameters as given
}

# Not allowed: people decide. The policy has no rule that denies.
waits(document) if {
	count(document.require) > 0
	count(document.allow) == 0
}

allowed(document) if {
	count(document.allow) == 1
	count(document.require) == 0
}

by_annotation := {"days": 30, "annotation": "ml.example.com/evaluated-at"}

by_parameter := {"days": 30, "parameter": "evaluated_at"}

by_attestation := {"days": 30, "predicateType": "https://example.com/evaluation/v1"}

annotated(text) := {
	"modelVersion": {"metadata": {"annotations": {"ml.example.com/evaluated-at": text}}},
	"now": "2026-03-31T12:00:00Z",
}

attested(texts) := {
	"verified": {"attestations": [{"predicateType": "https://example.com/evaluation/v1", "predicate": {"evaluatedAt": text}} | some text in texts]},
	"now": "2026-03-31T12:00:00Z",
}

test_a_fresh_evaluation_is_allowed if {
	document := judge(annotated("2026-03-30T08:00:00Z"), by_annotation)
	allowed(document)
	document.allow == {"evaluated within 30 days, says annotation ml.example.com/evaluated-at"}
}

test_exactly_so_many_days_are_allowed_and_a_nanosecond_more_waits if {
	allowed(judge(annotated("2026-03-01T12:00:00Z"), by_annotation))
	waits(judge(annotated("2026-03-01T11:59:59.999999999Z"), by_annotation))
}

test_an_old_evaluation_waits_and_says_so if {
	document := judge(annotated("2025-12-31T00:00:00Z"), by_annotation)
	waits(document)
	document.require == {{"reason": "evaluated at 2025-12-31T00:00:00Z, says annotation ml.example.com/evaluated-at, which is more than 30 days ago"}}
}

test_an_offset_in_the_time_counts if {
	allowed(judge(annotated("2026-03-01T10:00:00-02:00"), by_annotation))
	waits(judge(annotated("2026-03-01T13:59:59+02:00"), by_annotation))
}

test_a_time_to_come_waits if {
	every text in ["2026-03-31T12:00:00.000000001Z", "2027-01-01T00:00:00Z"] {
		waits(judge(annotated(text), by_annotation))
	}
}

test_a_time_that_is_none_waits if {
	every text in ["", "yesterday", "2026-03-30", "2026-02-30T00:00:00Z", 1774000000, null, ["2026-03-30T08:00:00Z"]] {
		document := judge(annotated(text), by_annotation)
		waits(document)
		document.require == {{"reason": "annotation ml.example.com/evaluated-at does not say when it was evaluated, as in 2026-01-02T15:04:05Z"}}
	}
}

test_a_parameter_says_it_too if {
	fresh := {"modelVersion": {"spec": {"parameters": {"evaluated_at": "2026-03-30T08:00:00Z"}}}, "now": "2026-03-31T12:00:00Z"}
	allowed(judge(fresh, by_parameter))
	waits(judge(object.union(fresh, {"now": "2026-05-31T12:00:00Z"}), by_parameter))
}

test_the_newest_attestation_counts if {
	allowed(judge(attested(["2025-01-01T00:00:00Z", "2026-03-30T08:00:00Z"]), by_attestation))
	waits(judge(attested(["2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z"]), by_attestation))
}

test_attestations_of_other_types_and_claims_do_not_count if {
	other := {"predicateType": "https://example.com/notes/v1", "predicate": {"evaluatedAt": "2026-03-30T08:00:00Z"}}
	waits(judge({"verified": {"attestations": [other]}, "now": "2026-03-31T12:00:00Z"}, by_attestation))
	waits(judge(annotated("2026-03-30T08:00:00Z"), by_attestation))
}

test_every_source_that_is_named_must_be_fresh if {
	both := object.union(by_annotation, by_parameter)
	waits(judge(annotated("2026-03-30T08:00:00Z"), both))
	old := {"modelVersion": {"spec": {"parameters": {"evaluated_at": "2025-03-30T08:00:00Z"}}}}
	waits(judge(object.union(annotated("2026-03-30T08:00:00Z"), old), both))
	fresh := {"modelVersion": {"spec": {"parameters": {"evaluated_at": "2026-03-29T08:00:00Z"}}}}
	allowed(judge(object.union(annotated("2026-03-30T08:00:00Z"), fresh), both))
}

test_absent_input_waits if {
	every given in [by_annotation, by_parameter, by_attestation] {
		waits(judge({}, given))
		waits(judge({"now": "2026-03-31T12:00:00Z"}, given))
	}
}

test_malformed_input_waits if {
	every asked in [
		{"modelVersion": "fraud-7", "now": "2026-03-31T12:00:00Z", "verified": []},
		{"modelVersion": {"metadata": {"annotations": "2026-03-30T08:00:00Z"}}, "now": "2026-03-31T12:00:00Z"},
		object.union(annotated("2026-03-30T08:00:00Z"), {"now": "noon"}),
		object.union(annotated("2026-03-30T08:00:00Z"), {"now": null}),
	] {
		waits(judge(asked, by_annotation))
	}
}

test_without_parameters_it_waits if {
	every given in [{}, {"days": 30}, {"annotation": "ml.example.com/evaluated-at"}] {
		waits(judge(annotated("2026-03-30T08:00:00Z"), given))
	}
}

test_malformed_parameters_wait if {
	every given in [
		{"days": "30"}, {"days": 0}, {"days": -1}, {"days": null}, {"annotation": 3}, {"annotation": null},
		{"annotation": "another"}, {"predicateType": ["https://example.com/evaluation/v1"]},
	] {
		waits(judge(annotated("2026-03-30T08:00:00Z"), object.union(by_annotation, given)))
	}
}
