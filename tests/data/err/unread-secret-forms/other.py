"""It reads another secret."""

from azureml.core import Run

Run.get_context().get_secret("another")
