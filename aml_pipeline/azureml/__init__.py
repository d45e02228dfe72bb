"""The Python API for Azure ML, with SDK v1 or v2, depending on the workspace that is passed.

An SDK is imported when a function is called, and the modules that use it when a name is first accessed: the rest of
this package needs neither SDK.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aml_pipeline.azureml.exporting import export
    from aml_pipeline.azureml.following import wait
    from aml_pipeline.azureml.forecasting import forecast
    from aml_pipeline.azureml.history import runs
    from aml_pipeline.azureml.pausing import pause, resume
    from aml_pipeline.azureml.publishing import go_back, publish, schedules
    from aml_pipeline.azureml.remote_log import save_log
    from aml_pipeline.azureml.sdks import connect
    from aml_pipeline.azureml.submission import Submission, cancel, check, submit
    from aml_pipeline.azureml.v1.compile import compile  # noqa: A004 - the word for it
    from aml_pipeline.azureml.v1.imported.importing import import_pipeline
    from aml_pipeline.azureml.workspace.login import Login, ServicePrincipal
    from aml_pipeline.azureml.workspace.waiting import heard_by

# Public names and their modules.
_MODULES = {
    "Login": "workspace.login",
    "ServicePrincipal": "workspace.login",
    "Submission": "submission",
    "cancel": "submission",
    "check": "submission",
    "compile": "v1.compile",
    "connect": "sdks",
    "export": "exporting",
    "forecast": "forecasting",
    "go_back": "publishing",
    "heard_by": "workspace.waiting",
    "import_pipeline": "v1.imported.importing",
    "pause": "pausing",
    "publish": "publishing",
    "resume": "pausing",
    "runs": "history",
    "save_log": "remote_log",
    "schedules": "publishing",
    "submit": "submission",
    "wait": "following",
}
__all__ = [
    "Login",
    "ServicePrincipal",
    "Submission",
    "cancel",
    "check",
    "compile",
    "connect",
    "export",
    "forecast",
    "go_back",
    "heard_by",
    "import_pipeline",
    "pause",
    "publish",
    "resume",
    "runs",
    "save_log",
    "schedules",
    "submit",
    "wait",
]

if not TYPE_CHECKING:  # for which any name would exist

    def __getattr__(name: str) -> object:
        """Import and return a public name."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
