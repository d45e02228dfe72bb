"""Whether an option takes a text as its value."""

from __future__ import annotations

from typing import Literal

from aml_pipeline.project.contract.model import COMMAND, FLAG, ONE, REST, Option, Scalar

Refusal = Literal["type", "choice"]

KINDS = {"str": str, "int": int, "float": float, "complex": complex, "bool": bool}
NUMBERS = ("int", "float", "complex")


def refusal(option: Option, text: str | None) -> Refusal | None:
    """Return why ``option`` refuses ``text`` (None: a path that only a backend knows), if that is certain."""
    if text is None:
        return "type" if option.kind in NUMBERS else _path_refusal(option)
    kind = KINDS.get(option.kind)
    if kind is None:
        return None
    try:
        value = kind(text)
    except ValueError:
        return "type"
    if option.choices is None or option.nargs in {REST, COMMAND}:
        return None
    return None if value in option.choices else "choice"


def _path_refusal(option: Option) -> Refusal | None:
    """A path, which holds a separator, is no choice when no choice holds one."""
    if option.kind != "str" or option.choices is None or option.nargs in {REST, COMMAND}:
        return None
    return None if any(_could_be_a_path(one) for one in option.choices) else "choice"


def _could_be_a_path(choice: Scalar) -> bool:
    return isinstance(choice, str) and ("/" in choice or "\\" in choice)


# Numbers that Python keeps one object each of; argparse asks whether a value *is* the default.
_SHARED = range(-5, 257)


def counts_as_given(option: Option, texts: list[str | None]) -> bool:
    """Whether ``option``, given with ``texts``, is sure to count beside options that exclude it.

    argparse lets a value that is the very object of the default pass as if it were not there.
    """
    if option.nargs == FLAG or option.nargs not in {ONE, "?"}:
        return bool(texts) or option.nargs == FLAG
    if len(texts) != 1:
        return False
    text = texts[0]
    if text is None:
        return option.kind == "str"
    if option.kind == "str":
        return len(text) > 1 or _is_no_default(option, text)
    if option.kind == "int":
        value = _number(text)
        return value is not None and (value not in _SHARED or _is_no_default(option, value))
    return option.kind in {"float", "complex"} or (option.kind == "bool" and _is_no_default(option, bool(text)))


def _is_no_default(option: Option, value: Scalar) -> bool:
    return option.default_known and option.default != value


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
