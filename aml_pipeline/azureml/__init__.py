"""Azure ML: what this package offers for it from Python, over SDK v1; ``aml_pipeline.azureml.v2`` is the same over v2.

Both SDKs are imported when a function is called, and so is what calls them when its name is first asked for: other
parts of this folder need neither.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
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

if not TYPE_CHECKING:  # which would believe in any name

    def __getattr__(name: str) -> object:
        """Return what is offered by name, importing it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from aml_pipeline.azureml import v1

        return getattr(v1, name)
