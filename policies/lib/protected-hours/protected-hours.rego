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
	here := local[window.timeZone]
	bounds.from <= here.clock
	here.clock < bounds.to
	on(window, here.day)
}

within_hours(window) if {
	bounds := hours(window)
	bounds.from > bounds.to
	here := local[window.timeZone]
	bounds.from <= here.clock
	on(window, here.day)
}

within_hours(window) if {
	bounds := hours(window)
	bounds.from > bounds.to
	here := local[window.timeZone]
	here.clock < bounds.to
	on(window, day_before[here.day])
}

within_dates(window) if {
	today := local[window.timeZone].date
	object.get(window, "firstDate", today) <= today
	today <= object.get(window, "lastDate", today)
}

on(window, _) if not window.days

on(window, day) if day in window.days

# Texts of one form: their order is that of the times.
hours(window) := {"from": object.get(window, "from", "00:00"), "to": object.get(window, "to", "24:00")}

# Once for each zone, as it is what takes the time. A zone that nobody knows has none.
local[zone] := {
	"day": time.weekday([now, zone]),
	"date": sprintf("%04d-%02d-%02d", time.date([now, zone])),
	"clock": sprintf("%02d:%02d", array.slice(time.clock([now, zone]), 0, 2)),
} if {
	some zone in {window.timeZone | some window in windows}
	zone != ""
}

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

fits("timeZone", value) if local[value]

fits("days", value) if {
	is_array(value)
	count(value) > 0
	every day in value {
		day in object.keys(day_before)
	}
}

fits(field, value) if {
	field in {"from", "to"}
	is_time(value)
}

fits(field, value) if {
	field in {"firstDate", "lastDate"}
	time.parse_rfc3339_ns($"{value}T00:00:00Z")
}

is_time("24:00")

is_time(text) if {
	count(text) == 5
	time.parse_rfc3339_ns($"2000-01-01T{text}:00Z")
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
