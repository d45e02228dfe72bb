"""What the emitter writes, the loader reads as the same data and the same texts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.pipeline.yaml import emitter, scalars, source

_NUMBERS = ["0.10", "012", "1e-3", "0x1F", "0o17", ".5", "-1", "+2.", "1E3", ".inf", "-.Inf", ".nan", "089", "1_0"]
_ODD = [*_NUMBERS, "yes", "no", "ON", "~", "null", "true", "False", "", " a ", "a: b", "- x", "a\nb\n", "a\n\n", "\n"]
_ODD += ["a\n b", " a\nb", "a\n\tb", "\x85", "\u2028", "\xa0a", "a\xa0", "\ufeff", "é😀", "'\"", "\\n", "%a", "=", "<<"]
_ODD += ["${{ steps.a.outputs.b }}", "x ${{ y }} z", "{a}", "[a]", "# a", "a #b", "---", "...", "!x", "&a", "*a", "a:"]
_ODD += ["2026-01-01", "1:30", "0b1", "|", ">", "@x", "`x`", "x" * 200, "a\r\nb", "\x1b[31m", "?", "? a", "a\n---\nb"]

_TEXTS = st.sampled_from(_ODD) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
_SCALARS = (
    _TEXTS
    | st.booleans()
    | st.none()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False)
    | st.sampled_from(_NUMBERS).map(scalars.resolve)
)
_DATA = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


def _form(data: Any) -> Any:  # noqa: ANN401 - nested data
    """Return data in which values of different types or texts differ."""
    if isinstance(data, dict):
        return {key: _form(value) for key, value in data.items()}
    if isinstance(data, list):
        return [_form(value) for value in data]
    if isinstance(data, bool) or data is None or isinstance(data, str):
        return (type(data).__name__, data)
    if hasattr(data, "text"):
        return ("number", data.text)
    return ("number", {"inf": ".inf", "-inf": "-.inf"}.get(str(data), str(data)))


def _read(text: str) -> Any:  # noqa: ANN401 - nested data
    decoded, problem = source.decode(text.encode())
    assert problem is None
    document = source.parse(decoded)
    assert document.root is not None, document.problems
    assert not [one for one in document.problems if one.code != "yaml-boolean"]
    return _form(document.root.value)


@given(st.dictionaries(_TEXTS, _DATA, min_size=1, max_size=4))
def test_what_is_written_is_read_back(data: dict[str, Any]) -> None:
    assert _read(emitter.text(data)) == _form(data)


@pytest.mark.parametrize("text", _ODD)
def test_a_text_stays_a_text_as_value_key_and_item(text: str) -> None:
    data = {"a": text, "b": {text: [text, {text: text}]}}
    for written in (emitter.text(data), emitter.plain(data)):
        assert _read(written) == _form(data)


@pytest.mark.parametrize("number", ["0.10", "012", "1e-3", "0x1F", ".inf", "089", "0o17"])
def test_a_number_keeps_its_text_without_quotes(number: str) -> None:
    assert emitter.text({"a": scalars.resolve(number)}) == f"a: {number}\n"


def test_it_reads_as_if_a_person_had_written_it() -> None:
    data = {
        "cron": "*/5 2 * * *",
        "after": ["train"],
        "files": ["**"],
        "arguments": ["fit", {"--set": "a=1"}],
        "description": "one\ntwo",
        "version": "1",
        "path": 'a"b: c',
        "value": "${{ parameters.epochs }}",
    }
    assert emitter.text(data) == (
        'cron: "*/5 2 * * *"\nafter: [train]\nfiles: ["**"]\narguments:\n  - fit\n  - --set: a=1\n'
        'description: |-\n  one\n  two\nversion: "1"\npath: \'a"b: c\'\nvalue: ${{ parameters.epochs }}\n'
    )
