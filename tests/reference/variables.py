"""``environment-variables.md``: every environment variable that aml-pipeline reads or sets.

A test looks for upper-case words in the code: each must be in this table or among the words that are no variables.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.reference import ROOT, headed, table

READ = {
    "Output": {
        "COLUMNS": "width of the output on a terminal, instead of the terminal's own",
        "GITHUB_STEP_SUMMARY": "file to which `run` appends a summary of the run, in a job of GitHub Actions",
        "NO_COLOR": "not empty: no colours",
        "TERM": "`dumb`: no colours, and no line that moves",
    },
    "Local runs": {
        "CONDA_PREFIX": "active environment of conda, proposed where a module is missing",
        "HOME": "part of what is known about a Python: it decides which packages it finds",
        "LANG": "like all `LC_…` and `PYTHON…`, part of the question to which an answer without a run is cached",
        "MLFLOW_EXPERIMENT_ID": "experiment of the steps, instead of one with the name of the pipeline",
        "MLFLOW_EXPERIMENT_NAME": "experiment of the steps, instead of one with the name of the pipeline",
        "MLFLOW_RUN_CONTEXT": "tags of runs in MLflow; the tag of the attempt is added",
        "MLFLOW_TRACKING_URI": "where the steps log with MLflow, instead of the state folder",
        "PATH": "where `--python NAME` and the program of a `command` are looked for",
        "PYTHONPATH": "like PYTHONHOME and PYTHONSTARTUP, not passed to steps: they would find other modules there",
        "VIRTUAL_ENV": "active environment, proposed where a module is missing",
        "any variable of `{secret: NAME}`": "value of the secret in a local run; masked in everything that is stored",
    },
    "Azure ML": {
        "AZURE_CLIENT_ID": "with the tenant and the secret, a service principal; alone, the managed identity to use",
        "AZURE_CLIENT_SECRET": "secret of the service principal",
        "AZURE_CLOUD_NAME": "sovereign cloud by the SDK's name, such as `AzureUSGovernment`",
        "AZURE_TENANT_ID": "tenant of the service principal",
        "IDENTITY_ENDPOINT": "set on machines of Azure: log in as their managed identity",
        "MSI_ENDPOINT": "the older name of IDENTITY_ENDPOINT",
        "AZURE_SUBSCRIPTION_ID": "subscription of the workspace, with the next two, if no file names one",
        "AZURE_DEFAULTS_GROUP": "resource group of the workspace",
        "AZURE_DEFAULTS_WORKSPACE": "name of the workspace",
        "AZUREML_ARM_SUBSCRIPTION": "subscription of the workspace, with the next two, if no file names one",
        "AZUREML_ARM_RESOURCEGROUP": "resource group of the workspace",
        "AZUREML_ARM_WORKSPACE_NAME": "name of the workspace",
    },
    "The way to Azure": {
        "HTTPS_PROXY": "proxy for the requests of the SDKs and of `doctor`; else ALL_PROXY; in lower case, too",
        "NO_PROXY": "domains and networks without the proxy; in lower case, too",
        "REQUESTS_CA_BUNDLE": "file of trusted certificates; else CURL_CA_BUNDLE",
        "ARM_CLOUD_METADATA_URL": "where SDK v2 asks about its cloud; `doctor` asks the same machine",
        "AZUREML_CURRENT_CLOUD": "sovereign cloud of SDK v2, for `doctor`, if AZURE_CLOUD_NAME is not set",
    },
}
SET = {
    "AML_PIPELINE_ATTEMPT": "marks the processes of an attempt, so that none is left behind",
    "AZURE_ML_INPUT_NAME": "path of a named input",
    "AZURE_ML_OUTPUT_NAME": "path of an output",
    "HBI_WORKSPACE_JOB": "`true`, for SDK v1 in our own process: no telemetry",
    "MLFLOW_ALLOW_FILE_STORE": "`true`, if the steps log to the state folder",
    "PYTHONUNBUFFERED": "`1`, so that metrics are seen at once",
    "RANK, WORLD_SIZE, LOCAL_RANK, NODE_RANK, MASTER_ADDR, MASTER_PORT": "of `distribution: {type: pytorch}`",
    "AZ_BATCH_MASTER_NODE, OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE": "of `distribution: {type: mpi}`",
    "OMPI_COMM_WORLD_LOCAL_RANK, OMPI_COMM_WORLD_LOCAL_SIZE": "of `distribution: {type: mpi}`",
    "TF_CONFIG": "of `distribution: {type: tensorflow}`",
}
# Upper-case words that are no variable of ours: of protocols, files, texts, examples, and of other programs.
_OTHER = """
AML_PARAMETER_ AZURE_ AZURE_ML_INPUT_ AZURE_ML_OUTPUT_ CERTIFICATE_VERIFY_FAILED CLIENT_ID CLIENT_SECRET CSV
EXAMPLE_ENV_VAR FAILED FALSE FINISHED FOLDER GET KILLED LC_ LICENSE MLFLOW_HTTP_REQUEST_MAX_RETRIES
MLFLOW_HTTP_REQUEST_TIMEOUT MOST_DEPLOYMENTS NAME NOBODY NULL OLDPWD OMP_NUM_THREADS PIL POST PWD PYTHON
RESOURCE_NOT_FOUND RUNNING SILENT STANDARD_D2_V2 TENANT_ID TLS TOKEN TRUE TYPE_CHECKING USE_STRUCTURED_ARGUMENTS UTC
VERSION
"""
OTHER = frozenset(_OTHER.split())
_WORD = "(?!SIG|O_)[A-Z][A-Z0-9_]{2,}"  # no signal, no flag of a file
# Modules that are tables of words: options, their values, time zones, variables that the scripts of others read.
_TABLES = {
    "cli/completion/__init__.py",
    "cli/table.py",
    "pipeline/schedule/zones.py",
    "project/script/known_variables.py",
}


def words_of_the_code() -> dict[str, str]:
    """Return the upper-case words that stand alone in a string of the code, each with a module that has it."""
    package = ROOT / "aml_pipeline"
    modules = [path for path in package.rglob("*.py") if path.relative_to(package).as_posix() not in _TABLES]
    return {word: str(path) for path in modules for word in _words(path)}


def _words(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(_WORD, node.value):
            yield node.value


def documented() -> set[str]:
    """Return the variables that the page names."""
    return set(re.findall("[A-Z][A-Z0-9_]{2,}", page()))


def page() -> str:
    """Return the page."""
    parts = [
        f"## {title}\n\n{table(('variable', 'meaning'), *((_quoted(name), words) for name, words in rows.items()))}"
        for title, rows in {**READ, "What is set": SET}.items()
    ]
    text = "\n\n".join([_INTRODUCTION.strip(), *parts])
    return headed("Environment variables", "a table, which a test compares with the code", text)


def _quoted(names: str) -> str:
    return names if "`" in names else ", ".join(f"`{name}`" for name in names.split(", "))


_INTRODUCTION = """
What aml-pipeline reads, and what it sets. In a local run, a step gets all variables of the caller but those that would
make its Python find other modules than in Azure ML, and those of
[`environment_variables`](keys.md#environment_variables).
In Azure ML it gets only the latter. Azure's SDKs and pip read more variables of their own.
"""
