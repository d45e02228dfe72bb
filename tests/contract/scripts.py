"""Hypothesis strategies: the text of an argparse script, and a command line for it."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.contract.oracle import Written

NAMES = [
    "-n",
    "-v",
    "-x",
    "--num",
    "--name",
    "--verbose",
    "--no-cache",
    "--layers",
    "-1",
    "-lr",
    "--lr",
    "--num-workers",
]
VALUES = [
    "1",
    "-1",
    "abc",
    "a",
    "b",
    "1.5",
    "-1.5",
    "-1e5",
    "",
    "a b",
    "7",
    "0x10",
    " 3",
    "-x",
    "--",
    "1_0",
    "nan",
    "300",
]
_TYPES = ["", "", "int", "float", "str", "complex", "bool"]
_CHOICES = {"": "['a', 'b', 'abc']", "int": "[1, 7, 300]", "float": "(1.5, 1)", "str": "{'a': 1, 'b': 2}"}
_NARGS = [None, None, None, "?", "*", "+", 1, 2, "argparse.REMAINDER"]
_HOLDERS = ["parser", "group", "exclusive", "required"]


@st.composite
def _option(draw: st.DrawFn, holder: str, names: list[str]) -> str:
    picked = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    for name in picked:
        names.remove(name)
    parts = [repr(name) for name in picked]
    action = draw(st.sampled_from(["", "", "", "", "store_true", "store_const", "append", "append_const", "count",
                                   "extend", "argparse.BooleanOptionalAction", "version"]))  # fmt: skip
    if action in {"", "append", "extend"}:
        parts += draw(_value_settings(is_option=True, listed=action == "extend"))
    if action in {"store_const", "append_const"}:
        parts += ["const=3", "dest='d'"]
    if action == "version":
        parts.append("version='1'")
    elif action:
        parts.append(f"action={action}" if "." in action else f"action={action!r}")
    if action == "version":
        parts.append("action='version'")
    elif holder in {"parser", "group"} and draw(st.integers(0, 3)) == 0:
        parts.append("required=True")
    return ", ".join(parts)


@st.composite
def _value_settings(draw: st.DrawFn, *, is_option: bool, listed: bool = False) -> list[str]:
    parts = []
    kind = draw(st.sampled_from(_TYPES))
    nargs = draw(st.sampled_from(["+", 2] if listed else _NARGS))
    if kind:
        parts.append(f"type={kind}")
    if nargs is not None:
        parts.append(f"nargs={nargs}" if nargs == "argparse.REMAINDER" else f"nargs={nargs!r}")
    if kind in _CHOICES and draw(st.integers(0, 3)) == 0 and (is_option or nargs != "*"):
        parts.append(f"choices={_CHOICES[kind]}")
    if kind == "int" and nargs is None and draw(st.booleans()):
        parts.append("default=1")
    return parts


@st.composite
def _positional(draw: st.DrawFn, number: int, holder: str) -> str:
    settings = draw(_value_settings(is_option=False))
    if holder in {"exclusive", "required"}:
        settings = ["nargs='?'"]
    return ", ".join([f"'p{number}'", *settings])


@st.composite
def _declarations(draw: st.DrawFn, parser: str, most: int) -> list[str]:
    """Return statements that add declarations to ``parser``."""
    names = list(NAMES)
    lines = [
        f"group = {parser}.add_argument_group('g')",
        f"exclusive = {parser}.add_mutually_exclusive_group()",
        "exclusive.add_argument('--either', action='store_true')",
    ]
    if draw(st.integers(0, 3)) == 0:
        setting = draw(st.sampled_from(["nargs=2", "action='store_true'"]))
        lines += [
            f"required = {parser}.add_mutually_exclusive_group(required=True)",
            f"required.add_argument('--or', {setting})",
        ]
    holders = {"parser": parser, "group": "group", "exclusive": "exclusive", "required": "required"}
    usable = _HOLDERS if len(lines) > 3 else _HOLDERS[:3]
    for number in range(draw(st.integers(0, most))):
        if len(names) < 2:
            break
        holder = draw(st.sampled_from([*usable, "parser", "parser"]))
        is_option = draw(st.integers(0, 3)) > 0
        one = draw(_option(holder, names) if is_option else _positional(number, holder))
        lines.append(draw(_wrapped(f"{holders[holder]}.add_argument({one})")))
    return lines


@st.composite
def _wrapped(draw: st.DrawFn, statement: str) -> str:
    """Return a statement, plain or where a script may have put it."""
    way = draw(st.integers(0, 39))
    if way == 0:
        return f"if os.environ.get('X'):\n    {statement}"
    if way == 1:
        return f"for _ in ['once']:\n    {statement}"
    if way == 2:
        return f"try:\n    {statement}\nexcept ImportError:\n    pass"
    return f"if True:\n    {statement}" if way == 3 else statement


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """Return the text of a script that parses its command line."""
    imports, maker = draw(
        st.sampled_from([
            ("import argparse", "argparse.ArgumentParser"),
            ("import argparse as ap, argparse", "ap.ArgumentParser"),
            ("import argparse\nfrom argparse import ArgumentParser as P", "P"),
        ])
    )  # fmt: skip
    lines = [imports, "import os, sys"]
    settings = [
        one
        for one in ("allow_abbrev=False", "add_help=False", "fromfile_prefix_chars='@'", "prefix_chars='-+'")
        if draw(st.integers(0, 15)) == 0
    ]
    if draw(st.integers(0, 15)) == 0:
        lines += [f"base = {maker}(add_help=False)", *draw(_declarations("base", 1))]
        settings += ["parents=[base]", "conflict_handler='resolve'"]
    lines.append(f"parser = {maker}({', '.join(settings)})")
    body = draw(_declarations("parser", 4))
    if draw(st.integers(0, 3)) == 0:
        body += draw(_commands())
    lines += _in_function(body) if draw(st.booleans()) else body
    return "\n".join([*lines, draw(_parse())])


def _in_function(body: list[str]) -> list[str]:
    indented = ["    " + line for one in body for line in one.split("\n")]
    return ["def add(parser):", *indented, "    return parser", "parser = add(parser)"]


@st.composite
def _commands(draw: st.DrawFn) -> list[str]:
    required = draw(st.sampled_from(["", "dest='cmd', required=True"]))
    lines = [f"sub = parser.add_subparsers({required})", "fit = sub.add_parser('fit', aliases=['f'])"]
    lines += draw(_declarations("fit", 2))
    return [*lines, "test = sub.add_parser('test')", *draw(_declarations("test", 1))]


@st.composite
def _parse(draw: st.DrawFn) -> str:
    call = draw(st.sampled_from(["parse_args()", "parse_args(sys.argv[1:])", "parse_args(None)", "parse_args()",
                                 "parse_known_args()", "parse_intermixed_args()"]))  # fmt: skip
    statement = f"args = parser.{call}"
    if draw(st.booleans()):
        return f"def main(argv=None):\n    {statement}\nif __name__ == '__main__':\n    main()"
    return statement


@st.composite
def command_lines(draw: st.DrawFn) -> list[Written]:
    """Return the arguments of a step: options with values, flags and positional values."""
    return draw(st.lists(st.one_of(_given_option(), _given_value()), max_size=5))


@st.composite
def _given_option(draw: st.DrawFn) -> Written:
    name = draw(
        st.sampled_from(
            [*NAMES, *NAMES, "--nu", "--or", "--either", "--verb", "--bogus", "--no-num", "-l", "+v", "--no-verbose"]
        )
    )
    glued = draw(st.sampled_from(["", "", "", "", "", "", "=1", "=a", "5", "v", "x1", "="]))
    values = draw(st.lists(st.sampled_from(VALUES), max_size=3))
    return name + glued, tuple(values)


@st.composite
def _given_value(draw: st.DrawFn) -> Written:
    return None, (draw(st.sampled_from([*VALUES, "fit", "test", "f"])),)
