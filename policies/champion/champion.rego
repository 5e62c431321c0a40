# No worse than today's champion. Relies on both versions' claims in spec.metrics.
package approval

metric := data.parameters.metric

candidate := input.modelVersion.spec.metrics[metric]

champion := input.champion.spec.metrics[metric]

# Who may delete versions could otherwise clear the stage for the next one.
require contains {"reason": $"no version is in {input.transition.to} to compare with"} if input.champion == null

allow contains $"{metric} {candidate} is no worse than {champion}, which {input.champion.metadata.name} has" if {
	candidate >= champion
}

require contains {"reason": $"{metric} {candidate} is worse than {champion}, which {input.champion.metadata.name} has"} if {
	candidate < champion
	champion <= candidate + data.parameters.tolerance
}

deny contains $"{metric} {candidate} is worse than {champion}, which {input.champion.metadata.name} has, by more than {data.parameters.tolerance}" if {
	champion > candidate + data.parameters.tolerance
}

require contains {"reason": $"spec.metrics.{metric} is not given"} if not candidate

require contains {"reason": $"{input.champion.metadata.name} does not give spec.metrics.{metric}"} if {
	input.champion != null
	not champion
}
