"""python kubeflow_pipeline.py writes kubeflow-pipeline.yaml, which `kfp run create` or the UI takes.

The pods' service account needs the ClusterRole assent-submitter in its namespace.
"""

from kfp import compiler, dsl


@dsl.container_component
def train(model: str, version: str):
    return dsl.ContainerSpec(image="busybox:1.37", command=["echo"], args=["training", model, version])


@dsl.container_component
def approve(model: str, version: str, approver: str, metric: str):
    return dsl.ContainerSpec(
        image="assent:0.1.0",
        command=["assent", "gate"],
        args=[
            "--approvers", approver,
            "--model", model,
            "--version", version,
            "--metric", metric,
        ],
    )


@dsl.container_component
def deploy(model: str, version: str):
    return dsl.ContainerSpec(image="busybox:1.37", command=["echo"], args=["deploying", model, version])


@dsl.pipeline(name="fraud-detector")
def pipeline(model: str = "fraud-detector", version: str = "8"):
    trained = train(model=model, version=version)
    # A cached approval would be one that nobody gave.
    approved = approve(model=model, version=version, approver="alice", metric="accuracy=0.85")
    approved.after(trained).set_caching_options(False)
    deploy(model=model, version=version).after(approved)


if __name__ == "__main__":
    compiler.Compiler().compile(pipeline, "kubeflow-pipeline.yaml")
