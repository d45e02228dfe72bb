"""How tests/data/mlflow was recorded, by MLflow 3.17.2."""
import json, os
import mlflow

def as_attempt(name):
    os.environ["MLFLOW_RUN_CONTEXT"] = json.dumps({"aml_pipeline.attempt": name})

mlflow.log_metric("loss", 1000)  # of no step
mlflow.end_run()
as_attempt("first")
with mlflow.start_run():
    mlflow.log_param("rate", 0.1)
    for step in range(3):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metric("val/accuracy", float("nan"))
    mlflow.log_metric("largest", float("inf"))
    for value in (5, 6):
        with mlflow.start_run(nested=True, run_name="fold"):
            mlflow.log_metric("loss", value)
with mlflow.start_run():
    mlflow.log_metrics({"loss": 1e-09, "f1": 0.25})
as_attempt("second")
with mlflow.start_run():
    mlflow.log_metric("loss", 7)
