# METADATA
# title: Protected hours
# description: |-
#   Within given windows nothing moves by itself: a version waits until the window is over, or until one of the policy's
#   approvers lets it through. It waits and is not denied, because a denial would stand when the window is over. It
#   guards, and judges no quality: let a policy that does judge the same versions.
# custom:
#   relies_on: the time of the decision (input.now)
#   parameters:
#     windows: |-
#       a list; each with timeZone (such as Europe/Vienna) and any of: name; days (such as [Saturday, Sunday]); from and
#       to (15:04, to is not part of it; over midnight where to is before from, which counts to the day it begins on);
#       firstDate and lastDate (2026-12-24)
package approval

allow contains "no protected hours now" if count(waits) == 0

require contains {"reason": reason} if some reason in waits

waits contains $"protected hours: {shown(index)}" if {
	some index, window in windows
	well_formed(window)
	within_dates(window)
	within_hours(window)
}

waits contains $"parameters.windows[{index}] is not understood: see the policy's description" if {
	now
	some index, window in windows
	not well_formed(window)
}

waits contains "parameters.windows must be a list of windows" if count(windows) == 0

waits contains "input.now is not a time" if not now

shown(index) := object.get(windows[index], "name", $"parameters.windows[{index}]")

within_hours(window) if {
	bounds := hours(window)
	bounds.from < bounds.to
	bounds.from <= clock(window.timeZone)
	clock(window.timeZone) < bounds.to
	on(window, weekday(window.timeZone))
}

within_hours(window) if {
	bounds := hours(window)
	bounds.from > bounds.to
	bounds.from <= clock(window.timeZone)
	on(window, weekday(window.timeZone))
}

within_hours(window) if {
	bounds := hours(window)
	bounds.from > bounds.to
	clock(window.timeZone) < bounds.to
	on(window, day_before[weekday(window.timeZone)])
}

within_dates(window) if {
	today := date(window.timeZone)
	object.get(window, "firstDate", today) <= today
	today <= object.get(window, "lastDate", today)
}

on(window, day) if day in object.get(window, "days", object.keys(day_before))

# Texts of one form: their order is that of the times.
hours(window) := {"from": object.get(window, "from", "00:00"), "to": object.get(window, "to", "24:00")}

clock(zone) := sprintf("%02d:%02d", array.slice(time.clock([now, zone]), 0, 2))

date(zone) := sprintf("%04d-%02d-%02d", time.date([now, zone]))

weekday(zone) := time.weekday([now, zone])

now := time.parse_rfc3339_ns(input.now)

# An unknown field may be a slip in one that would have counted.
well_formed(window) if {
	is_object(window)
	every field, value in window {
		fits(field, value)
	}
	"timeZone" in object.keys(window)
	hours(window).from != hours(window).to
}

fits("name", value) if is_string(value)

# A zone that nobody knows has no time.
fits("timeZone", value) if {
	value != ""
	clock(value)
}

fits("days", value) if {
	is_array(value)
	count(value) > 0
	every day in value {
		day in object.keys(day_before)
	}
}

fits(field, value) if {
	field in {"from", "to"}
	regex.match(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`, value)
}

fits(field, value) if {
	field in {"firstDate", "lastDate"}
	regex.match(`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`, value)
}

day_before := {
	"Monday": "Sunday",
	"Tuesday": "Monday",
	"Wednesday": "Tuesday",
	"Thursday": "Wednesday",
	"Friday": "Thursday",
	"Saturday": "Friday",
	"Sunday": "Saturday",
}

default windows := []

windows := data.parameters.windows if is_array(data.parameters.windows)
