# METADATA
# title: Required evidence
# description: |-
#   Denies a version whose spec.evidence lacks a document of a required type, or names one without its digest: without
#   a digest, what a person reads today may be replaced tomorrow. Nobody has read the documents, and nobody has checked
#   that they fit; signed-evidence asks for more. It guards, and judges no quality: let a policy that does judge the
#   same versions.
# custom:
#   relies_on: claims (spec.evidence)
#   parameters:
#     types: the types that must be there, such as model-card
package approval

allow contains $"evidence is named with its digest: {concat(", ", sort(types))}" if {
	count(waits) == 0
	count(deny) == 0
}

deny contains $"spec.evidence has no {type}" if {
	some type in types
	not named(type)
}

deny contains $"spec.evidence names a {type} without its digest" if {
	some type in types
	named(type)
	not with_digest(type)
}

require contains {"reason": reason} if some reason in waits

waits contains "parameters.types must be a list of types" if count(types) == 0

waits contains "parameters.types must hold texts only" if {
	some type in types
	not is_string(type)
}

named(type) if {
	some entry in evidence
	entry.type == type
}

with_digest(type) if {
	some entry in evidence
	entry.type == type
	startswith(entry.digest, "sha256:")
	count(entry.digest) == 71
	trim(substring(entry.digest, 7, -1), "0123456789abcdef") == ""
}

evidence := object.get(input, ["modelVersion", "spec", "evidence"], [])

default types := []

types := data.parameters.types if is_array(data.parameters.types)
