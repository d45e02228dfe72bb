"""Declared packages held against an interpreter."""

from __future__ import annotations

import sys

import pytest

from aml_pipeline.project.environment import conda_file, pip_file
from aml_pipeline.project.environment.installed import compare, holds
from aml_pipeline.project.environment.interpreter import Interpreter


def python(full_version: str = "3.11.7", **distributions: str | None) -> Interpreter:
    """Return an interpreter with distributions; ``scikit_learn="1.5"`` is called scikit-learn."""
    return Interpreter(
        path="/py",
        implementation="CPython",
        version=".".join(full_version.split(".")[:2]),
        full_version=full_version,
        platform="linux-x86_64",
        standard=frozenset(),
        modules={},
        distributions={name.replace("_", "-"): version for name, version in distributions.items()},  # type: ignore[misc]
        folders=(),
    )


def pip(text: str, having: Interpreter, **files: str) -> list[tuple[str, str | None, str]]:
    beside = {"r.txt": text.encode(), **{f"{name}.txt": content.encode() for name, content in files.items()}}
    found = pip_file.read("r.txt", beside.get)
    assert found.problems == []
    return [(one.declared.name, one.installed, one.verdict) for one in compare(found.packages, having)]


def conda(spec: str, having: Interpreter) -> tuple[str | None, str]:
    found = conda_file.read("e.yml", lambda _path: f"dependencies:\n- {spec}\n".encode())
    assert found.problems == []
    (one,) = compare(found.packages, having)
    return one.installed, one.verdict


@pytest.mark.parametrize(
    ("line", "installed", "verdict"),
    [
        ("torch", "2.8.0+cpu", "fits"),
        ("torch==2.8", "2.8.0+cpu", "fits"),
        ("torch==2.8.0+cpu", "2.8.0+cpu", "fits"),
        ("torch==2.8.0+cu118", "2.8.0+cpu", "other version"),
        ("torch==2.4", "2.8.0+cpu", "other version"),
        ("Scikit_Learn>=1.4,<2", "1.5", "fits"),
        ("scikit.learn>=1.6", "1.5", "other version"),
        ("scikit-learn~=1.4", "1.5", "fits"),
        ("scikit-learn~=1.4.0", "1.5", "other version"),
        ("six", None, "missing"),
        ("nightly>=1", "1.0.dev3", "other version"),
        ("nightly>=1.dev0", "1.0.dev3", "fits"),
        ("broken", None, "not checked"),
        ("torch @ https://a.example/torch.whl", "2.8.0+cpu", "not checked"),
        ("./lib", None, "not checked"),
        ('six; python_version < "3.9"', None, "not for this Python"),
        ('six; python_version >= "3.9"', None, "missing"),
        ('six; implementation_name == "pypy"', None, "not for this Python"),
        ('torch==2.4; sys_platform == "beos"', None, "not for this Python"),
        ('six; extra == "x"', None, "not for this Python"),
    ],
)
def test_a_requirement_of_pip_has_a_verdict(line: str, installed: str | None, verdict: str) -> None:
    having = python(torch="2.8.0+cpu", scikit_learn="1.5", nightly="1.0.dev3", broken=None)
    ((_, version, told),) = pip(line, having)
    assert (version, told) == (installed, verdict)


def test_constraints_bind_what_is_declared_and_ask_for_nothing() -> None:
    having = python(a="1.5", b="2")
    bounds = 'A<1.5\nc==1\nb<1; python_version < "3.9"\n'
    assert pip("a>=1\nb\n-c bounds.txt\n", having, bounds=bounds) == [("a", "1.5", "other version"), ("b", "2", "fits")]


@pytest.mark.parametrize(
    ("spec", "full_version", "verdict"),
    [
        ("python", "3.11.7", "fits"),
        ("python=3.11", "3.11.7", "fits"),
        ("python=3.8", "3.11.7", "other version"),
        ("python==3.11", "3.11.7", "other version"),
        ("python >=3.8,<3.11", "3.11.7", "other version"),
        ("python 3.8.*|3.11.*", "3.11.7", "fits"),
        ("python=3.1", "3.11.7", "other version"),
        ("python>=3.13", "3.13.0rc1", "other version"),
        ("conda-forge::python=3.11=*_cpython", "3.11.7", "other version"),
    ],
)
def test_the_declared_python_is_held_against_the_one_that_runs_the_steps(
    spec: str, full_version: str, verdict: str
) -> None:
    assert conda(spec, python(full_version)) == (full_version, verdict)


@pytest.mark.parametrize(
    ("spec", "installed", "verdict"),
    [
        ("pytorch=2.8", "2.8.0", "fits"),
        ("pytorch==2.8", "2.8.0", "fits"),
        ("pytorch=2.4", "2.8.0", "other version"),
        ("msgpack-python", "1.1", "fits"),
        ("py-opencv", "4.10.0.84", "fits"),
        ("ruamel.yaml", "0.18", "fits"),
        ("py-xgboost", None, "missing"),
        ("pandas", None, "missing"),
        ("openssl", None, "not checked"),
        ("cudatoolkit=11.8", None, "not checked"),
        ("graphviz>=9", None, "not checked"),
        ("some-package", None, "not checked"),
        ("pip", None, "not checked"),
        ("https://a.example/linux-64/numpy-1.2-0.conda", None, "not checked"),
        ("pytorch 2*8", "2.8.0", "not checked"),
    ],
)
def test_a_package_of_conda_has_a_verdict(spec: str, installed: str | None, verdict: str) -> None:
    distributions = {"msgpack": "1.1", "opencv-python-headless": "4.10.0.84", "ruamel.yaml": "0.18", "graphviz": "0.20"}
    assert conda(spec, python(torch="2.8.0", **distributions)) == (installed, verdict)


@pytest.mark.parametrize(
    ("specifier", "version", "expected"),
    [
        ("==1.0.*", "1", True),
        ("~=1.0", "1", True),
        (">1.2", "1.2+cpu", False),
        (">=1", "2.0rc1", True),
        ("===1.0", "1.0", True),
        ("", "of no form", True),
        ("~=1", "1", None),
        (">=1.*", "1", None),
        (">=1", "text", None),
        (">=1.0", "2004d-legacy", None),
    ],
)
def test_versions_are_compared_as_pep_440_has_it(specifier: str, version: str, *, expected: bool | None) -> None:
    assert holds(specifier, version) == expected


def test_any_declared_distribution_of_this_very_python_fits() -> None:
    import os

    from aml_pipeline.project.environment import interpreter

    here = interpreter.inspect(sys.executable, os.environ)
    pinned = "".join(f"{name}=={version}\n" for name, version in here.distributions.items())
    assert {verdict for _, _, verdict in pip(pinned, here)} == {"fits"}
    assert conda("python=" + here.version, here) == (here.full_version, "fits")
