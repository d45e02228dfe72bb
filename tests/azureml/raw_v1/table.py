"""All pipelines, how each comes into the workspace, and what an import of it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.azureml.raw_v1 import data, others, published, shapes, unsaid

if TYPE_CHECKING:
    from tests.loopback.state import Sdk

Build = Callable[["Sdk", Path], "Sdk"]


@dataclass(frozen=True, slots=True)
class Raw:
    """A pipeline; without ``missing`` and ``differs`` its import is identical.

    ``sent`` is how it comes into the workspace: ``submit``, ``publish``, ``endpoint``, ``watch``. ``missing`` names
    the steps that cannot be said, ``differs`` has a part of each difference that the proof finds. ``is_evaluated`` is
    off for graphs that the evaluator of the loopback service cannot read.
    """

    build: Build
    sent: str = "submit"
    missing: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
    is_evaluated: bool = True

    @property
    def id(self) -> str:
        """How tests call it."""
        return self.name if self.sent in ("submit", "publish") else f"{self.name}-{self.sent}"

    @property
    def name(self) -> str:
        """The name of its function."""
        return self.build.__name__


# A PipelineData becomes an OutputFileDatasetConfig, which Azure ML keeps in another folder.
FORM = ("form: PipelineData → OutputFileDatasetConfig",)
LOST_OF_ENVIRONMENTS = (
    "name: AzureML-sklearn",
    "registry: with a login → nothing",
    "API_KEY: *** (a secret) → nothing",
)
UNSAID = (
    "step nodes, setting NodeCount: the parameter nodes → nothing",
    "step variables, setting WORD: the parameter word → nothing",
    "step variables, environment_variables, AML_PARAMETER_fixed: b → nothing",
    "step reads, setting dataReferences.words.",
    "step odd, setting priority: 3 → nothing",
    "step odd, setting credentialPassthrough: True → nothing",
    "step odd, setting history.outputCollection: False → nothing",
)
ROWS = (
    Raw(data.chain_of_pipeline_data, differs=FORM),
    Raw(data.data_references, differs=("(download at here)",)),
    Raw(data.output_configs, differs=("step score, reads: ", "Description of the registered"), is_evaluated=False),
    Raw(data.data_parameters, "publish", is_evaluated=False),
    Raw(data.inputs_by_name, missing=("evaluate",)),
    Raw(data.saved_datasets, differs=FORM, is_evaluated=False),
    Raw(data.two_paths, missing=("prepare",)),
    Raw(shapes.parameters),
    Raw(shapes.order_without_data),
    Raw(shapes.commands, missing=("shell", "line")),
    Raw(shapes.environments, differs=LOST_OF_ENVIRONMENTS, is_evaluated=False),
    Raw(shapes.snapshots),
    Raw(shapes.one_name, is_evaluated=False),
    Raw(shapes.odd_names),
    Raw(shapes.reuse_and_limits, is_evaluated=False),
    Raw(unsaid.settings, differs=UNSAID, is_evaluated=False),
    Raw(shapes.run_of_a_script, is_evaluated=False),
    Raw(shapes.build_script, "publish", differs=FORM),
    Raw(published.scored, "endpoint", differs=("schedule weekly, experiment: weekly-scoring → nightly-scoring",)),
    Raw(published.scored, "watch"),
    Raw(others.parallel_run, missing=("score", "copy")),
    Raw(others.databricks, missing=("clean-in-databricks", "train")),
    Raw(others.data_transfer, missing=("copy",)),
    Raw(others.sweep, missing=("tune", "best")),
    Raw(others.automl, missing=("automl",)),
    Raw(others.module_step, missing=("cleaner",)),
)


def send(row: Raw, workspace: Sdk, folder: Path) -> dict[str, Any]:
    """Build a pipeline and bring it into the workspace; return what ``import`` is asked for."""
    from azureml.core import Experiment

    built = row.build(workspace, folder)
    if row.sent == "submit":
        return {"run": Experiment(workspace, "raw").submit(built).id}
    if row.sent == "endpoint":
        return {"endpoint": published.publish(workspace, built).name}
    if row.sent == "watch":
        return {"pipeline": published.watch(workspace, built).id}
    return {"pipeline": built.publish(row.name, description="By hand", version="1").id}
