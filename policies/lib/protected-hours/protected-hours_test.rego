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

weekend := {"windows": [{"name": "weekend", "timeZone": "Europe/Vienna", "days": ["Saturday", "Sunday"]}]}

nights := {"windows": [{"timeZone": "Europe/Vienna", "days": ["Friday"], "from": "22:00", "to": "06:00"}]}

afternoon := {"windows": [{"timeZone": "UTC", "from": "15:00", "to": "17:30"}]}

freeze := {"windows": [{"name": "Christmas", "timeZone": "UTC", "firstDate": "2026-12-20", "lastDate": "2027-01-06"}]}

# 2026-11-27 is a Friday; Vienna is an hour ahead of UTC in winter, two in summer.
test_a_day_is_one_of_its_time_zone if {
	waits(judge({"now": "2026-11-27T23:00:00Z"}, weekend))
	waits(judge({"now": "2026-11-28T12:00:00Z"}, weekend))
	waits(judge({"now": "2026-11-29T22:59:59Z"}, weekend))
	allowed(judge({"now": "2026-11-27T22:59:59Z"}, weekend))
	allowed(judge({"now": "2026-11-29T23:00:00Z"}, weekend))
}

test_summer_time_counts if {
	waits(judge({"now": "2026-07-03T22:00:00Z"}, weekend))
	allowed(judge({"now": "2026-07-03T21:59:59Z"}, weekend))
}

test_the_reason_names_the_window if {
	document := judge({"now": "2026-11-28T12:00:00Z"}, weekend)
	document.require == {{"reason": "protected hours: weekend"}}
}

test_a_window_without_a_name_is_named_by_its_place if {
	document := judge({"now": "2026-11-28T16:00:00Z"}, afternoon)
	document.require == {{"reason": "protected hours: parameters.windows[0]"}}
}

test_from_is_part_of_a_window_and_to_is_not if {
	waits(judge({"now": "2026-11-25T15:00:00Z"}, afternoon))
	waits(judge({"now": "2026-11-25T17:29:59Z"}, afternoon))
	allowed(judge({"now": "2026-11-25T14:59:59Z"}, afternoon))
	allowed(judge({"now": "2026-11-25T17:30:00Z"}, afternoon))
}

test_a_window_over_midnight_counts_to_the_day_that_it_begins_on if {
	allowed(judge({"now": "2026-11-27T20:59:59Z"}, nights))
	waits(judge({"now": "2026-11-27T21:00:00Z"}, nights))
	waits(judge({"now": "2026-11-28T04:59:59Z"}, nights))
	allowed(judge({"now": "2026-11-28T05:00:00Z"}, nights))
	allowed(judge({"now": "2026-11-28T21:00:00Z"}, nights))
	allowed(judge({"now": "2026-11-27T04:00:00Z"}, nights))
}

test_dates_count_from_the_first_to_the_last if {
	allowed(judge({"now": "2026-12-19T23:59:59Z"}, freeze))
	waits(judge({"now": "2026-12-20T00:00:00Z"}, freeze))
	waits(judge({"now": "2027-01-06T23:59:59Z"}, freeze))
	allowed(judge({"now": "2027-01-07T00:00:00Z"}, freeze))
}

test_an_offset_in_the_time_counts if waits(judge({"now": "2026-11-25T23:30:00+08:00"}, afternoon))

test_of_several_windows_each_protects if {
	both := {"windows": array.concat(weekend.windows, afternoon.windows)}
	waits(judge({"now": "2026-11-28T12:00:00Z"}, both))
	waits(judge({"now": "2026-11-25T16:00:00Z"}, both))
	allowed(judge({"now": "2026-11-25T18:00:00Z"}, both))
}

test_without_a_time_it_waits if {
	every asked in [{}, {"now": null}, {"now": ""}, {"now": "today"}, {"now": 1764000000}, {"now": "2026-11-31T00:00:00Z"}] {
		waits(judge(asked, afternoon))
	}
}

test_without_windows_it_waits if {
	every given in [{}, {"windows": []}, {"windows": {}}, {"windows": "weekend"}] {
		waits(judge({"now": "2026-11-25T12:00:00Z"}, given))
	}
}

test_a_window_that_is_not_understood_waits if {
	every window in [
		{}, "weekend", null, {"days": ["Sunday"]}, {"timeZone": ""}, {"timeZone": "Vienna"}, {"timeZone": 1},
		{"timeZone": "Local"}, {"timeZone": "UTC", "days": []}, {"timeZone": "UTC", "days": "Sunday"},
		{"timeZone": "UTC", "days": ["Sun"]}, {"timeZone": "UTC", "day": ["Sunday"]}, {"timeZone": "UTC", "from": "9:00"},
		{"timeZone": "UTC", "from": "15:00", "to": "15:00"}, {"timeZone": "UTC", "to": "25:00"},
		{"timeZone": "UTC", "from": 15}, {"timeZone": "UTC", "firstDate": "2026-13-01"}, {"timeZone": "UTC", "lastDate": null},
		{"timeZone": "UTC", "days": ["Sunday"], "name": 1},
	] {
		document := judge({"now": "2026-11-25T12:00:00Z"}, {"windows": [window]})
		waits(document)
		document.require == {{"reason": "parameters.windows[0] is not understood: see the policy's description"}}
	}
}
