package approval_test

import data.approval

judge(asked, given) := document if {
	document := approval with input as asked with data.parameters as given
}

# The policy has rules that require, and no others: nothing can approve or deny.
requires_two(document) if {
	some requirement in document.require
	requirement.count == 2
	not "allow" in object.keys(document)
	not "deny" in object.keys(document)
}

groups := ["group:ml-leads", "group:risk"]

test_two_out_of_all_groups_approve if {
	document := judge({}, {"approvers": groups})
	requires_two(document)
	document.require == {{"approvers": groups, "count": 2, "reason": "two-person rule"}}
}

test_one_of_each_comes_on_top if {
	document := judge({}, {"approvers": groups, "oneOfEach": true})
	document.require == {
		{"approvers": groups, "count": 2, "reason": "two-person rule"},
		{"approvers": ["group:ml-leads"], "count": 1, "reason": "two-person rule: one of group:ml-leads"},
		{"approvers": ["group:risk"], "count": 1, "reason": "two-person rule: one of group:risk"},
	}
}

test_a_malformed_one_of_each_counts_as_one if {
	every malformed in ["false", 0, null, {}] {
		count(judge({}, {"approvers": groups, "oneOfEach": malformed}).require) == 3
	}
	count(judge({}, {"approvers": groups, "oneOfEach": false}).require) == 1
}

test_more_than_two_may_be_asked_for if {
	document := judge({}, {"approvers": groups, "count": 3})
	document.require == {{"approvers": groups, "count": 3, "reason": "two-person rule"}}
}

test_never_fewer_than_two if {
	every fewer in [1, 0, -1, 1.5, "3", null, true] {
		requires_two(judge({}, {"approvers": groups, "count": fewer}))
	}
}

# Without approvers in the requirement, the policy's own take their place.
test_without_approvers_two_of_the_policys_own_approve if {
	every given in [{}, {"approvers": []}, {"approvers": "group:risk"}, {"approvers": {"risk": "group:risk"}}, {"approvers": ["group:risk", 3]}, {"approvers": [""]}] {
		document := judge({}, given)
		requires_two(document)
		document.require == {{"count": 2, "reason": "two-person rule; parameters.approvers must be a list of names"}}
	}
}

test_no_version_and_no_input_approves_itself if {
	every asked in [{}, null, "fraud-7", {"modelVersion": {"spec": {"metrics": {"accuracy": 1}}}, "verified": {"metrics": {"accuracy": 1}}}] {
		requires_two(judge(asked, {"approvers": groups}))
	}
}
