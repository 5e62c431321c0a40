package approval_test

import data.approval

version(metrics) := {"modelVersion": {"spec": {"model": "fraud", "version": "7", "metrics": metrics}}}

parameters := {"threshold": 0.9}

test_above_the_threshold_is_allowed if {
	approval.allow == {"accuracy 0.93 is above 0.9"} with input as version({"accuracy": 0.93}) with data.parameters as parameters
}

test_above_the_threshold_requires_nobody if {
	count(approval.require) == 0 with input as version({"accuracy": 0.93}) with data.parameters as parameters
}

test_the_threshold_itself_is_not_above_it if {
	count(approval.allow) == 0 with input as version({"accuracy": 0.9}) with data.parameters as parameters
}

test_below_the_threshold_requires_a_person if {
	approval.require == {{"reason": "accuracy 0.85 is not above 0.9"}} with input as version({"accuracy": 0.85}) with data.parameters as parameters
}

test_without_accuracy_requires_a_person if {
	approval.require == {{"reason": "spec.metrics.accuracy is not given"}} with input as version({}) with data.parameters as parameters
}

test_without_accuracy_is_not_allowed if {
	count(approval.allow) == 0 with input as version({}) with data.parameters as parameters
}

test_a_percentage_is_denied if {
	count(approval.deny) == 1 with input as version({"accuracy": 93}) with data.parameters as parameters
}

test_another_threshold_is_another_rule if {
	count(approval.allow) == 1 with input as version({"accuracy": 0.85}) with data.parameters as {"threshold": 0.8}
}

test_a_negative_share_is_denied if {
	count(approval.deny) == 1 with input as version({"accuracy": -0.1}) with data.parameters as parameters
}
