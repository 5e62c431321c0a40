package approval

metrics := input.modelVersion.spec.metrics

allow contains $"accuracy {metrics.accuracy} is above {data.parameters.threshold}" if {
	metrics.accuracy > data.parameters.threshold
}

# Exactly the margin counts, as numbers are decimals here.
allow contains "close, and well calibrated" if {
	metrics.accuracy + data.parameters.margin >= data.parameters.threshold
	metrics.calibration < 0.05
}

require contains {"reason": sprintf("accuracy %.2f needs a look", [metrics.accuracy])} if metrics.accuracy < 0.8 # assent:allow sprintf

deny contains $"{name} {value} is no share" if {
	some name, value in metrics
	name != "parameters"
	value > 1
}

warn contains "no git commit recorded" if not input.modelVersion.spec.source.gitCommit

warn contains $"depth {depth} is more than {limit}" if {
	depth := to_number(input.modelVersion.spec.parameters.max_depth)
	limit := 8
	depth > limit
}
