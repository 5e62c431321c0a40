package approval_test

import data.approval

parameters := {"metrics": {
	"auc": {"absolute": 0.02},
	"logloss": {"relative": 0.1},
}}

judge(asked, given) := document if {
	document := approval with input as asked with data.parameters as given
}

contest(metrics) := {
	"modelVersion": {"spec": {"metrics": metrics}},
	"champion": {"metadata": {"name": "fraud-6"}, "spec": {"metrics": {"auc": 0.9, "logloss": 0.3}}},
}

# Not allowed: people decide. The policy has no rule that denies.
waits(document) if {
	count(document.require) > 0
	count(document.allow) == 0
}

test_a_small_change_in_either_direction_is_allowed if {
	every metrics in [{"auc": 0.91, "logloss": 0.29}, {"auc": 0.89, "logloss": 0.31}, {"auc": 0.9, "logloss": 0.3}] {
		document := judge(contest(metrics), parameters)
		count(document.allow) == 2
		count(document.require) == 0
	}
}

# Binary floats say otherwise: 0.92 - 0.9 gives 0.020000000000000018, and 0.33 - 0.3 gives 0.030000000000000027.
test_exactly_the_limit_in_either_direction_is_allowed if {
	every metrics in [{"auc": 0.92, "logloss": 0.33}, {"auc": 0.88, "logloss": 0.27}] {
		document := judge(contest(metrics), parameters)
		count(document.allow) == 2
		count(document.require) == 0
	}
}

test_an_absolute_change_beyond_the_limit_waits_in_either_direction if {
	every auc in [0.9201, 0.8799, 1, 0] {
		document := judge(contest({"auc": auc, "logloss": 0.3}), parameters)
		waits(document)
		document.require == {{"reason": $"auc {auc} differs from 0.9, which fraud-6 has, by more than 0.02"}}
	}
}

test_a_relative_change_beyond_the_limit_waits_in_either_direction if {
	every logloss in [0.3301, 0.2699, -0.3] {
		document := judge(contest({"auc": 0.9, "logloss": logloss}), parameters)
		waits(document)
		document.require == {{"reason": $"logloss {logloss} differs from 0.3, which fraud-6 has, by more than 0.1 of it"}}
	}
}

test_both_limits_hold_where_both_are_given if {
	every limits in [{"absolute": 0.5, "relative": 0.01}, {"absolute": 0.01, "relative": 0.5}] {
		waits(judge(contest({"auc": 0.92}), {"metrics": {"auc": limits}}))
	}
}

test_any_change_from_zero_is_beyond_a_relative_limit if {
	asked := {"modelVersion": {"spec": {"metrics": {"bias": 0.001}}}, "champion": {"spec": {"metrics": {"bias": 0}}}}
	waits(judge(asked, {"metrics": {"bias": {"relative": 0.5}}}))
}

test_a_negative_champion_has_a_size if {
	asked := {"modelVersion": {"spec": {"metrics": {"r2": -0.95}}}, "champion": {"spec": {"metrics": {"r2": -1}}}}
	count(judge(asked, {"metrics": {"r2": {"relative": 0.05}}}).allow) == 1
	waits(judge(asked, {"metrics": {"r2": {"relative": 0.04}}}))
}

test_without_a_champion_it_waits if {
	every absent in [{"champion": null}, {}] {
		document := judge(object.union({"modelVersion": {"spec": {"metrics": {"auc": 0.9, "logloss": 0.3}}}}, absent), parameters)
		waits(document)
		{"reason": "the asked stage holds no version to compare with"} in document.require
	}
}

test_with_a_metric_missing_it_waits if {
	document := judge(contest({"auc": 0.9}), parameters)
	waits(document)
	document.require == {{"reason": "spec.metrics.logloss is not a number"}}
}

test_a_champion_without_a_metric_waits if {
	document := judge(contest({"f1": 0.9}), {"metrics": {"f1": {"absolute": 0.1}}})
	waits(document)
	document.require == {{"reason": "fraud-6 has no number in spec.metrics.f1"}}
}

test_text_is_no_metric if waits(judge(contest({"auc": "0.9", "logloss": 0.3}), parameters))

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
	every absent in [{}, {"metrics": {}}, {"metrics": ["auc"]}, {"metrics": "auc"}] {
		waits(judge(contest({"auc": 0.9, "logloss": 0.3}), absent))
	}
}

test_malformed_parameters_wait if {
	every limits in [{}, 0.1, "0.1", null, {"absolut": 0.1}, {"absolute": "0.1"}, {"relative": -0.1}, {"relative": 0.1, "absolute": null}] {
		waits(judge(contest({"auc": 0.9}), {"metrics": {"auc": limits}}))
	}
}
