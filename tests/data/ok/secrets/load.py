"""A script that reads its secrets here and there."""

import os

from azureml.core import Run


def secret(variable: str, name: str) -> str:
    return os.environ.get(variable) or Run.get_context().get_secret(name)


secret("API_TOKEN", "api-token")
secret("PASSWORD", "database")
