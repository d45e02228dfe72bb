"""Azure ML pipelines from one checked YAML file.

``load`` gives the plan of a pipeline file; the command line is ``aml-pipeline``. Importing this package costs nothing:
what a call needs is imported by the call, and what a name means when it is first asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from aml_pipeline.core.errors import AzureError, MachineError, PipelineError, UsageError, UserError
    from aml_pipeline.pipeline.plan.model import Plan

__all__ = ["AzureError", "MachineError", "PipelineError", "Plan", "UsageError", "UserError", "load"]
__version__ = "0.1.0"


def load(
    path: str | os.PathLike[str] = "pipeline.yaml",
    profile: str | None = None,
    parameters: Mapping[str, str | float] | None = None,
) -> Plan:
    """Return the checked plan of the pipeline file at ``path``.

    ``profile`` names one of its profiles, ``parameters`` gives values, as ``--param`` does. Raises
    ``PipelineError``, which holds every problem found, and ``UsageError`` when there is no file.
    """
    import os

    from aml_pipeline.pipeline.yaml.scalars import written
    from aml_pipeline.project.opening import open_pipeline

    texts = {name: written(value) for name, value in (parameters or {}).items()}
    return open_pipeline(os.fspath(path), profile, texts).require()[0]


if not TYPE_CHECKING:  # which would believe in any name

    def __getattr__(name: str) -> object:
        """Return what this package offers by name, importing it."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from aml_pipeline.core import errors
        from aml_pipeline.pipeline.plan import model

        return model.Plan if name == "Plan" else getattr(errors, name)
