"""It reads its secret."""

from azureml.core import Run

run = Run.get_context()
run.get_secret("my-token")
