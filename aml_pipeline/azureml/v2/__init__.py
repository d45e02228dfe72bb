"""Azure ML v2, over azure-ai-ml: the only importer of ``azure``, imported when a function is called.

What is sent is what ``export`` writes, file for file.
"""

from aml_pipeline.azureml.v2.connect import connect
from aml_pipeline.azureml.v2.submit import cancel, submit, submit_step
from aml_pipeline.azureml.v2.watched import watched
from aml_pipeline.azureml.workspace.login import Login, ServicePrincipal

__all__ = ["Login", "ServicePrincipal", "cancel", "connect", "submit", "submit_step", "watched"]
