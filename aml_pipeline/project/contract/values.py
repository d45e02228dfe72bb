"""Whether an option takes a text as its value."""

from __future__ import annotations

from aml_pipeline.project.contract.model import COMMAND, FLAG, ONE, REST, Option

KINDS = {"str": str, "int": int, "float": float, "complex": complex, "bool": bool}
NUMBERS = ("int", "float", "complex")


def refusal(option: Option, text: str | None) -> str | None:
    """Return why ``option`` is certain to refuse ``text`` (None: a path that only a backend knows): type or choice."""
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


def _path_refusal(option: Option) -> str | None:
    """A path, which holds a separator, is no choice when no choice holds one."""
    if option.kind != "str" or option.choices is None or option.nargs in {REST, COMMAND}:
        return None
    texts = [choice for choice in option.choices if isinstance(choice, str)]
    return None if any("/" in text or "\\" in text for text in texts) else "choice"


def counts_as_given(option: Option, count: int) -> bool:
    """Whether ``option``, given with so many values, is sure to count beside options that exclude it.

    argparse lets a value that is the very object of the default pass as if it were not there.
    """
    if option.nargs in {ONE, "?"}:
        return count > 0 and option.kind != "" and not option.has_default
    return count > 0 or option.nargs == FLAG
