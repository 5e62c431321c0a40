/** What the commands say of how MLflow is asked. */
export const ASKED_AS =
  'MLflow is asked with MLFLOW_TRACKING_USERNAME and\n' +
  "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN, else with the registry's own Secret, if you may read it.";
