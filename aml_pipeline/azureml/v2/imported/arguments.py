"""Data in the arguments of a step: written alone where the option already says the name of the input, else by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from aml_pipeline.pipeline.plan.ports import ORDER, beside, word

_INPUT = re.compile(r"\$\{\{ inputs\.(\w+) \}\}")


def carried(arguments: Any) -> set[str]:  # noqa: ANN401 - plain data
    """Return the inputs that the arguments name."""
    return set(_INPUT.findall(str(arguments)))


def read(arguments: Any, data: Mapping[str, str], outputs: Collection[str]) -> tuple[Any, dict[str, str]]:  # noqa: ANN401
    """Return the arguments of a step, and the ``inputs`` that it must declare.

    ``data`` has what each input reads, as an expression: of those that read the same, the first stands for all.
    ``outputs`` are the names of the step's outputs.
    """
    first: dict[str, str] = {}
    for name, text in data.items():
        first.setdefault(text, name)
    alone = set(_alone(arguments, data, {*outputs, ORDER}))
    written = {
        name: text if first[text] in alone else f"${{{{ inputs.{first[text]} }}}}" for name, text in data.items()
    }
    filled = changed(arguments, lambda text: _INPUT.sub(lambda match: written[match[1]], text))
    return filled, {name: text for text, name in first.items() if name not in alone}


def _alone(arguments: Any, data: Mapping[str, str], taken: set[str]) -> Iterator[str]:  # noqa: ANN401
    """Yield the inputs whose names follow from the arguments that first carry them, see ``plan/ports.py``."""
    seen: set[str] = set()
    for option, value in _pairs(arguments):
        for name in _INPUT.findall(str(value)):
            wanted = word(option) or data[name].split()[1].split(".")[-1]
            if name not in seen and name == beside(wanted, taken):
                yield name
            seen.add(name)


def _pairs(arguments: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield each option, "" for none, with its value."""
    for item in arguments if isinstance(arguments, list) else [arguments]:
        yield from item.items() if isinstance(item, Mapping) else [("", item)]


def changed(value: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401
    """Return plain data with each text as ``change`` returns it; numbers keep theirs."""
    if isinstance(value, Mapping):
        return {key: changed(one, change) for key, one in value.items()}
    if isinstance(value, list):
        return [changed(one, change) for one in value]
    return change(value) if isinstance(value, str) else value
