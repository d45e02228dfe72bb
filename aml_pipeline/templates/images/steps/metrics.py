"""Metrics go to MLflow if it is installed, else to standard output, where aml-pipeline reads them."""


def log(name: str, value: float, step: int = 0) -> None:
    """Log one value of a metric."""
    try:
        import mlflow
    except ImportError:
        print(f"Attempted to log scalar metric {name}:\n{value}", flush=True)
    else:
        mlflow.log_metric(name, value, step=step)
