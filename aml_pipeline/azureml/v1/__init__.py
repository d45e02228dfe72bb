"""The Azure ML backend, over SDK v1: the only importer of ``azureml``, imported when a function is called."""

from aml_pipeline.azureml.v1.compile import compile  # noqa: A004 - the word for it
from aml_pipeline.azureml.v1.connect import connect
from aml_pipeline.azureml.v1.forecast import forecast
from aml_pipeline.azureml.v1.publish import go_back, publish, schedules
from aml_pipeline.azureml.v1.submit import cancel, submit, submit_step
from aml_pipeline.azureml.v1.watched import watched
from aml_pipeline.azureml.workspace.login import Login, ServicePrincipal

__all__ = [
    "Login",
    "ServicePrincipal",
    "cancel",
    "compile",
    "connect",
    "forecast",
    "go_back",
    "publish",
    "schedules",
    "submit",
    "submit_step",
    "watched",
]
