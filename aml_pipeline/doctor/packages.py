"""Installed packages, compared with those that aml-pipeline and its extras require."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import metadata

from packaging.requirements import Requirement

from aml_pipeline.azureml.workspace.installing import V1, V2, can_have_v1, command, cure
from aml_pipeline.core.addresses import DISTRIBUTION
from aml_pipeline.core.errors import UserError
from aml_pipeline.core.wording import listed
from aml_pipeline.doctor.finding import Finding, State

_EXTRAS = {"v1": V1, "v2": V2}
# Other tools bring it along, so alone it is no half of an SDK.
_SHARED = frozenset({"azure-identity"})


def own() -> Finding:
    """Return the packages that aml-pipeline itself needs."""
    faults, found = _compared("")
    if faults:
        again = f"Install it again: pip install --upgrade {DISTRIBUTION}."
        return Finding("packages", "problem", listed(faults), again)
    return Finding("packages", "ok", ", ".join(found) or "not known: the distribution is not installed")


def of_steps() -> Finding:
    """Return the packages of the extra for the steps that come with aml-pipeline; other steps need none of them."""
    faults, found = _compared("steps")
    lacking = f"{'; ' if found else ''}{listed(faults)}; only the shipped example needs them" if faults else ""
    return Finding("extra steps", "ok", f"{', '.join(found)}{lacking}" or "not known")


def sdk(name: str, *, chosen: bool, demanded: bool, import_all: Callable[[], None]) -> Finding:
    """Return the state of an SDK: installed, half installed, too old, or broken, which ``import_all`` shows.

    ``chosen``: commands use it unless told otherwise. ``demanded``: the file or the command line names it.
    """
    extra, title = _EXTRAS[name], f"SDK {name}"
    severity: State = "problem" if chosen else "warning"
    faults, found = _compared(extra)
    if not any(word.split()[0] not in _SHARED for word in found):
        return _absent(name, chosen=chosen, demanded=demanded)
    if faults:
        seen = f"half installed: {listed(faults)}; installed: {', '.join(found)}"
        return Finding(title, severity, seen, f"Install all of it: {command(extra)}.")
    fault = _import_fault(import_all)
    if fault:
        again = f"Install it again: {command(extra).replace('install', 'install --force-reinstall', 1)}."
        return Finding(title, severity, f"{', '.join(found)}: importing it fails ({fault})", again)
    return Finding(title, "ok", ", ".join(found))


def _absent(name: str, *, chosen: bool, demanded: bool) -> Finding:
    """Return that an SDK is not installed; that none is, if it is the ``chosen`` one."""
    title = f"SDK {name}"
    if not _required(""):
        return Finding(title, "ok", f"not known: {DISTRIBUTION} is not installed, and its extras are not either")
    if demanded:
        return Finding(title, "problem", f"not installed for {sys.executable}", cure(_EXTRAS[name]))
    if chosen:
        seen = f"no SDK is installed for {sys.executable}: local runs need none, `submit` and `publish` do"
        ways = [f"{command(extra)} for SDK {each}" for each, extra in _EXTRAS.items() if each != "v1" or can_have_v1()]
        return Finding(title, "warning", seen, f"Install one: {', or '.join(ways)}.")
    possible = name != "v1" or can_have_v1()
    return Finding(title, "ok", f"not installed{'' if possible else ', and not available for this Python'}")


def _compared(extra: str) -> tuple[list[str], list[str]]:
    """Return what is missing or too old of the requirements of an extra, and what is there, with versions."""
    faults, found = [], []
    for requirement in _required(extra):
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            faults.append(f"{requirement.name} is missing")
            continue
        found.append(f"{requirement.name} {version}")
        if not requirement.specifier.contains(version, prereleases=True):
            faults.append(f"{requirement.name} {version} is not {requirement.specifier}")
    return faults, found


def _required(extra: str) -> list[Requirement]:
    """Return the requirements of an extra for this Python, of "" those without one; none if nothing is installed."""
    try:
        texts = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    needed = []
    for requirement in map(Requirement, texts):
        always = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if always if not extra else not always and requirement.marker and requirement.marker.evaluate({"extra": extra}):
            needed.append(requirement)
    return needed


def _import_fault(import_all: Callable[[], None]) -> str:
    """Return why an SDK cannot be imported, or ""."""
    try:
        import_all()
    except UserError as error:
        cause = error.__cause__ or error
        return f"{type(cause).__name__}: {cause}"
    return ""
