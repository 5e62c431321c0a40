package approval

candidate := input.modelVersion.spec.metrics.accuracy

champion := input.champion.spec.metrics.accuracy

require contains {"reason": "there is no champion"} if input.champion == null

allow contains $"{candidate} is no worse than {champion} of {input.champion.metadata.name}" if candidate >= champion

deny contains $"{candidate} is worse than {champion} by more than {data.parameters.tolerance}" if {
	champion > candidate + data.parameters.tolerance
}
