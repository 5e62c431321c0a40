"""What a team does with MLflow beside stages, at each server of the arguments; prints what it saw there."""

import json
import os
import sys
import tempfile

import mlflow


def work(uri, suffix):
    client = mlflow.MlflowClient(tracking_uri=uri)
    seen = {}
    experiment = client.create_experiment(f"experiment-{suffix}", tags={"team": "risk"})
    run = client.create_run(experiment, tags={"kind": "training"})
    client.log_param(run.info.run_id, "depth", 6)
    for step in range(3):
        client.log_metric(run.info.run_id, "accuracy", 0.8 + step / 100, step=step)
    seen["history"] = [round(metric.value, 2) for metric in client.get_metric_history(run.info.run_id, "accuracy")]

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "größe mit leerzeichen.bin")
        with open(path, "wb") as file:
            file.write(os.urandom(3_000_000))
        client.log_artifact(run.info.run_id, path, "deep/er")
        client.log_text(run.info.run_id, "", "empty.txt")
        back = client.download_artifacts(run.info.run_id, "deep/er/größe mit leerzeichen.bin", folder)
        with open(path, "rb") as sent, open(back, "rb") as got:
            seen["same bytes"] = sent.read() == got.read()
    seen["artifacts"] = [(file.path, file.file_size) for file in client.list_artifacts(run.info.run_id, "deep/er")]
    seen["empty"] = [file.path for file in client.list_artifacts(run.info.run_id)]

    model = f"model-{suffix}"
    client.create_registered_model(model, tags={"owner": "risk"}, description="größe")
    version = client.create_model_version(model, f"{run.info.artifact_uri}/deep", run.info.run_id, tags={"a": "b"})
    client.update_model_version(model, version.version, description="second thoughts")
    client.set_model_version_tag(model, version.version, "note", "seen")
    client.delete_model_version_tag(model, version.version, "a")
    client.set_registered_model_alias(model, "candidate", version.version)
    found = client.get_model_version_by_alias(model, "candidate")
    seen["found"] = [found.version, found.description, found.tags, found.current_stage]
    client.delete_registered_model_alias(model, "candidate")
    seen["search"] = [v.version for v in client.search_model_versions(f"name = '{model}'")]
    try:
        client.get_model_version(model, "99")
    except mlflow.exceptions.MlflowException as error:
        seen["missing"] = error.error_code
    client.rename_registered_model(model, f"{model}-renamed")
    client.delete_model_version(f"{model}-renamed", version.version)
    client.delete_registered_model(f"{model}-renamed")
    client.set_terminated(run.info.run_id)
    seen["status"] = client.get_run(run.info.run_id).info.status
    client.delete_experiment(experiment)
    return seen


print(json.dumps([work(uri, str(index)) for index, uri in enumerate(sys.argv[1:])]))
