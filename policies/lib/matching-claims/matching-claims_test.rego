package approval_test

import data.approval

judge(asked, given) := document if {
	document := approval with input as asked with data.parameters as given
}

version(claims, facts) := {"modelVersion": {"spec": {"metrics": claims}}, "verified": {"metrics": facts}}

# Neither allowed nor denied: people decide.
waits(document) if {
	count(document.require) > 0
	count(document.allow) == 0
	count(document.deny) == 0
}

test_claims_that_match_are_allowed if {
	document := judge(version({"accuracy": 0.93, "auc": 0.97}, {"accuracy": 0.93, "auc": 0.970, "f1": 0.8}), {})
	document.allow == {"verified metrics bear out: accuracy, auc"}
	count(document.require) == 0
	count(document.deny) == 0
}

test_a_claim_that_differs_is_denied_in_either_direction if {
	every claim in [0.99, 0.9300001, 0.92, -0.93] {
		document := judge(version({"accuracy": claim, "auc": 0.97}, {"accuracy": 0.93, "auc": 0.97}), {})
		document.deny == {$"spec.metrics.accuracy claims {claim}, and verified is 0.93"}
		count(document.allow) == 0
	}
}

test_a_tolerance_lets_rounded_claims_through if {
	allowed := judge(version({"accuracy": 0.93}, {"accuracy": 0.9295}), {"tolerance": 0.0005})
	count(allowed.allow) == 1
	denied := judge(version({"accuracy": 0.93}, {"accuracy": 0.92949}), {"tolerance": 0.0005})
	count(denied.deny) == 1
}

test_without_facts_it_waits if {
	every facts in [{}, null, [0.93], "0.93", {"auc": 0.97}] {
		document := judge(version({"accuracy": 0.93}, facts), {})
		waits(document)
		document.require == {{"reason": "no verified fact bears out spec.metrics.accuracy"}}
	}
}

test_a_claim_without_its_fact_waits_beside_one_that_matches if {
	document := judge(version({"accuracy": 0.93, "auc": 0.97}, {"accuracy": 0.93}), {})
	waits(document)
	document.require == {{"reason": "no verified fact bears out spec.metrics.auc"}}
}

test_a_claim_without_its_fact_saves_none_that_differs if {
	document := judge(version({"accuracy": 0.99, "auc": 0.97}, {"accuracy": 0.93}), {})
	count(document.deny) == 1
	count(document.allow) == 0
}

test_text_is_neither_claim_nor_fact if {
	waits(judge(version({"accuracy": "0.93"}, {"accuracy": "0.93"}), {}))
	waits(judge(version({"accuracy": 0.93}, {"accuracy": "0.93"}), {}))
	waits(judge(version({"accuracy": "0.93"}, {"accuracy": 0.93}), {}))
}

test_without_claims_it_waits if {
	every claims in [{}, null, "0.93", [0.93]] {
		waits(judge(version(claims, {"accuracy": 0.93}), {}))
	}
}

test_absent_input_waits if {
	every absent in [{}, {"verified": {}}, {"modelVersion": {"spec": {}}}, {"modelVersion": "fraud-7", "verified": "all"}] {
		waits(judge(absent, {}))
	}
}

test_a_malformed_tolerance_waits_and_lets_nothing_through if {
	every tolerance in ["1", -1, null, [], true] {
		waits(judge(version({"accuracy": 0.93}, {"accuracy": 0.93}), {"tolerance": tolerance}))
		count(judge(version({"accuracy": 0.99}, {"accuracy": 0.93}), {"tolerance": tolerance}).deny) == 1
	}
}
