"""The local backend: runs steps as processes on this machine, in order. Independent of Azure; prints nothing."""

from aml_pipeline.local.debug import debug
from aml_pipeline.local.evaluate import Context, forecast, out_of_date
from aml_pipeline.local.outcome import Run
from aml_pipeline.local.pool import Wishes
from aml_pipeline.local.session import context_of, recorded, recorded_together, run_plan
from aml_pipeline.local.together import run

__all__ = [
    "Context",
    "Run",
    "Wishes",
    "context_of",
    "debug",
    "forecast",
    "out_of_date",
    "recorded",
    "recorded_together",
    "run",
    "run_plan",
]
