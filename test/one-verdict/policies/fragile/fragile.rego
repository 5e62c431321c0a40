package approval

# Two values where both conditions hold, which is an error of the evaluation.
size := "large" if input.modelVersion.spec.metrics.parameters > 10

size := "small" if input.modelVersion.spec.metrics.parameters < 100

allow contains $"a {size} model" if size
