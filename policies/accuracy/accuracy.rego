# Relies on the submitter's claim in spec.metrics: whoever may edit a ModelVersion may claim 0.99.
package approval

accuracy := input.modelVersion.spec.metrics.accuracy

threshold := data.parameters.threshold

allow contains $"accuracy {accuracy} is above {threshold}" if accuracy > threshold

require contains {"reason": $"accuracy {accuracy} is not above {threshold}"} if accuracy <= threshold

require contains {"reason": "spec.metrics.accuracy is not given"} if not accuracy

deny contains $"accuracy {accuracy} is above 1: write a share, such as 0.93" if accuracy > 1

deny contains $"accuracy {accuracy} is below 0: write a share, such as 0.93" if accuracy < 0
