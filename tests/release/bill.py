"""A wheel → the bill of what is installed with it (SBOM), in CycloneDX's JSON."""

from __future__ import annotations

import json
from pathlib import Path

from tests.release import ROOT, called, environ, tool


def written(wheel: Path, environment: Path, place: Path, epoch: str) -> bytes:
    """Install a wheel alone in a new ``environment``, write its bill to ``place``, and return that.

    The other packages have the versions of constraints.txt. The bill has the time of ``epoch`` and no serial number.
    """
    version = wheel.name.split("-")[1]
    python = environment / "bin" / "python"
    called(tool("uv"), "venv", "--quiet", "--no-config", "--python", tool("python"), environment)
    called(
        *(tool("uv"), "pip", "install", "--quiet", "--no-config", "--python", python),
        *("--constraints", ROOT / "constraints.txt", "--find-links", wheel.parent),
        f"aml-pipeline-yaml=={version}",  # by name: by path, the bill would name a folder of this machine
    )
    called(
        *(tool("cyclonedx-py"), "environment", "--output-reproducible", "--output-file", place),
        *("--pyproject", ROOT / "pyproject.toml", python),
        env=environ(SOURCE_DATE_EPOCH=epoch),
    )
    bill = json.loads(place.read_bytes())
    # The version is dynamic in pyproject.toml, so the tool does not know it.
    bill["metadata"]["component"] |= {"version": version, "purl": f"pkg:pypi/aml-pipeline-yaml@{version}"}
    place.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n")
    return place.read_bytes()
