/**
 * A policy to start from: what `assent policy init` writes, by file name. It passes `policy check --strict` and
 * `policy test`, which test/cli/policy-init.test.ts holds.
 *
 * @param name of the policy, as Kubernetes takes it
 */
export function buildInitFiles(name: string): Readonly<Record<string, string>> {
  return {
    'policy.yaml': POLICY.replaceAll('NAME', name),
    [`${name}.rego`]: RULES,
    [`${name}_test.rego`]: TESTS,
    [`${name}_cases.yaml`]: CASES.replaceAll('NAME', name),
  };
}

const POLICY = `# Which versions the policy judges, and what its rules are given. The rules are beside it, in NAME.rego.
apiVersion: assent.dev/v1alpha1
kind: ClusterApprovalPolicy
metadata:
  name: NAME
spec:
  match:
    stages: [Production]
  parameters: # data.parameters
    metric: accuracy
    threshold: 0.9
  # Who decides where no rule allows a version. A list, always.
  approvers: ["group:ml-leads"]
`;

const RULES = `# What a submitter writes in spec.metrics is a claim: whoever may edit a ModelVersion may claim 0.99.
package approval

metric := data.parameters.metric

value := input.modelVersion.spec.metrics[metric]

threshold := data.parameters.threshold

# Approves the version, if nothing below speaks against it.
allow contains $"{metric} {value} is above {threshold}" if value > threshold

# Asks for a person: the policy's approvers, unless "approvers" stands beside the reason.
require contains {"reason": $"{metric} {value} is not above {threshold}"} if value <= threshold

require contains {"reason": $"spec.metrics.{metric} is not given"} if not value

# Rejects it; nobody can approve that away.
deny contains "no artifact is named: give spec.artifact.uri" if not input.modelVersion.spec.artifact.uri

# Is told, and decides nothing.
warn contains "no git commit is recorded" if not input.modelVersion.spec.source.gitCommit
`;

const TESTS = `# Tests of single rules: assent policy test runs them in the runtime that decides.
package approval_test

import data.approval

version(metrics) := {"modelVersion": {"spec": {"metrics": metrics, "artifact": {"uri": "s3://models/fraud/7"}}}}

parameters := {"metric": "accuracy", "threshold": 0.9}

test_above_the_threshold_is_allowed if {
	approval.allow == {"accuracy 0.93 is above 0.9"} with input as version({"accuracy": 0.93}) with data.parameters as parameters
}

test_the_threshold_itself_is_not_above_it if {
	count(approval.allow) == 0 with input as version({"accuracy": 0.9}) with data.parameters as parameters
	count(approval.require) == 1 with input as version({"accuracy": 0.9}) with data.parameters as parameters
}

test_without_the_metric_a_person_decides if {
	approval.require == {{"reason": "spec.metrics.accuracy is not given"}} with input as version({}) with data.parameters as parameters
}

test_without_an_artifact_it_is_denied if {
	count(approval.deny) == 1 with input as {"modelVersion": {"spec": {}}} with data.parameters as parameters
}
`;

const CASES = `# What the policy makes of whole versions, as the operator would: docs/policies.md tells every field.
cases:
  - name: an accurate version approves itself
    modelVersion:
      spec:
        model: fraud
        version: "7"
        stage: Production
        metrics: {accuracy: 0.93}
        artifact: {uri: "s3://models/fraud/7"}
        source: {gitCommit: 3c5f0a1}
    expect:
      outcome: Approved
      by: Policy
      reasons: [accuracy 0.93 is above 0.9]
      warnings: []

  - name: any other waits for the ML leads
    modelVersion: &other
      spec:
        model: fraud
        version: "8"
        stage: Production
        metrics: {accuracy: 0.85}
        artifact: {uri: "s3://models/fraud/8"}
    expect:
      outcome: Pending
      requirements: [{approvers: ["group:ml-leads"], count: 1}]

  - name: and one of them is enough
    modelVersion: *other
    approvals: [{user: alice, groups: [ml-leads]}]
    expect: {outcome: Approved, by: People, stage: Production}

  - name: without an artifact there is nothing to approve
    modelVersion:
      spec: {model: fraud, version: "7", stage: Production, metrics: {accuracy: 0.99}}
    expect:
      outcome: Rejected
      reasons: {contains: [no artifact]}
      warnings: [no git commit is recorded]
`;
