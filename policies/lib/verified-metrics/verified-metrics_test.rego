package approval_test

import data.approval

parameters := {"metrics": {"accuracy": {"min": 0.9}, "logloss": {"min": 0, "max": 0.3}}}

judge(asked, given) := document if {
	document := approval with input as asked with data.parameters as given
}

version(facts) := {"modelVersion": {"spec": {"metrics": {"accuracy": 1, "logloss": 0}}}, "verified": {"metrics": facts}}

# Neither allowed nor denied: people decide.
waits(document) if {
	count(document.require) > 0
	count(document.allow) == 0
	count(document.deny) == 0
}

test_within_the_bounds_is_allowed if {
	document := judge(version({"accuracy": 0.93, "logloss": 0.21}), parameters)
	document.allow == {"verified accuracy is 0.93", "verified logloss is 0.21"}
	count(document.require) == 0
	count(document.deny) == 0
}

test_the_bounds_themselves_are_allowed if {
	count(judge(version({"accuracy": 0.9, "logloss": 0.3}), parameters).allow) == 2
	count(judge(version({"accuracy": 0.9, "logloss": 0}), parameters).allow) == 2
}

test_below_the_minimum_is_denied if {
	document := judge(version({"accuracy": 0.8999, "logloss": 0.21}), parameters)
	document.deny == {"verified accuracy is 0.8999, below 0.9"}
	count(document.allow) == 0
}

test_above_the_maximum_is_denied if {
	document := judge(version({"accuracy": 0.93, "logloss": 0.3001}), parameters)
	document.deny == {"verified logloss is 0.3001, above 0.3"}
	count(document.allow) == 0
}

test_the_submitters_claim_counts_for_nothing if {
	document := judge(version({}), parameters)
	waits(document)
	document.require == {{"reason": "there is no verified accuracy"}, {"reason": "there is no verified logloss"}}
}

test_one_fact_of_two_waits if waits(judge(version({"accuracy": 0.93}), parameters))

test_one_fact_of_two_is_denied_where_it_is_bad if {
	document := judge(version({"accuracy": 0.5}), parameters)
	count(document.deny) == 1
	count(document.allow) == 0
}

test_text_is_no_fact if waits(judge(version({"accuracy": "0.93", "logloss": "0.21"}), parameters))

test_absent_facts_wait if {
	every absent in [{}, {"verified": {}}, {"verified": null}, {"verified": {"attestations": []}}] {
		waits(judge(absent, parameters))
	}
}

test_malformed_facts_wait if {
	every malformed in [null, 0.93, "accuracy", [0.93, 0.21], {"accuracy": {"value": 0.93}}] {
		waits(judge(version(malformed), parameters))
	}
}

test_without_parameters_it_waits if {
	every absent in [{}, {"metrics": {}}, {"metrics": ["accuracy"]}, {"metrics": "accuracy"}] {
		waits(judge(version({"accuracy": 0.93, "logloss": 0.21}), absent))
	}
}

test_malformed_parameters_wait if {
	every bounds in [{}, 0.9, "0.9", null, {"minimum": 0.9}, {"min": "0.9"}, {"min": null}, {"min": 0.9, "max": "1"}] {
		waits(judge(version({"accuracy": 0.93}), {"metrics": {"accuracy": bounds}}))
	}
}
