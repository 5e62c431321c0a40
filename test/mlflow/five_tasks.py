"""The five tasks of a learner, as typed: two versions are registered, and a gateway is the tracking server."""

import json

import mlflow

client = mlflow.tracking.MlflowClient()
client.transition_model_version_stage(name="MyModel", version=1, stage="Production")

client = mlflow.tracking.MlflowClient()
model_versions = client.search_model_versions("name = 'MyModel'")
approved_versions = [mv for mv in model_versions if mv.current_stage == 'Production']

client = mlflow.tracking.MlflowClient()
client.transition_model_version_stage(name="MyModel", version=2, stage="Archived")

try:
    client.transition_model_version_stage(name="MyModel", version=2, stage="Rejected")
    refused = None
except mlflow.exceptions.MlflowException as error:
    refused = {"code": error.error_code, "message": error.message}

client.transition_model_version_stage(name="MyModel", version=3, stage="Staging")

client = mlflow.tracking.MlflowClient()
model_versions = client.search_model_versions("name = 'MyModel'")
version_stage_map = { mv.version: mv.current_stage for mv in model_versions }

client = mlflow.tracking.MlflowClient()
model_versions = client.search_model_versions("name = 'MyModel'")
staging_versions = [mv.version for mv in model_versions if mv.current_stage == "Staging"]

print(json.dumps({
    "approved": [str(mv.version) for mv in approved_versions],
    "refused": refused,
    "map": {str(version): stage for version, stage in version_stage_map.items()},
    "staging": [str(version) for version in staging_versions],
}))
