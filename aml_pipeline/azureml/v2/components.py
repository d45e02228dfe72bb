"""Creates the components of the steps of a pipeline, several at once.

For each, azure-ai-ml sends up to seven requests one after another, and on its own it creates one component at a time.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from aml_pipeline.azureml.v2.sdk import Sdk, doing

_AT_ONCE = 8


def create(client: Sdk, pipeline: Sdk, what: str) -> None:
    """Create the components of the nodes of ``pipeline``, which then has their ids, in order to do ``what``.

    It is a job or a component. After a failure or an interrupt, those that are being created are waited for, and no
    other one is begun. Raises AzureError.
    """
    nodes = list(pipeline.jobs.values())
    by_file = {node.component._source_path: node.component for node in nodes}  # noqa: SLF001 - equal ones share a file
    by_code = {component.code: component for component in by_file.values()}
    # Code that several components share is uploaded with the first one, and then found.
    first = list(by_code.values())
    others = [component for component in by_file.values() if component is not by_code[component.code]]
    for components in (first, others):
        _create_all(client, components, what)
    for node in nodes:
        node.component._id = by_file[node.component._source_path].id  # noqa: SLF001 - as the SDK does for its own


def _create_all(client: Sdk, components: Iterable[Sdk], what: str) -> None:
    def create(component: Sdk) -> None:
        # Loading it has validated it.
        made = client.components.create_or_update(component, is_anonymous=True, skip_validation=True)
        component._id = made.id  # noqa: SLF001

    with doing(what):
        pool = ThreadPoolExecutor(_AT_ONCE)
        try:
            for _ in pool.map(create, components):
                pass
        finally:
            pool.shutdown(cancel_futures=True)
