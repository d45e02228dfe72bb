"""Parts of a step, then and now → the differences, in words. Pure.

Every part can be described in words, so a reason on the screen is a difference and never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from aml_pipeline.core.masking import MASK, is_secret, without_secrets
from aml_pipeline.core.plain import mapping
from aml_pipeline.core.wording import counted, printable
from aml_pipeline.runs import environment_changes

Parts = Mapping[str, Any]


def titled(parts: Parts, titles: Mapping[str, str]) -> Parts:
    """Return the parts of a step with the steps that they name called by their ``titles``."""

    def named(data: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(data, list):
            return [named(item) for item in data]
        if not isinstance(data, dict):
            return data
        if data.keys() == {"step", "name"}:
            return {**data, "step": titles.get(data["step"], data["step"])}
        return {key: named(item) for key, item in data.items()}

    def output(name: str) -> str:
        step, dot, rest = name.partition(".")
        return f"{titles.get(step, step)}{dot}{rest}"

    if not titles:
        return parts
    renamed = {"arguments": named(parts["arguments"])} if "arguments" in parts else {}
    for part in {"inputs", "after"} & parts.keys():
        renamed[part] = {output(name): content for name, content in mapping(parts[part]).items()}
    return {**parts, **renamed}


def summary(changed: Sequence[str]) -> str:
    """Return the first of some changes and how many more there are; "" if there is none."""
    more = f", and {counted(len(changed) - 1, 'more change')}" if len(changed) > 1 else ""
    return f"{changed[0]}{more}" if changed else ""


def changes(then: Parts, now: Parts) -> list[str]:
    """Return every difference in words; parts that are not yet known do not count."""
    differences: list[str] = []
    for name, tell in _TELLERS.items():
        old, new = then.get(name), now.get(name)
        leader = _FOLLOWS.get(name, name)
        if leader != name and then.get(leader) != now.get(leader):
            old, new = _in_both(old, new)
        if old != new:
            differences += map(printable, tell(old, new))
    return differences


# Part → the part that its names come from: if that changes, an added or removed name is not a change of its own.
_FOLLOWS = {
    "snapshot": "script",
    "parameters": "arguments",
    "datasets": "arguments",
    "inputs": "arguments",
    "files": "arguments",
    "names": "arguments",
    "outputs": "arguments",
    "packages": "snapshot",
}


def _in_both(then: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return two mappings without the names that only one of them has."""
    old, new = then or {}, now or {}
    names = [name for name in new if name in old]
    return {name: old[name] for name in names}, {name: new[name] for name in names}


def _changes(then: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, old, new) of the differences between two mappings; None means absent."""
    old, new = then or {}, now or {}
    for name in dict.fromkeys([*new, *old]):
        if old.get(name) != new.get(name) or (name in old) != (name in new):
            yield name, old.get(name), new.get(name)


Teller = Callable[[Any, Any], Iterable[str]]


def _program(then: Any, now: Any) -> list[str]:  # noqa: ANN401 - JSON
    noun = "command" if " " in f"{then}{now}" else "script"
    return [f"{noun} {then} → {now}"]


def _snapshot(then: Any, now: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    old, new = then or {}, now or {}
    for name in sorted(dict(old.items() ^ new.items()), key=lambda name: (name not in new, name)):
        yield f"{name} {'is new' if name not in old else 'is gone' if name not in new else 'changed'}"


def _values(noun: str) -> Teller:
    def tell(then: Any, now: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
        for name, old, new in _changes(then, now):
            yield f"{noun}{name} {_secret_became(name, old, new) or _value_became(old, new)}"

    return tell


# How a secret is stored: see ``sealing``. In older records it is recognized by its name.
_SEAL = re.compile(r"\*{3} [0-9a-f]{32}")
_SEALED_NOW = "is now stored as a digest"


def _secret_became(name: str, old: object, new: object) -> str:
    """Return the change of a value that must not be shown, "" for any other."""
    texts = [str(value) for value in (old, new)]
    is_hidden = any(_SEAL.search(text) or is_secret(name, text) for text in texts)
    if not is_hidden or old is None or new is None:
        return ""
    return _SEALED_NOW if _SEAL.search(str(new)) and not _SEAL.search(str(old)) else "changed"


def _value_became(old: object, new: object) -> str:
    if new is None:
        return "is gone"
    return "is new" if old is None else f"{_clipped(old)} → {_clipped(new)}"


def _packages(then: Any, now: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    for name, old, new in _changes(then, now):
        missing = new is None and name in (now or {})
        yield f"{name} {_absent(name) if missing else _value_became(old, new)}"


def _absent(name: str) -> str:
    if name.startswith("program "):
        return "was not found on this machine"
    return "is not installed in this Python (select another with --python)"


def _clipped(value: object) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"  # noqa: PLR2004


def _arguments(then: Any, now: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Describe options that were added, removed, renamed or changed, if they can be told apart."""
    old, new = _by_option(then), _by_option(now)
    if old is None or new is None:
        yield "arguments changed"
        return
    gone, added = [option for option in old if option not in new], [option for option in new if option not in old]
    both = {option for option, _ in old} & {option for option, _ in new}
    if any(option in {*both, ""} for option, _ in [*gone, *added]):  # which of several options it is, is unknown
        yield "arguments changed"
        return
    if _renamed(old, new, gone, added):
        yield f"argument {_shown(gone[0][0])} → {_shown(added[0][0])}"
    else:
        yield from (f"argument {_shown(option)} is new" for option, _ in added)
        yield from (f"argument {_shown(option)} is gone" for option, _ in gone)
    for key in new:
        if key in old and old[key] != new[key]:
            words = filter(None, ["argument", _shown(key[0]), _words_became(key[0], old[key], new[key])])
            yield from _inputs_became(old[key], new[key]) or [" ".join(words)]
    if [option for option in old if option in new] != [option for option in new if option in old]:
        yield "arguments are in another order"


def _shown(option: str) -> str:
    """Return an option, which may contain its value: ``--token=…``."""
    return without_secrets(_SEAL.sub(MASK, option))


Options = dict[tuple[str, int], list[Any]]


def _by_option(arguments: Any) -> Options | None:  # noqa: ANN401 - JSON
    """Return the values by (option, number of the same options before it); None for an unknown form.

    The option of a positional value is "".
    """
    values: Options = {}
    for row in arguments if isinstance(arguments, list) else [None]:
        words = [_word(token) for token in row] if isinstance(row, list) else []
        if not all(words) or not words:
            return None
        option = words[0] if words[0].startswith("-") else ""
        values[option, sum(earlier == option for earlier, _ in values)] = row[1:] if option else row
    return values


def _renamed(old: Options, new: Options, gone: list[tuple[str, int]], added: list[tuple[str, int]]) -> bool:
    """Whether one option was renamed, in the same place and with the same values."""
    places = [list(old).index(option) for option in gone], [list(new).index(option) for option in added]
    return len(gone) == 1 and places[0] == places[1] and old[gone[0]] == new[added[0]]


def _words_became(option: str, old: list[Any], new: list[Any]) -> str:
    """Return values then and now; a flag has none, and values that differ only in kind look the same."""
    before, after = (" ".join(map(_word, values)) for values in (old, new))
    if secret := _secret_became(option, before, after):
        return secret
    return f"{_clipped(before)} → {_clipped(after)}" if before and after and before != after else "changed"


def _inputs_became(old: list[Any], new: list[Any]) -> list[str]:
    """Return which of the steps' outputs that one option names are new or gone; none if anything else changed."""
    before, after = ([_input(token) for token in values] for values in (old, new))
    is_plain = all((*before, *after)) and len(before) + len(after) > 2  # noqa: PLR2004 - one of each: a value changed
    if not is_plain or [name for name in before if name in after] != [name for name in after if name in before]:
        return _order_became(before, after)
    gained = [f"input {name} is new" for name in after if name not in before]
    return gained + [f"input {name} is gone" for name in before if name not in after]


def _order_became(before: list[str], after: list[str]) -> list[str]:
    """Return that one option names the same variants of a step in another order, if that is so."""
    declared = {name.partition("[")[0] for name in after}
    are_variants = len(declared) == 1 and all("[" in name for name in after)
    if not are_variants or sorted(before) != sorted(after):
        return []
    return [f"the order of {counted(len(after), 'variant')} of {declared.pop()} changed"]


def _input(token: Any) -> str:  # noqa: ANN401 - JSON
    """Return an output of a step that is read, named as in the part ``inputs``; "" for any other token."""
    data = token.get("input") if isinstance(token, dict) else None
    return f"{data.get('step')}.{data.get('name')}" if isinstance(data, dict) else ""


def _word(token: Any) -> str:  # noqa: ANN401 - JSON
    """Return a token as a pipeline file writes it; "" for an unknown form."""
    kind, data = next(iter(token.items())) if isinstance(token, dict) and len(token) == 1 else ("", None)
    if not isinstance(data, dict):
        return ""
    if kind == "literal":
        return str(data.get("text")) or '""'
    if kind == "text":
        parts = data.get("parts")
        return "".join(map(_word_of_text, parts)) if isinstance(parts, list) else ""
    return f"steps.{data.get('step')}.outputs.{data.get('name')}" if kind == "input" else f"{kind}s.{data.get('name')}"


def _word_of_text(part: Any) -> str:  # noqa: ANN401 - JSON
    word = _word(part)
    return word if isinstance(part, dict) and "literal" in part else f"${{{{ {word} }}}}"


def _content(noun: str) -> Teller:
    def tell(then: Any, now: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
        for name, old, new in _changes(then, now):
            if new is not None or name not in (now or {}):  # otherwise it is not yet known
                yield f"{noun} {name} {_became(old, new)}"

    return tell


def _files(then: Any, now: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    for name, _, new in _changes(then, now):
        yield f"output {name} is {'now' if new else 'no longer'} a file"


ABSENT = "absent"


def _became(old: object, new: object) -> str:
    if old in {None, ABSENT}:
        return "is new"
    return "is gone" if new in {None, ABSENT} else "changed"


def _after(then: Any, now: Any) -> Iterator[str]:  # noqa: ANN401 - JSON
    for name, _, new in _changes(then, now):
        if new is not None or name not in (now or {}):
            in_both = name in (now or {}) and name in (then or {})
            yield f"step {name} ran again" if in_both else f"order after {name} changed"


_TELLERS: dict[str, Teller] = {
    "script": _program,
    "snapshot": _snapshot,
    "distribution": _values(""),
    "parameters": _values("parameter "),
    "arguments": _arguments,
    "files": _files,
    "datasets": _content("dataset"),
    "inputs": _content("input"),
    "names": _values("input "),
    "outputs": _content("output"),
    "after": _after,
    "environment": environment_changes.changes,
    "environment_variables": _values("variable "),
    "interpreter": _values("Python's "),
    "packages": _packages,
}
