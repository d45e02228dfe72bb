"""YAML text to data with positions, within limits."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.core.problems import Path, Position, Problem
from aml_pipeline.pipeline.yaml import source
from aml_pipeline.pipeline.yaml.source import MAX_BYTES, MAX_DEPTH, MAX_EXPANSIONS, MAX_NODES, Document
from tests.patience import no_hang


def read(text: str | bytes) -> Document:
    """Read a text that must be without fault."""
    decoded, problem = source.decode(text.encode() if isinstance(text, str) else text)
    assert problem is None
    document = source.parse(decoded)
    assert document.problems == []
    assert document.root is not None
    return document


def value(text: str | bytes) -> Any:  # noqa: ANN401 - whatever the text holds
    root = read(text).root
    assert root is not None
    return root.value


def code(text: str) -> str:
    """Return the code of the one problem that keeps a text from being read."""
    document = source.parse(text)
    assert document.root is None
    return document.problems[-1].code


EXAMPLE = """\
name: example   # a comment
steps:
  train: {script: train.py, "two words": 'it''s'}
  list:
    - first

    -   second
    - - nested
  text: |
    one
    two
  empty:
😀é: wide
"""


@pytest.mark.parametrize(
    ("path", "place", "key"),
    [
        ((), Position(1, 1), None),
        (("name",), Position(1, 7, 7), Position(1, 1, 4)),
        (("steps",), Position(3, 3), Position(2, 1, 5)),
        (("steps", "train"), Position(3, 10), Position(3, 3, 5)),
        (("steps", "train", "script"), Position(3, 19, 8), Position(3, 11, 6)),
        (("steps", "train", "two words"), Position(3, 42, 7), Position(3, 29, 11)),  # quotes are part of it
        (("steps", "list", 0), Position(5, 7, 5), None),
        (("steps", "list", 1), Position(7, 9, 6), None),
        (("steps", "list", 2, 0), Position(8, 9, 6), None),
        (("steps", "text"), Position(9, 9), Position(9, 3, 4)),
        (("steps", "empty"), Position(12, 9), Position(12, 3, 5)),
        (("😀é",), Position(13, 5, 4), Position(13, 1, 2)),  # characters count, not bytes
    ],
)
def test_values_and_keys_know_their_place(path: Path, place: Position, key: Position | None) -> None:
    document = read(EXAMPLE)
    assert path in document
    assert document.position(path) == place
    if key:
        assert document.position(path, on_key=True) == key


def test_what_is_not_there_has_the_place_around_it() -> None:
    document = read(EXAMPLE)
    assert ("steps", "train", "timeout") not in document
    assert ("steps", "list", 7) not in document
    assert document.position(("steps", "train", "timeout", "x")) == document.position(("steps", "train"))
    assert document.position(("steps", "train", "timeout"), on_key=True) == document.position(("steps", "train"))
    assert source.Document(None, []).position(("steps",), on_key=True) is None
    assert () not in source.Document(None, [])


def test_the_data_of_the_example() -> None:
    assert value(EXAMPLE) == {
        "name": "example",
        "steps": {
            "train": {"script": "train.py", "two words": "it's"},
            "list": ["first", "second", ["nested"]],
            "text": "one\ntwo\n",
            "empty": None,
        },
        "😀é": "wide",
    }


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_a_byte_order_mark_change_nothing(end: str, mark: str) -> None:
    document = read((mark + EXAMPLE.replace("\n", end)).encode())
    assert document.root == read(EXAMPLE).root


@pytest.mark.parametrize(
    ("key", "name"),
    [("1", "1"), ("true", "true"), ("~", "~"), ("0x1F", "0x1F"), ("2026-01-01", "2026-01-01"), ("null", "null"),
     ("''", ""), ("? |\n  a\n  b\n", "a\nb\n")],
)  # fmt: skip
def test_a_key_is_its_text(key: str, name: str) -> None:
    assert value(f"{key}: x") == {name: "x"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: !!str 012", "012"),
        ("a: ! 012", "012"),
        ("a: '012'", "012"),
        ('a: "\\u00e9\\t"', "é\t"),
        ("a: >-\n  one\n  two", "one two"),
        ("a: one\n  two", "one two"),
        ("a: # nothing", None),
        ("a: b\tc", "b\tc"),  # a tab inside is no indentation
        ("a:\tb", "b"),
    ],
)
def test_a_value_is_its_text(text: str, expected: str | None) -> None:
    assert value(text) == {"a": expected}


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
DATA = st.recursive(
    TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


@given(DATA, st.booleans(), st.booleans())
def test_what_a_yaml_library_writes_is_read_back(data: Any, flow: bool, unicode: bool) -> None:  # noqa: ANN401, FBT001
    text = yaml.safe_dump(data, default_style='"', default_flow_style=flow, allow_unicode=unicode, sort_keys=False)
    if source.parse(text).problems:  # a line separator, which that library leaves as it is
        assert any(char in text for char in "\x85\u2028\u2029\ufeff")
    else:
        assert value(text) == data


# Merge keys and anchors.

COMMON = "x-a: &a {one: 1, two: 2}\nx-b: &b {two: 3, three: 4}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{<<: *a}", {"one": 1, "two": 2}),
        ("{<<: *a, two: 5}", {"one": 1, "two": 5}),  # overriding is no duplicate
        ("{two: 5, <<: *a}", {"two": 5, "one": 1}),  # wherever it stands
        ("{<<: [*a, *b]}", {"one": 1, "two": 2, "three": 4}),  # the first of a list wins
        ("{<<: [*b, *a], four: 6}", {"two": 3, "three": 4, "one": 1, "four": 6}),
        ("{<<: *a, <<: *b}", {"one": 1, "two": 2, "three": 4}),  # twice is no duplicate either
        ("{<<: {one: 7}}", {"one": 7}),
        ("{<<: []}", {}),
        ("[*a, *a]", [{"one": 1, "two": 2}, {"one": 1, "two": 2}]),
        ("*b", {"two": 3, "three": 4}),
        ('{"<<": 8}', {"<<": 8}),  # quoted, it is a key like any other
        ("{a: <<}", {"a": "<<"}),
    ],
)
def test_anchors_and_merge_keys(text: str, expected: Any) -> None:  # noqa: ANN401
    found = value(f"{COMMON}value: {text}\n")["value"]
    assert found == expected
    assert list(found) == list(expected)


def test_merged_keys_keep_the_place_where_they_are_written() -> None:
    document = read(COMMON + "value:\n  <<: *a\n  two: 5\n")
    assert document.position(("value", "one")) == Position(1, 15)
    assert document.position(("value", "one"), on_key=True) == Position(1, 10, 3)
    assert document.position(("value", "two")) == Position(5, 8)
    assert list(document.root.value["value"]) == ["one", "two"] if document.root else False


def test_an_anchor_on_a_key_can_be_used() -> None:
    assert value("&k name: *k") == {"name": "name"}


def test_a_duplicate_key_is_told_and_the_first_counts() -> None:
    document = source.parse("a: 1\nb: 2\n'a': 3\n")
    assert document.root is not None
    assert document.root.value == {"a": 1, "b": 2}
    assert [(one.code, one.position) for one in document.problems] == [("duplicate-key", Position(3, 1, 3))]
    assert "line 1" in document.problems[0].message


@pytest.mark.parametrize("word", ["yes", "No", "ON", "off"])
def test_booleans_of_yaml_1_1_are_texts_with_a_warning(word: str) -> None:
    document = source.parse(f"{word}: {word}\nquoted: '{word}'\nlist: [{word}]\n")
    assert document.root is not None
    assert document.root.value == {word: word, "quoted": word, "list": [word]}
    assert [(one.code, one.severity, one.position.line if one.position else 0) for one in document.problems] == [
        ("yaml-boolean", "warning", 1),
        ("yaml-boolean", "warning", 3),
    ]


# Limits: each holds before anything is built, so a refusal takes no longer than reading.


def bomb(link: str, count: int = 9) -> str:
    """A chain of anchors, each of which follows the one before ten times."""
    first = "x-0: &a0 {lol: [lol, lol]}\n"
    return first + "".join(f"x-{i}: &a{i} {link.format(', '.join([f'*a{i - 1}'] * 10))}\n" for i in range(1, count))


DEEP = "[" * (MAX_DEPTH // 2)
SHALLOW = "]" * (MAX_DEPTH // 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: " + "[" * 1000 + "]" * 1000, "too-deep"),
        ("a: " + "[" * 1_000_000, "too-deep"),
        ("a: " + "{b: " * 200_000, "too-deep"),
        ("\n".join(" " * i + "a:" for i in range(60)), "too-deep"),
        (f"x: &x {DEEP}{SHALLOW}\ny: {DEEP}*x{SHALLOW}", "too-deep"),
        (bomb("[{}]"), "too-many-aliases"),
        (bomb("{{<<: [{}]}}"), "too-many-aliases"),
        (bomb("{{b: [{}], <<: *a0}}"), "too-many-aliases"),
        ("x: &x 1\ny: [" + "*x, " * (MAX_EXPANSIONS + 1) + "]", "too-many-aliases"),
        ("x: &x [" + "1, " * 1000 + "]\ny: [" + "*x, " * 900 + "]", "too-many-values"),
        ("x: &x {" + ", ".join(f"k{i}: 1" for i in range(1000)) + "}\n" + "y: {<<: *x}\n" * 900, "too-many-values"),
        ("a: [" + "1, " * (MAX_NODES + 1) + "]", "too-many-values"),
        ("- " * 500_000, "too-deep"),
        ("? " * 500_000, "bad-key"),
    ],
    ids=lambda value: value[:20] if len(value) > 20 else value,
)
def test_what_is_too_much_is_refused_quickly(text: str, expected: str) -> None:
    assert len(text) <= MAX_BYTES
    with no_hang():
        found = code(text)
    assert found == expected


def test_a_limit_is_where_it_says() -> None:
    inner = "[" * (MAX_DEPTH - 1)
    read(f"a: {inner}{inner.replace('[', ']')}")
    assert code(f"a: [{inner}{inner.replace('[', ']')}]") == "too-deep"
    read("x: &x 1\ny: [" + "*x, " * MAX_EXPANSIONS + "]")
    outer, inner = "[" * 20, "[" * (MAX_DEPTH - 21)
    aliased = f"x: &x {inner}{inner.replace('[', ']')}\ny: {outer}*x{outer.replace('[', ']')}"
    read(aliased)
    assert code(aliased.replace("*x", "[*x]")) == "too-deep"


def test_a_file_over_a_mebibyte_is_not_even_decoded() -> None:
    text, problem = source.decode(b"\xff" * (MAX_BYTES + 1))
    assert text == ""
    assert problem is not None
    assert problem.code == "too-large"
    assert source.decode(b"#" * MAX_BYTES)[1] is None


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b"\xff", Position(1, 1)),
        (b"a: b\nc: \xe9\n", Position(2, 4)),
        ("é: ".encode() + b"\xe9", Position(1, 4)),
        (b"\xef\xbb\xbfa: \xff", Position(1, 4)),  # the mark is no character
        (b"a\r\nb\rc\xff", Position(3, 2)),
        ("name: x\n".encode("utf-16"), Position(1, 1)),
        (b"\x1f\x8b\x08\x00", Position(1, 2)),
        (b"a: \xed\xa0\x80", Position(1, 4)),  # half a surrogate
    ],
)
def test_bytes_that_are_no_text_are_refused_where_they_are(raw: bytes, place: Position) -> None:
    text, problem = source.decode(raw)
    assert problem is not None
    assert (problem.code, problem.position) == ("not-text", place)
    assert text  # so that the line can be shown


@pytest.mark.parametrize("char", "\0\x07\x1b\x7f\x85\u2028\u2029\ufeff\ufffe")
def test_characters_that_no_editor_shows_are_refused_where_they_are(char: str) -> None:
    document = source.parse(f"a: b\nc: 'd{char}e'\n")
    assert [(one.code, one.position) for one in document.problems] == [("not-text", Position(2, 6))]
    assert f"{ord(char):04X}" in document.problems[0].message


@pytest.mark.parametrize("text", ['a: "\\0"', '"\\0": a', 'a: [b, {c: "d\\x00"}]'])
def test_a_null_character_is_refused_however_it_is_written(text: str) -> None:
    assert code(text) == "not-text"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty-file"),
        ("# only a comment\n", "empty-file"),
        ("---\n...\n", "empty-file"),
        ("null", "empty-file"),
        ("~\n", "empty-file"),
        ("a: 1\n---\nb: 2\n", "two-documents"),
        ("---\n---\n", "two-documents"),
        ("a: *b", "unknown-alias"),
        ("a: &a [*a]", "unknown-alias"),
        ("a: &a {b: [{<<: *a}]}", "unknown-alias"),
        ("a: &a b\n*a : c", "bad-key"),
        ("[a]: b", "bad-key"),
        ("{a: b}: c", "bad-key"),
        ("a: {<<: b}", "bad-merge"),
        ("a: {<<: [{b: c}, d]}", "bad-merge"),
        ("a: {<<: ~}", "bad-merge"),
        ("a: !!python/object:os.system b", "yaml-tag"),
        ("a: !!binary aGk=", "yaml-tag"),
        ("a: !!int 3", "yaml-tag"),
        ("a: !!set {b, c}", "yaml-tag"),
        ("a: !!map b", "yaml-tag"),
        ("a: !!str [b]", "yaml-tag"),
        ("!x a: b", "yaml-tag"),
        ("a: [b", "yaml-syntax"),
        ("a: [${{ b }}]", "unquoted-expression"),
    ],
)
def test_what_a_pipeline_file_cannot_hold(text: str, expected: str) -> None:
    assert code(text) == expected


ONE = "A file holds one pipeline: delete the `---`, or move the rest to another file."
NULL = "null characters are not allowed: neither a process nor a path can receive one."
TAG = "Delete it, or quote the string if it begins with !."


@pytest.mark.parametrize(
    ("text", "message", "cure", "place"),
    [
        ("", "the file is empty.", "Start with `aml-pipeline init` in an empty folder.", Position(1, 1)),
        ("a: 1\n---\nb: 2\n", "a second YAML document begins here.", ONE, Position(2, 1, 3)),
        ("a: *b", "the alias *b is not defined above.", "Put `&b` before a value above, or quote the string.",
         Position(1, 4, 2)),
        ("a: &train 1\nb: *trian", "the alias *trian is not defined above.", "Did you mean *train?", Position(2, 4, 6)),
        ("a: &a [*a]", "the alias *a is used inside its own value.", "Write the value out.", Position(1, 8, 2)),
        ("a: &a b\n*a : c", "an alias cannot be a key.", "Write the key itself.", Position(2, 1, 2)),
        ("[a]: b", "a key must be a plain word, not a mapping or a list.",
         'Quote it if you mean a string, as in "${{ parameters.epochs }}".', Position(1, 1)),
        ("a: {<<: b}", "`<<` expects a mapping or a list of mappings.",
         "Write an alias of a mapping, for example `<<: *common`.", Position(1, 5, 2)),
        ("a: !!int 3", "unsupported tag !!int.", TAG, Position(1, 4, 7)),
        ("a: {b: !!seq {c: d}}", "unsupported tag !!seq.", TAG, Position(1, 8, 7)),
        ("a: !!map [b]", "unsupported tag !!map.", TAG, Position(1, 4, 7)),
        ('a: "x\\0"', NULL, "Delete it.", Position(1, 4, 5)),
        ("b: 1\na:\n  \xa0c: 1\n", "this is a no-break space (U+00A0), which YAML treats as a letter.",
         "Replace it with a normal space.", Position(3, 3)),
        ("a: 1\nb: 2\na: 3\n", 'duplicate key "a" (first on line 1).', "Delete one of them.", Position(3, 1, 1)),
        ("a: Yes", 'Yes is the string "Yes", not a boolean (YAML 1.2).',
         'Write true, or "Yes" in quotes if you mean the string.', Position(1, 4, 3)),
        ("a: off", 'off is the string "off", not a boolean (YAML 1.2).',
         'Write false, or "off" in quotes if you mean the string.', Position(1, 4, 3)),
        ("a: " + "[" * 60, "the nesting is deeper than 50 levels.", "Use fewer levels.", Position(1, 53)),
        ("x: &x 1\ny: [" + "*x, " * 1001 + "]", "more than 1,000 aliases are expanded here.",
         "Write the values out, or use fewer aliases.", Position(2, 4)),
        ("a: [" + "1, " * 40_000 + "]", "the file has more than 40,000 values, with expanded aliases.",
         "Move data to files that scripts read.", Position(1, 120_002)),
        ("a: b\x07", "the character U+0007 is not allowed in YAML.",
         'Delete it, or write it as the escape "\\u0007" inside double quotes.', Position(1, 5)),
        ("a: b\0", "the character U+0000 is not allowed in YAML.", "Delete it.", Position(1, 5)),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_problem_says_what_is_wrong_and_where_and_how_to_cure_it(
    text: str, message: str, cure: str, place: Position
) -> None:
    (problem,) = source.parse(text).problems
    assert (problem.message, problem.cure) == (message, cure)
    assert problem.position is not None
    assert (problem.position.line, problem.position.column) == (place.line, place.column)
    assert problem.position.width >= place.width


def test_what_is_wrong_with_bytes() -> None:
    cure = "Save the file as UTF-8 text without binary data."
    assert source.decode(b"a: \xff")[1] == Problem(
        "not-text", "byte 0xff is not valid UTF-8.", cure, position=Position(1, 4)
    )
    message = "the file is larger than 1,048,576 bytes, the maximum for a pipeline file."
    assert source.decode(bytes(1_048_577))[1] == Problem("too-large", message, "Move data to files that scripts read.")


def test_a_tag_of_yaml_that_says_what_is_there_changes_nothing() -> None:
    assert value("!!map {a: !!seq [b], c: ! {d: !!str e}}") == {"a": ["b"], "c": {"d": "e"}}


def test_half_a_character_is_refused_by_the_parser_of_python_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_Loader", yaml.SafeLoader)
    (problem,) = source.parse('a: 1\nb: "\\ud800"').problems
    assert (problem.code, problem.position) == ("yaml-syntax", Position(2, 4, 8))


@given(st.one_of(st.text(max_size=60), st.text("ab:-[]{}&*!|>'\"%@#,? \n\t", max_size=60)))
def test_no_text_makes_it_raise_and_every_problem_is_inside_the_text(text: str) -> None:
    decoded, _ = source.decode(text.encode("utf-8", "surrogatepass"))
    document = source.parse(decoded)
    assert document.root is not None or document.problems
    lines = decoded.split("\n")
    for one in document.problems:
        assert one.position is not None
        assert 1 <= one.position.line <= len(lines)
        assert 1 <= one.position.column <= len(lines[one.position.line - 1]) + 1
        assert one.cure


@given(st.text("ab1:-[]{}&*' \n", max_size=40))
def test_the_place_of_a_value_is_where_its_text_begins(text: str) -> None:
    document = source.parse(text)
    lines = text.split("\n")
    waiting = [document.root] if document.root else []
    while waiting:
        node = waiting.pop()
        waiting += node.children.values()
        rest = lines[node.position.line - 1][node.position.column - 1 :]
        if isinstance(node.value, str) and node.value and node.value[0] in "ab1":
            assert rest.startswith((node.value.split(" ")[0][:1], "'", "&"))
