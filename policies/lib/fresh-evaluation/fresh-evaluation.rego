# METADATA
# title: Fresh evaluation
# description: |-
#   A version whose evaluation is older than so many days waits for a new one, or for a person. The time of the
#   evaluation comes from every source that the parameters name: each must give one, and each must be fresh. While a
#   version waits its evaluation gets older: it is judged again every minute. It guards, and judges no quality: let a
#   policy that does judge the same versions.
# custom:
#   relies_on: claims (annotation, parameter) or verified facts (predicateType)
#   parameters:
#     days: how old an evaluation may be, in days of 24 hours
#     annotation: optional; the annotation that holds the time (RFC 3339), which anyone who may edit the version can write
#     parameter: optional; the entry of spec.parameters that holds it
#     predicateType: optional; the type of the verified attestation whose predicate.evaluatedAt holds it; the newest counts
package approval

allow contains $"evaluated within {data.parameters.days} days, says {concat(" and ", sort(object.keys(sources)))}" if count(waits) == 0

require contains {"reason": reason} if some reason in waits

waits contains $"evaluated at {newest.text}, says {source}, which is more than {data.parameters.days} days ago" if {
	some source, newest in sources
	now - newest.time > days * nanoseconds_per_day
}

# A time to come is a mistake, or an evaluation that never gets old.
waits contains $"evaluated at {newest.text}, says {source}, which is yet to come" if {
	some source, newest in sources
	newest.time > now
}

waits contains $"{source} does not say when it was evaluated, as in 2026-01-02T15:04:05Z" if {
	some source, newest in sources
	not newest
}

waits contains "parameters must name annotation, parameter or predicateType" if count(sources) == 0

waits contains "parameters.days must be a number above 0" if not days

waits contains "input.now is not a time" if not now

# Every source that is named, with the newest time that it says, or false.
sources[$"annotation {key}"] := newest_of([text | text := input.modelVersion.metadata.annotations[key]]) if {
	key := object.get(data.parameters, "annotation", null)
	key != null
}

sources[$"spec.parameters.{key}"] := newest_of([text | text := input.modelVersion.spec.parameters[key]]) if {
	key := data.parameters.parameter
}

sources[$"attestation {type}"] := newest_of([text |
	some attestation in input.verified.attestations
	attestation.predicateType == type
	text := attestation.predicate.evaluatedAt
]) if {
	type := object.get(data.parameters, "predicateType", null)
	type != null
}

newest_of(texts) := {"time": newest[0], "text": newest[1]} if {
	newest := max({[time.parse_rfc3339_ns(text), text] | some text in texts})
} else := false

now := time.parse_rfc3339_ns(input.now)

days := data.parameters.days if {
	is_number(data.parameters.days)
	data.parameters.days > 0
}

nanoseconds_per_day := ((24 * 60) * 60) * 1000000000
