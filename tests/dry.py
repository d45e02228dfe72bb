"""The SDK's own fake (``DryRunServiceCaller``) in place of Azure ML: it builds the graph of a pipeline in memory.

5 ms a pipeline instead of the 300 of the loopback service, so it serves for breadth. It is a private part of
azureml-pipeline-core, knows no environments, compute targets and datasets, and refuses nothing.
"""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace

import pytest

from aml_pipeline import azureml
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.folder import Project
from tests import v1
from tests.loopback.state import Sdk

# Nobody listens there.
NOWHERE = "http://127.0.0.1:9"


def workspace(monkeypatch: pytest.MonkeyPatch) -> Sdk:
    """Return a workspace that asks nobody; whatever still would is refused."""
    monkeypatch.setenv("HBI_WORKSPACE_JOB", "true")
    v1.module("azureml.pipeline.steps")
    import requests
    from azureml._restclient.service_context import ServiceContext
    from azureml.core import Workspace
    from azureml.data.azure_storage_datastore import AzureBlobDatastore
    from azureml.pipeline.core._aeva_provider import _AevaWorkflowProvider
    from azureml.pipeline.core._restclients.aeva.dryrun_service_caller import DryRunServiceCaller

    from aml_pipeline.azureml.v1 import compute, data, environment
    from tests.loopback.client import LoopbackAuth
    from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE

    def refuse(*words: object, **_: object) -> None:
        raise AssertionError(f"it asks {words}")

    service = DryRunServiceCaller()
    made = Workspace(SUBSCRIPTION, GROUP, WORKSPACE, LoopbackAuth(NOWHERE), "nowhere", _disable_service_check=True)
    made._workspace_autorest_object = SimpleNamespace(workspace_id="dry", discovery_url=NOWHERE, id="/dry")
    monkeypatch.setattr(requests.Session, "request", refuse)
    monkeypatch.setattr(_AevaWorkflowProvider, "create_service_caller", lambda **_: service)
    monkeypatch.setattr(ServiceContext, "_fetch_endpoints", lambda _: defaultdict(lambda: NOWHERE))
    monkeypatch.setattr(Workspace, "get_default_datastore", lambda one: AzureBlobDatastore(one, "default", "c", "a"))
    monkeypatch.setattr(data, "datastore", lambda one, name: AzureBlobDatastore(one, name, "c", "a"))
    monkeypatch.setattr(environment, "found", _environment)
    monkeypatch.setattr(compute, "found", lambda _, one: (one.name, "AmlCompute"))
    return made


def _environment(_: object, environment: Environment, version: str) -> Sdk:
    from azureml.core import Environment as SdkEnvironment

    made = SdkEnvironment(environment.name)
    made.version = version
    return made


def fingerprints(plan: Plan, workspace: Sdk, project: Project) -> dict[str, str]:
    """Return what Azure ML would know each step again by: the SDK's fingerprint of its module."""
    graph = azureml.compile(plan, workspace, project).graph
    return {node.name: node._module_builder.get_fingerprint() for node in graph.nodes}
