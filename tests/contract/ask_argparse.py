"""Run in a process of its own: builds the parsers of real scripts and asks them about command lines.

Reads a JSON list of jobs (path, package, source) and writes what each script's real parser is and says.
"""

import argparse
import contextlib
import io
import json
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn


class CapturedError(BaseException):
    """The script asked its parser to parse; here is the parser."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        super().__init__()
        self.parser = parser


REAL = argparse.ArgumentParser.parse_args


def capture(parser: argparse.ArgumentParser, *_args: object, **_named: object) -> NoReturn:
    raise CapturedError(parser)


def parser_of(path: str, package: str, source: str) -> argparse.ArgumentParser:
    """Run the script until it parses its command line."""
    names = ("parse_args", "parse_known_args", "parse_intermixed_args")
    kept = {name: getattr(argparse.ArgumentParser, name) for name in names}
    for name in names:
        setattr(argparse.ArgumentParser, name, capture)
    sys.argv = [path]
    try:
        space = {"__name__": "__main__", "__file__": path, "__package__": package, "__builtins__": __builtins__}
        exec(compile(source, path, "exec"), space)  # noqa: S102 - that is how its parser is built
    except CapturedError as found:
        return found.parser
    finally:
        for name in names:
            setattr(argparse.ArgumentParser, name, kept[name])
    raise RuntimeError("it never parsed")


def value(action: argparse.Action) -> str:
    if action.choices:
        return str(next(iter(action.choices)))
    return "3" if action.type is int else "1.5" if action.type is float else "x"


def values(action: argparse.Action) -> list[str]:
    if action.nargs == 0:
        return []
    return [value(action)] * (action.nargs if isinstance(action.nargs, int) else 1)


def texts(action: argparse.Action, given: Sequence[str]) -> list[str]:
    return [*action.option_strings[:1], *given]


def lines(parser: argparse.ArgumentParser) -> Iterator[tuple[str, list[str]]]:
    """Yield (kind, texts) of command lines that try the parser out."""
    usual = [one for one in parser._actions if not isinstance(one, argparse._HelpAction | argparse._VersionAction)]
    needed = [one for one in usual if one.required]
    needed += [group._group_actions[0] for group in parser._mutually_exclusive_groups if group.required]
    needed.sort(key=lambda one: not one.option_strings)
    base = [text for one in needed for text in texts(one, values(one))]
    yield "base", base
    yield "unknown", ["--surely-unknown", *base]
    yield "many", [*base, "a", "b", "c"]
    for one in usual:
        rest = [text for other in needed if other is not one for text in texts(other, values(other))]
        if one.required:
            yield "missing", rest
        if one.option_strings:
            yield "one", [*texts(one, values(one)), *rest]
            yield "bare", [*texts(one, []), *rest]
            yield "twice", [*texts(one, values(one)), *texts(one, values(one)), *rest]
            yield "negative", [*texts(one, ["-5"]), *rest]
            yield "glued", [f"{one.option_strings[-1]}={value(one)}", *rest]
            yield "short", [one.option_strings[-1][:-1], *values(one), *rest]
            yield "surplus", [*rest, *texts(one, [*values(one), "x"])]
            if one.type in (int, float):
                yield "type", [*texts(one, ["abc"]), *rest]
        else:
            yield "one", [*rest, *values(one)]


def verdict(parser: argparse.ArgumentParser, line: Sequence[str]) -> str:
    quiet = io.StringIO()
    with contextlib.redirect_stderr(quiet), contextlib.redirect_stdout(quiet):
        try:
            REAL(parser, list(line))
        except SystemExit as end:
            return "refuses" if end.code else "shows"
        except BaseException:  # noqa: BLE001 - whatever a type of the script does
            return "broken"
    return "accepts"


def about(action: argparse.Action) -> dict[str, Any]:
    commands = action.choices if isinstance(action, argparse._SubParsersAction) else None
    choices = None if commands is not None or action.choices is None else [str(one) for one in action.choices]
    kind = "str" if action.type is None else getattr(action.type, "__name__", "")
    return {"names": action.option_strings, "nargs": action.nargs, "required": action.required, "kind": kind,
            "choices": choices, "commands": None if commands is None else sorted(commands)}  # fmt: skip


def answer(job: tuple[str, str, str]) -> dict[str, Any]:
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            parser = parser_of(*job)
    except BaseException:  # noqa: BLE001 - whatever the script does before it parses
        return {"error": traceback.format_exc()[-300:]}
    lined = [(kind, line, verdict(parser, line)) for kind, line in lines(parser)]
    return {"options": [about(one) for one in parser._actions], "lines": lined}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    output = sys.stdout
    jobs = json.load(sys.stdin)
    json.dump([answer(job) for job in jobs], output)
