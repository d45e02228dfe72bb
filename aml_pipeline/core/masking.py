"""Text → the same text without credentials: keys, tokens, passwords, signatures. Pure.

Their patterns and usual names are in ``secret_words``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

from aml_pipeline.core.secret_words import CHOSEN, KEY, MADE, NAME_MARKS, SHAPES, TO_BE_KNOWN
from aml_pipeline.core.secrets import by_variable, in_addresses

MASK = "***"
OTHER = f"{MASK} (default)"  # the default of a parameter that has another value: that much may be shown
# Words that may follow the name of a secret in a sentence.
_PROSE = (
    r"(?!(?:an?|and|are|as|at|by|cannot|expects?|for|from|has|in|invalid|is|missing|must|needs?|not|of|on|or|required"
    r"|takes|the|to|was|were|with|wrong)\b)"
)
_VALUE = r"[^\s\"',;&\\]+"
_SCHEMES = "aws4-hmac-sha256|api-?key|basic|bearer|digest|negotiate|sharedaccesssignature|sharedkey|token"
# A small number after such a name is a count or a weight; anything that may be a password is always hidden.
_COUNT = r"[+-]?\d{1,9}(?:\.\d*)?(?:e[+-]?\d+)?[])}.]*"
_LEAST_OF_A_KEY = 8
# A login whose password is a variable; the version of a package, whatever its name.
_KEPT = r"://(?:[\w.~-]*:|\$\{\w+\}:)?\$\{\w+\}@|[\w.-]+ *== *\d[\w.*+!-]*"

_known: set[str] = set()


class _Patterns(NamedTuple):
    """The compiled patterns of ``without_secrets``, in order."""

    token: re.Pattern[str]
    address: re.Pattern[str]
    authorization: re.Pattern[str]
    header: re.Pattern[str]
    option: re.Pattern[str]
    named: re.Pattern[str]
    number: re.Pattern[str]


@functools.cache
def _patterns() -> _Patterns:
    """Return the compiled patterns; compiling takes longer than most commands need."""
    token = "|".join(filter(None, (shape.found if shape.hidden is None else shape.hidden for shape in SHAPES)))
    names = f"(?:{CHOSEN}|{MADE}|{KEY})"
    return _Patterns(
        token=re.compile(token, re.ASCII),
        # Not what precedes the @ in Azure storage URLs: that is a container.
        address=re.compile(r"(?<!abfs)(?<!abfss)(?<!wasb)(?<!wasbs)://[^/\s\"']+@"),
        authorization=re.compile(rf"(?i)(\bauthorization[\\\"']*\s*[:=]\s*[\\\"']*(?:(?:{_SCHEMES})\s+)?)[^\s\"',\\]+"),
        # Not "bearer token": credentials are never a word in lower-case letters. After = comes the value of a name, if
        # anything.
        header=re.compile(rf"\b((?i:bearer|basic))\s+(?=\S*[\dA-Z=_.])[\w.~+/-]+(?:=(?:{_VALUE})?)?"),
        option=re.compile(
            rf"(?i)((?:(?<![\w-])--?[\w-]{{0,40}}?{names}[_-]?\d{{0,3}}|\bapi_?key)\s+)(?![-*]){_PROSE}({_VALUE})"
        ),
        # The end of a name, separator, value: "AccountKey=…", "password": "…", sig=…; a quoted value as a whole.
        named=re.compile(
            rf"""(?ix) (?P<before> (?: (?P<chosen>{CHOSEN}) | (?P<made>{MADE}|\bsig) | {KEY} | (?P<key>key) )
                 [_-]?\d{{0,3}} (?P<between> [\\"']* \s* (?: [:=] | %3D ) \s* | \s+ (?=[\\"']) ) )
                 (?: (?P<quote>\\?["']) (?P<quoted>.*?) (?P=quote) | (?P<bare>{_VALUE}) )"""
        ),
        number=re.compile(f"(?i){_COUNT}"),
    )


def keep_secret(text: str) -> None:
    """Remove ``text`` from everything that is masked from now on, wherever it occurs."""
    if text.strip("*"):
        _known.add(text)


def without_secrets(text: str) -> str:
    """Return ``text`` with everything that is, or looks like, a key, token or password replaced by ``***``."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _patterns().token.sub(MASK, text)
    return _without_named(_patterns().address.sub(f"://{MASK}@", text))


def safe_file(text: str) -> str:
    """Return the text of a file of packages, or of a Dockerfile, without secrets.

    Logins of variables stay, such as ``https://${USER}:${TOKEN}@host``, which pip and conda fill in, and versions.
    """
    text = without_secrets(text) if "PRIVATE KEY-----" in text else text  # the only secret of several lines
    return "\n".join(map(_safe_line, text.split("\n")))


def _safe_line(line: str) -> str:
    kept = re.search(_KEPT, line)
    if kept is None:
        return without_secrets(line)
    return f"{without_secrets(line[: kept.start()])}{kept[0]}{_safe_line(line[kept.end() :])}"


def _without_named(text: str) -> str:
    of = _patterns()
    text = of.header.sub(rf"\1 {MASK}", of.authorization.sub(rf"\1{MASK}", text))
    return of.named.sub(_masked, of.option.sub(_option_masked, text))


def _option_masked(match: re.Match[str]) -> str:
    return match[0] if _patterns().number.fullmatch(match[2]) else f"{match[1]}{MASK}"


def _masked(match: re.Match[str]) -> str:
    value = match["bare"] or match["quoted"] or ""
    of_machines = match["made"] or match["key"]
    if (of_machines and _patterns().number.fullmatch(value)) or (match["key"] and not _may_be_key(value)):
        return match[0]
    if (match["made"] or "").lower() == "assertion" and match["between"].strip() == ":":
        return match[0]  # a sentence
    quote = match["quote"] or ""
    return f"{match['before']}{quote}{MASK}{quote}"


def _may_be_key(value: str) -> bool:
    """Whether the value of something called just "key" may be a key: the name of a column is not."""
    digits = sum(char.isdigit() for char in value)
    return (
        len(value) >= _LEAST_OF_A_KEY and 0 < digits < len(value) and not re.fullmatch(r"[a-z\d]+(_[a-z\d]+)+", value)
    )


# Whether there is a secret, but not the secret; or it is already hidden.
_SWITCH = re.compile(rf"(?i)true|false|yes|no|on|off|none|null|[01]|\*+|{re.escape(OTHER)}|\*{{3}} [0-9a-f]{{32}}")
_WORKING_FOLDER = frozenset({"PWD", "OLDPWD"})


# Every secret contains one of these, so they are searched first: a plan has many values.
_MARKS = (
    *NAME_MARKS,
    *("sig", "bearer", "basic", "authorization", "@", "/t/"),
    *(mark for shape in SHAPES for mark in shape.marks.split()),
)


@functools.cache
def _names() -> tuple[re.Pattern[str], ...]:
    chosen, made = f"(?i).*(?:{CHOSEN})[_-]?\\d*", f"(?i).*(?:{MADE}|{KEY})[_-]?\\d*"
    return re.compile(chosen), re.compile(made), re.compile(f"(?i){TO_BE_KNOWN}")


@functools.lru_cache(maxsize=10_000)
def is_secret(name: str, value: str) -> bool:
    """Whether the value of a variable, parameter or option called ``name`` must be neither shown nor stored.

    Stricter than the warnings: a short key is hidden as well.
    """
    name, text = name.strip("-"), value.strip()
    if not text or name in _WORKING_FOLDER or _SWITCH.fullmatch(text):
        return False
    if _has(name, NAME_MARKS):
        chosen, made, known = _names()
        if chosen.fullmatch(name):
            return True
        if not known.fullmatch(name) and made.fullmatch(name) and not _patterns().number.fullmatch(text):
            return True
        if not known.fullmatch(name) and by_variable(name.replace("-", "_"), value):
            return True
    return _has(text, _MARKS) and gives_itself_away(text)


def _has(text: str, words: tuple[str, ...]) -> bool:
    small = text.lower()
    return any(word in small for word in words)


def gives_itself_away(text: str) -> bool:
    """Whether a text contains a secret, whatever its name is."""
    return bool(in_addresses(text)) or _without_named(_patterns().token.sub(MASK, text)) != text


def masked(name: str, value: str) -> str:
    """Return the value of ``name`` as it may be shown: ``***`` for a secret."""
    return MASK if is_secret(name, value) else value


def redacted(values: Mapping[str, str]) -> dict[str, str]:
    """Return values by name as they may be shown."""
    return {name: masked(name, value) for name, value in values.items()}
