package approval_test

import data.approval

parameters := {"types": ["model-card", "bias-report"]}

digest := "sha256:3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c"

judge(asked, given) := document if {
	document := approval with input as asked with data.parameters as given
}

version(evidence) := {"modelVersion": {"spec": {"evidence": evidence}}}

# Neither allowed nor denied: people decide.
waits(document) if {
	count(document.require) > 0
	count(document.allow) == 0
	count(document.deny) == 0
}

card := {"type": "model-card", "uri": "https://example.com/card", "digest": digest}

report := {"type": "bias-report", "uri": "https://example.com/bias", "digest": digest}

test_all_types_with_digests_are_allowed if {
	document := judge(version([card, report, {"type": "notes", "uri": "https://example.com/notes"}]), parameters)
	document.allow == {"evidence is named with its digest: bias-report, model-card"}
	count(document.require) == 0
	count(document.deny) == 0
}

test_a_missing_type_is_denied if {
	document := judge(version([card]), parameters)
	document.deny == {"spec.evidence has no bias-report"}
	count(document.allow) == 0
}

test_evidence_without_a_digest_is_denied if {
	document := judge(version([card, object.remove(report, ["digest"])]), parameters)
	document.deny == {"spec.evidence names a bias-report without its digest"}
	count(document.allow) == 0
}

test_a_second_entry_with_a_digest_is_enough if {
	count(judge(version([card, object.remove(report, ["digest"]), report]), parameters).allow) == 1
}

test_a_malformed_digest_is_denied if {
	every malformed in ["", "sha256:", "md5:3c", replace(digest, "256", "512"), replace(digest, "3c3c", "3C3c"), $"{digest}3c", 3, null, ["x"]] {
		document := judge(version([card, object.union(report, {"digest": malformed})]), parameters)
		count(document.deny) == 1
		count(document.allow) == 0
	}
}

test_absent_input_is_denied if {
	every absent in [{}, {"modelVersion": {}}, {"modelVersion": {"spec": {}}}] {
		document := judge(absent, parameters)
		count(document.deny) == 2
		count(document.allow) == 0
	}
}

test_malformed_input_is_denied if {
	every malformed in ["model-card", {"type": "model-card"}, ["model-card", "bias-report"], null, 3] {
		document := judge(version(malformed), parameters)
		count(document.deny) == 2
		count(document.allow) == 0
	}
}

test_without_parameters_it_waits if {
	every absent in [{}, {"types": []}, {"types": "model-card"}, {"types": {}}] {
		waits(judge(version([card, report]), absent))
	}
}

test_a_type_that_is_no_text_is_never_allowed if {
	document := judge(version([card, report]), {"types": ["model-card", 3]})
	count(document.allow) == 0
	document.require == {{"reason": "parameters.types must hold texts only"}}
}
