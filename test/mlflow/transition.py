"""One call as a person makes it: transition.py MODEL VERSION STAGE; prints what came of it."""

import json
import sys

import mlflow

model, version, stage = sys.argv[1:]
try:
    moved = mlflow.MlflowClient().transition_model_version_stage(model, version, stage)
    print(json.dumps({"stage": moved.current_stage}))
except mlflow.exceptions.MlflowException as error:
    print(json.dumps({"code": error.error_code, "message": error.message}))
