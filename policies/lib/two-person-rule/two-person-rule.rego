# METADATA
# title: Two-person rule
# description: |-
#   Two different people approve, out of the given groups and people, and where one of each is asked for, no group is
#   left out. That the submitter is none of them is the policy's own field separationOfDuties, which policy.yaml sets.
#   Nothing approves itself.
# custom:
#   relies_on: people
#   parameters:
#     approvers: who may approve, as in a policy's own approvers
#     count: optional; how many of them, 2 unless given, and never fewer
#     oneOfEach: optional; true asks for at least one approval by each entry of approvers, too
package approval

require contains {"approvers": approvers, "count": people, "reason": "two-person rule"} if count(approvers) > 0

require contains {"approvers": [approver], "count": 1, "reason": $"two-person rule: one of {approver}"} if {
	one_of_each
	some approver in approvers
}

# The policy's own approvers, then.
require contains {"count": people, "reason": "two-person rule; parameters.approvers must be a list of names"} if {
	count(approvers) == 0
}

default approvers := []

approvers := data.parameters.approvers if {
	is_array(data.parameters.approvers)
	every approver in data.parameters.approvers {
		is_string(approver)
		approver != ""
	}
}

default people := 2

people := count_asked if {
	is_number(count_asked)
	count_asked > 2
}

# Whatever else it says, somebody meant something by it.
default one_of_each := true

one_of_each := false if not asks_for_each

asks_for_each if {
	some field, value in data.parameters
	field == "oneOfEach"
	value != false
}

count_asked := object.get(data.parameters, "count", 2)
