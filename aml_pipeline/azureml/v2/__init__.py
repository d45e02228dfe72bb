"""The Azure ML backend with SDK v2 (azure-ai-ml): the only importer of ``azure``, imported when a function is called.

It submits exactly the files that ``export`` writes, and imports what others wrote in that form.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from aml_pipeline.azureml.v2.imported.importing import import_job

__all__ = ["import_job"]

if not TYPE_CHECKING:  # for which any name would exist

    def __getattr__(name: str) -> object:
        """Import and return a public name."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.imported.importing"), name)
