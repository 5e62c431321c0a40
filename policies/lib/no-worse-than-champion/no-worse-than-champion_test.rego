package approval_test

import data.approval

parameters := {"metrics": {
	"accuracy": {"better": "higher", "tolerance": 0.05},
	"logloss": {"better": "lower", "tolerance": 0.02},
}}

judge(asked, given) := document if {
	document := approval with input as asked with data.parameters as given
}

contest(metrics) := {
	"modelVersion": {"spec": {"metrics": metrics}},
	"champion": {"metadata": {"name": "fraud-6"}, "spec": {"metrics": {"accuracy": 0.92, "logloss": 0.31}}},
}

# Neither allowed nor denied: people decide.
waits(document) if {
	count(document.require) > 0
	count(document.allow) == 0
	count(document.deny) == 0
}

test_better_in_everything_is_allowed if {
	document := judge(contest({"accuracy": 0.93, "logloss": 0.3}), parameters)
	document.allow == {
		"accuracy 0.93 is no worse than 0.92, which fraud-6 has, by more than 0.05",
		"logloss 0.3 is no worse than 0.31, which fraud-6 has, by more than 0.02",
	}
	count(document.require) == 0
	count(document.deny) == 0
}

# Binary floats deny both: 0.92 - 0.87 gives 0.05000000000000004, and 0.33 - 0.31 gives 0.020000000000000018.
test_worse_by_exactly_the_tolerance_is_allowed if {
	document := judge(contest({"accuracy": 0.87, "logloss": 0.33}), parameters)
	count(document.allow) == 2
	count(document.deny) == 0
}

test_a_little_beyond_the_tolerance_is_denied if {
	document := judge(contest({"accuracy": 0.8699999999999999, "logloss": 0.31}), parameters)
	document.deny == {"accuracy 0.8699999999999999 is worse than 0.92, which fraud-6 has, by more than 0.05"}
	count(document.allow) == 0
}

test_higher_is_worse_where_lower_is_better if {
	document := judge(contest({"accuracy": 0.99, "logloss": 0.34}), parameters)
	document.deny == {"logloss 0.34 is worse than 0.31, which fraud-6 has, by more than 0.02"}
	count(document.allow) == 0
}

test_every_pair_of_hundredths_that_differs_by_the_tolerance_is_allowed if {
	every hundredth in numbers.range(5, 100) {
		document := judge(
			{"modelVersion": {"spec": {"metrics": {"accuracy": (hundredth - 5) / 100}}}, "champion": {"spec": {"metrics": {"accuracy": hundredth / 100}}}},
			{"metrics": {"accuracy": {"better": "higher", "tolerance": 0.05}}},
		)
		count(document.allow) == 1
	}
}

test_without_a_champion_it_waits if {
	document := judge({"modelVersion": {"spec": {"metrics": {"accuracy": 0.99, "logloss": 0.1}}}, "champion": null}, parameters)
	waits(document)
	{"reason": "the asked stage holds no version to compare with"} in document.require
}

test_with_a_metric_missing_it_waits if {
	document := judge(contest({"accuracy": 0.93}), parameters)
	waits(document)
	document.require == {{"reason": "spec.metrics.logloss is not a number"}}
}

test_with_a_metric_missing_it_is_still_denied_for_another if count(judge(contest({"accuracy": 0.5}), parameters).deny) == 1

test_a_champion_without_a_metric_waits if {
	unmeasured := {"metadata": {"name": "fraud-6"}, "spec": {"metrics": {"accuracy": 0.92}}}
	document := judge({"modelVersion": {"spec": {"metrics": {"accuracy": 0.93, "logloss": 0.3}}}, "champion": unmeasured}, parameters)
	waits(document)
	document.require == {{"reason": "fraud-6 has no number in spec.metrics.logloss"}}
}

# In Rego's order of values any text is above any number.
test_text_is_no_metric if waits(judge(contest({"accuracy": "0.99", "logloss": 0.3}), parameters))

test_absent_input_waits if waits(judge({}, parameters))

test_malformed_input_waits if {
	every malformed in [
		{"modelVersion": "fraud-7", "champion": "fraud-6"},
		{"modelVersion": {"spec": {"metrics": [0.9]}}, "champion": {"spec": []}},
		{"modelVersion": {"spec": {"metrics": null}}, "champion": {"metadata": null, "spec": {"metrics": true}}},
	] {
		waits(judge(malformed, parameters))
	}
}

test_without_parameters_it_waits if {
	every absent in [{}, {"metrics": {}}, {"metrics": ["accuracy"]}, {"metrics": "accuracy"}] {
		waits(judge(contest({"accuracy": 0.93, "logloss": 0.3}), absent))
	}
}

test_malformed_parameters_wait if {
	every rule in [
		{}, "higher", {"better": "more", "tolerance": 0.1}, {"better": "higher"},
		{"better": "higher", "tolerance": "0.1"}, {"better": "higher", "tolerance": -0.1},
	] {
		waits(judge(contest({"accuracy": 0.93}), {"metrics": {"accuracy": rule}}))
	}
}
