"""It reads several secrets."""

from azureml.core import Run

Run.get_context().get_secrets(["my-token", "another"])
