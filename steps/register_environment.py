"""Register the environment of this run under a name, and describe it in ``environment.json``.

In a run of Azure ML SDK v1, the environment of the run becomes the next version of NAME in the workspace. Anywhere else
nothing is registered, because v2 registers an environment before its job: only the record is written, and its version
is a digest of its content. Both kinds of records have the same keys:

- ``name``, ``version``; ``workspace``: the Azure ML workspace's name, or null;
- ``python``, ``implementation``, ``platform`` of the interpreter that runs this script;
- ``packages``: the installed packages, (normalised) name to version, sorted.

It has no times: the same environment gives the same bytes.
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
    """Register and write the record into ``--output``; exit with 1 if that fails, with 2 if an argument is wrong."""
    parser = argparse.ArgumentParser(
        prog="register_environment.py", description="Register the environment that this run used.", allow_abbrev=False
    )
    parser.add_argument("--name", required=True, help="the name to register it under")
    parser.add_argument("--output", type=Path, required=True, help="the folder for environment.json")
    args = parser.parse_args(argv)
    if not NAME.fullmatch(args.name):
        rule = "must be letters, digits, '.', '_' and '-', and must not start with a sign, Microsoft or AzureML"
        parser.error(f"argument --name: {rule}, not {args.name!r}")
    try:
        args.output.mkdir(parents=True, exist_ok=True)  # first: a registration cannot be undone
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
        if "Name" in metadata and "Version" in metadata:  # remains of a broken installation have neither
            name = re.sub(r"[-_.]+", "-", metadata["Name"]).lower()
            packages.setdefault(name, metadata["Version"])  # the first on the path is imported
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": sysconfig.get_platform(),
        "packages": dict(sorted(packages.items())),
    }


def _why_not() -> str:
    if "AZUREML_RUN_ID" not in os.environ:
        return "this run is not in Azure ML"
    return "this needs a run of SDK v1 with azureml-core. In v2, environments are registered before the job starts"


def _registered(name: str) -> dict[str, str | None] | None:
    """Register the environment of this run of SDK v1, and return its record; None if this is not a run of SDK v1."""
    run = v1_run()
    if run is None:
        return None
    try:
        environment = run.get_environment()
        environment.name = name
        environment.version = None  # Azure ML assigns the next one
        workspace = run.experiment.workspace
        registered = environment.register(workspace)
    except Exception as error:  # the SDK raises bare Exception for what the service refuses
        raise RegistrationError(f"Azure ML did not register the environment {name}: {said_by(error)}") from error
    return {"name": registered.name, "version": registered.version, "workspace": workspace.name}


if __name__ == "__main__":
    main()
