package approval_test

import data.approval

parameters := {"metric": "accuracy", "tolerance": 0.05}

contest(candidate, champion) := {
	"modelVersion": {"spec": {"metrics": candidate}},
	"champion": champion,
	"transition": {"from": "None", "to": "Production"},
}

holder(metrics) := {"metadata": {"name": "fraud-6"}, "spec": {"metrics": metrics}}

test_an_empty_stage_requires_a_person if {
	approval.require == {{"reason": "no version is in Production to compare with"}} with input as contest({"accuracy": 0.99}, null) with data.parameters as parameters
	count(approval.allow) == 0 with input as contest({"accuracy": 0.99}, null) with data.parameters as parameters
}

test_better_is_allowed if {
	count(approval.allow) == 1 with input as contest({"accuracy": 0.93}, holder({"accuracy": 0.92})) with data.parameters as parameters
}

test_equal_is_allowed if {
	count(approval.allow) == 1 with input as contest({"accuracy": 0.92}, holder({"accuracy": 0.92})) with data.parameters as parameters
}

test_a_little_worse_requires_a_person if {
	count(approval.require) == 1 with input as contest({"accuracy": 0.9}, holder({"accuracy": 0.92})) with data.parameters as parameters
}

test_worse_by_exactly_the_tolerance_requires_a_person if {
	count(approval.require) == 1 with input as contest({"accuracy": 0.87}, holder({"accuracy": 0.92})) with data.parameters as parameters
}

test_much_worse_is_denied if {
	count(approval.deny) == 1 with input as contest({"accuracy": 0.7}, holder({"accuracy": 0.92})) with data.parameters as parameters
}

test_without_the_metric_requires_a_person if {
	count(approval.require) == 1 with input as contest({}, holder({"accuracy": 0.92})) with data.parameters as parameters
}

test_a_champion_without_the_metric_requires_a_person if {
	count(approval.require) == 1 with input as contest({"accuracy": 0.9}, holder({})) with data.parameters as parameters
}
