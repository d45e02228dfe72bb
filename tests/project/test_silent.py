"""About the files of ``tests/data/ok`` there is nothing to say: no error, and no warning."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import get_args

import pytest
from pydantic import BaseModel

from aml_pipeline import cli
from aml_pipeline.pipeline.spec.parameters import Parameter, ParameterType
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec
from aml_pipeline.pipeline.yaml import source
from tests.corpus import OK, SPEC_MODELS, Case, cases, told

CASES = cases(OK)


def read(case: Case) -> PipelineSpec:
    text, _ = source.decode(case.path.read_bytes())
    root = source.parse(text).root
    assert root is not None
    data = {key: value for key, value in root.value.items() if not key.startswith("x-")}
    return PipelineSpec.model_validate(data)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_there_is_nothing_to_say(case: Case) -> None:
    assert told(case).text == ""


@pytest.mark.parametrize(("case", "profile"), [(case, name) for case in CASES for name in read(case).profiles], ids=str)
def test_there_is_nothing_to_say_with_a_profile(
    case: Case, profile: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(OK)
    assert cli.run(["validate", "-f", case.path.name, "--profile", profile], {}) == 0
    assert capsys.readouterr().out == f"{case.path.name}: no errors.\n"


def test_validate_says_nothing_of_all_of_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(OK)
    for case in CASES:
        assert cli.run(["validate", *case.words[case.words.index("-f") :]], {}) == 0
        assert capsys.readouterr().out == f"{case.path.name}: no errors.\n"


def test_there_are_many_and_each_says_what_it_shows() -> None:
    assert len(CASES) >= 30
    for case in CASES:
        lines = case.path.read_bytes().decode("utf-8-sig").splitlines()
        said = next(line for line in lines if not line.startswith("# test: "))
        assert said.startswith("# "), case
        assert said.endswith("."), case
    names = {case.name for case in CASES}
    assert {path.name for path in OK.iterdir() if path.is_dir() and path.name[0] not in "._"} <= names


def models(value: object) -> Iterator[BaseModel]:
    """Yield all models in a value."""
    if isinstance(value, BaseModel):
        yield value
        for name in value.model_fields_set:
            yield from models(getattr(value, name))
    elif isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from models(one)


def test_every_key_and_every_choice_stands_in_one_of_them() -> None:
    found = [(case.name, one) for case in CASES for one in models(read(case))]
    used = {(type(one).__name__, name) for _, one in found for name in one.model_fields_set}
    kinds = list(SPEC_MODELS.values())
    known = {(kind.__name__, name) for kind in kinds for name in kind.model_fields}
    assert known - used == set()
    for kind in kinds:
        for name, field in kind.model_fields.items():
            choices = {text for part in (field.annotation, *get_args(field.annotation)) for text in get_args(part)}
            wanted = {one for one in choices if isinstance(one, str)}
            values = {getattr(one, name) for _, one in found if type(one) is kind} if wanted else set()
            assert wanted <= values, f"{kind.__name__}.{name}"
    declared = {one.declared_type for _, one in found if isinstance(one, Parameter)}
    assert declared == set(get_args(ParameterType))


def test_they_hold_the_forms_of_text_that_editors_write() -> None:
    texts = {case.name: case.path.read_bytes() for case in CASES}
    assert texts["byte-order-mark"].startswith(b"\xef\xbb\xbf")
    assert texts["line-ends-crlf"].count(b"\r\n") == texts["line-ends-crlf"].count(b"\n") > 5
    assert texts["line-ends-cr"].count(b"\r") > 5
    assert not texts["document-marks"].endswith(b"\n")
    assert os.path.isdir(OK / "snapshots" / "words")
