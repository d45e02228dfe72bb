from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.core.files import digest_of
from aml_pipeline.pipeline.plan.settings import Environment
from aml_pipeline.project.environment import conda_file, definition, pip_file
from aml_pipeline.project.environment.dependencies import Declaration

CONDA = b"name: x\ndependencies:\n  - python=3.11\n  - pip:\n    - azureml-core\n"


def _environment(**fields: str | None) -> Environment:
    return Environment.model_construct(None, **fields)


def _digest(read: bytes = CONDA, **fields: str | None) -> str:
    return _digest_of(_environment(**fields), lambda _path: read)


def _digest_of(one: Environment, read: Callable[[str], bytes]) -> str:
    found = pip_file.read(one.pip_requirements, read) if one.pip_requirements else Declaration()
    if one.conda_file:
        found.add(conda_file.read(one.conda_file, read))
    return digest_of(definition.text(one, read, found.lines))


@pytest.mark.parametrize(
    "text",
    [
        CONDA.replace(b"dependencies", b"# why\ndependencies"),
        CONDA.replace(b"name: x", b"name: y"),
        CONDA.replace(b"    - azureml-core", b"      -   azureml-core"),
    ],
    ids=["a comment", "the name in the file", "the layout"],
)
def test_what_does_not_change_the_packages_keeps_the_digest(text: bytes) -> None:
    assert _digest(text, conda_file="env.yml") == _digest(conda_file="env.yml")
    assert _digest(conda_file="env.yml", name="one") == _digest(conda_file="env.yml", name="two")


def test_what_changes_the_packages_changes_the_digest() -> None:
    digests = {
        _digest(conda_file="env.yml"),
        _digest(CONDA.replace(b"3.11", b"3.12"), conda_file="env.yml"),
        _digest(b"torch\n", pip_requirements="r.txt"),
        _digest(b"torch==2\n", pip_requirements="r.txt"),
        _digest(docker_image="ubuntu:24.04"),
        _digest(docker_image="ubuntu:26.04"),
        _digest(docker_image="ubuntu:24.04", conda_file="env.yml"),
        _digest(curated="ubuntu:24.04"),
        _digest(registered="x", version="1"),
        _digest(registered="x", version="2"),
        _digest(conda_environment="ml"),
    }
    assert len(digests) == 11


def test_comments_and_blank_lines_of_a_pip_file_do_not_count() -> None:
    assert _digest(b"# a\n\ntorch  # b\n", pip_requirements="r") == _digest(b"torch\n", pip_requirements="r")


_COMMENTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=10)


@given(text=_COMMENTS, after=st.integers(1, 4))
def test_no_comment_changes_a_digest(text: str, after: int) -> None:
    lines = CONDA.splitlines(keepends=True)
    conda = b"".join([*lines[:after], f"# {text}\n".encode(), *lines[after:]])
    assert _digest(conda, conda_file="e") == _digest(conda_file="e")
    pip = b"torch==2.1\n" * after
    assert _digest(pip + f"# {text}\n".encode(), pip_requirements="r") == _digest(pip, pip_requirements="r")


@pytest.mark.parametrize(
    ("fields", "digest"),
    [
        ({"conda_file": "e"}, "f700c4e8f588e7000aa5a8df197fe49bff893b37860a1a0731074e68b905fcc9"),
        (
            {"docker_image": "ubuntu:24.04", "pip_requirements": "e"},
            "4cc3d05cfc207fdad79384ba6d9a1970cd55cd46eca3a052ae9e02c640c72213",
        ),
    ],
)
def test_a_digest_stays_what_it_was(fields: dict[str, str], digest: str) -> None:
    """Every kept result, and every environment that Azure ML has, is found by it."""
    assert _digest_of(_environment(**fields), lambda _path: CONDA) == digest


def test_files_that_a_pip_file_includes_count_also_in_a_circle() -> None:
    def digest(base: bytes) -> str:
        files = {"a/r.txt": b"-r base.txt\n", "a/base.txt": base + b"-c r.txt\n"}
        return _digest_of(_environment(pip_requirements="a/r.txt"), files.__getitem__)

    assert digest(b"torch==1\n") == digest(b"torch==1  # a comment\n") != digest(b"torch==2\n")


def test_files_that_the_pip_list_of_a_conda_file_includes_count() -> None:
    def digest(base: bytes) -> str:
        files = {"e.yml": b"dependencies: [pip, pip: [-r r.txt]]\n", "r.txt": base}
        return _digest_of(_environment(conda_file="e.yml"), files.__getitem__)

    assert digest(b"torch==1\n") == digest(b"torch==1  # a comment\n") != digest(b"torch==2\n")


@pytest.mark.parametrize("text", [b"{1: a, b: c}", b"&a [*a]", b"2026-13-45", b"a: 2026-01-01"])
def test_odd_conda_files_have_a_digest(text: bytes) -> None:
    assert _digest(text, conda_file="e") != _digest(conda_file="e")


def test_a_conda_file_that_is_no_yaml_counts_by_its_bytes() -> None:
    assert _digest(b"a: [", conda_file="e") != _digest(b"a: [ ", conda_file="e")
    assert _digest(b"\xff", conda_file="e") != _digest(b"\xfe", conda_file="e")
