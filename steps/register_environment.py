"""Register the environment that this run used, under a name, and write what it is to ``environment.json``.

In a run of Azure ML SDK v1, the environment of the run becomes the next version of NAME in the workspace. Anywhere else
there is nothing to register with, for v2 registers an environment before its job: the record is all that is written,
and its version is a digest of its content. Both have the same keys:

- ``name``, ``version``; ``workspace``: the Azure ML workspace's name, or null;
- ``python``, ``implementation``, ``platform`` of the interpreter that runs this script;
- ``packages``: what is installed there, name (normalised) to version, sorted.

No time goes in: the same environment gives the same bytes.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import sysconfig
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from current_run import said_by, v1_run

VERSION_LENGTH = 16  # hexadecimal digits
NAME = re.compile(r"(?!microsoft|azureml)[a-z0-9][a-z0-9._-]{0,254}", re.IGNORECASE | re.ASCII)


class RegistrationError(Exception):
    """Azure ML did not register the environment; the message says why."""


def main(argv: Sequence[str] | None = None) -> None:
    """Register and write the record into ``--output``; exit 1 if that fails, 2 if an argument is no good."""
    parser = argparse.ArgumentParser(
        prog="register_environment.py", description="Register the environment that this run used.", allow_abbrev=False
    )
    parser.add_argument("--name", required=True, help="the name to register it under")
    parser.add_argument("--output", type=Path, required=True, help="the folder for environment.json")
    args = parser.parse_args(argv)
    if not NAME.fullmatch(args.name):
        rule = "must be letters, digits, '.', '_' and '-', not beginning with a sign, Microsoft or AzureML"
        parser.error(f"argument --name: {rule}, not {args.name!r}")
    try:
        args.output.mkdir(parents=True, exist_ok=True)  # first: what is registered cannot be taken back
        record = register(args.name)
        (args.output / "environment.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    except (RegistrationError, OSError) as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    what = f"environment {record['name']}, version {record['version']}"
    if record["workspace"]:
        print(f"registered {what}, in workspace {record['workspace']}")
    else:
        print(f"recorded {what}. Nothing was registered: {_why_not()}")


def register(name: str) -> dict[str, Any]:
    """Return the record of this run's environment, registered in its workspace if it is a run of SDK v1."""
    content = interpreter()
    registered = _registered(name)
    if registered is None:
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
        registered = {"name": name, "version": digest[:VERSION_LENGTH], "workspace": None}
    return {**registered, **content}


def interpreter() -> dict[str, Any]:
    """Return Python's version, implementation and platform, and the packages installed for it."""
    packages: dict[str, str] = {}
    for distribution in distributions():
        metadata = distribution.metadata
        if "Name" in metadata and "Version" in metadata:  # what a broken installation left has neither
            name = re.sub(r"[-_.]+", "-", metadata["Name"]).lower()
            packages.setdefault(name, metadata["Version"])  # the first on the path is the one that is imported
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": sysconfig.get_platform(),
        "packages": dict(sorted(packages.items())),
    }


def _why_not() -> str:
    if "AZUREML_RUN_ID" not in os.environ:
        return "this run is not in Azure ML"
    return "that takes a run of SDK v1 with azureml-core. In v2, environments are registered before the job starts"


def _registered(name: str) -> dict[str, str | None] | None:
    """Register the environment of this run of SDK v1, and return as what; None where there is no such run."""
    run = v1_run()
    if run is None:
        return None
    try:
        environment = run.get_environment()
        environment.name = name
        environment.version = None  # Azure ML gives the next one
        workspace = run.experiment.workspace
        registered = environment.register(workspace)
    except Exception as error:  # the SDK raises bare Exception for what the service refuses
        raise RegistrationError(f"Azure ML did not register the environment {name}: {said_by(error)}") from error
    return {"name": registered.name, "version": registered.version, "workspace": workspace.name}


if __name__ == "__main__":
    main()
