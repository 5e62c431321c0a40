"""Registers versions as a training job does: register.py MODEL ACCURACY [TAG=VALUE ...] -- MODEL ACCURACY ..."""

import sys

import mlflow

client = mlflow.MlflowClient()
for line in " ".join(sys.argv[1:]).split(" -- "):
    model, accuracy, *tags = line.split()
    if not client.search_registered_models(f"name = '{model}'"):
        client.create_registered_model(model)
    with mlflow.start_run() as run:
        mlflow.log_param("max_depth", 6)
        mlflow.log_metric("accuracy", float(accuracy))
    version = client.create_model_version(
        model,
        source=f"{run.info.artifact_uri}/model",
        run_id=run.info.run_id,
        tags=dict(tag.split("=", 1) for tag in tags),
    )
    print(model, version.version, run.info.run_id)
