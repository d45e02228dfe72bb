"""Text that looks like a secret: names of files and variables, contents of files, credentials in URLs. Pure.

An answer describes what was found; it never contains the secret itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from aml_pipeline.core.secret_words import ASSIGNED, SHAPES, STAND_IN, WARNED_CHOSEN, WARNED_MADE

# Larger files are data.
MOST_BYTES = 1 << 20


class Secret(NamedTuple):
    """A line that looks like a secret, and what it looks like."""

    line: int
    what: str


class Place(NamedTuple):
    """Characters of a text that look like a secret, as an editor counts them, and what they look like."""

    line: int
    column: int
    width: int
    what: str


_VARIABLES = "environment variables with passwords"
_SSH = "an SSH private key"
_KEY = "a key or a certificate"
_LOGINS = "logins"
_CLOUD = "cloud credentials"
# Names of files, in lower case, and what such a file contains.
_NAMES = {
    ".env": _VARIABLES,
    **dict.fromkeys(("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"), _SSH),
    **dict.fromkeys((".netrc", "_netrc", ".pypirc", ".git-credentials"), _LOGINS),
    **dict.fromkeys(("credentials.json", "kubeconfig"), _CLOUD),
}
_ENDINGS = {"env": _VARIABLES, "ppk": _SSH, **dict.fromkeys(("pem", "key", "pfx", "p12", "jks"), _KEY)}
_PLACES = ("/.aws/credentials", "/.kube/config")
# Words in the names of templates, which are meant to be shared.
_TEMPLATES = frozenset({"example", "sample", "template", "dist", "default", "defaults"})


@functools.cache
def by_name(path: str) -> str | None:
    """Return what the file ``path`` (relative, with /) probably contains, if its name is usual for secrets."""
    path = path.lower()
    name = path.rpartition("/")[2]
    parts = name.split(".")
    if not _TEMPLATES.isdisjoint(parts):
        return None
    if name.startswith(".env."):
        return _VARIABLES
    if f"/{path}".endswith(_PLACES) or (
        parts[-1] == "json" and name.startswith(("service-account", "service_account"))
    ):
        return _CLOUD
    return _NAMES.get(name) or (_ENDINGS.get(parts[-1]) if len(parts) > 1 else None)


# A constant of 12 to 200 characters without a space that is assigned to such a name, or follows such a key.
_GIVEN = rf"(?:{ASSIGNED})[\"']?\s{{0,9}}[:=]\s{{0,9}}[\"']([^\s\"'<>{{}}$*]{{12,200}})[\"']"
_FOUND = tuple(shape for shape in SHAPES if shape.found)


@functools.cache
def _searches() -> tuple[re.Pattern[bytes], ...]:
    """Return the compiled patterns; compiling takes longer than most commands need."""
    texts = re.compile("|".join(f"({shape.found})" for shape in _FOUND).encode())
    return texts, re.compile(_GIVEN.encode(), re.IGNORECASE), re.compile(STAND_IN.encode(), re.IGNORECASE)


def in_text(data: bytes) -> list[Secret]:
    """Return the lines of a file that look like secrets; none for a file that is not text, or too large to be text."""
    if len(data) > MOST_BYTES or b"\0" in data:
        return []
    texts, assigned, stand_in = _searches()
    kinds: dict[int, str] = {}
    for match in texts.finditer(data):
        kinds.setdefault(_line(data, match), _FOUND[(match.lastindex or 1) - 1].what)
    for match in assigned.finditer(data):
        if _is_drawn(match[1]) and not stand_in.search(match[1]):
            kinds.setdefault(_line(data, match), "a hard-coded password or key")
    return [Secret(line, what) for line, what in sorted(kinds.items())]


def _is_drawn(value: bytes) -> bool:
    """Whether a text looks random, as keys do: digits and letters mixed."""
    digits = sum(48 <= char <= 57 for char in value)  # noqa: PLR2004 - 0 to 9
    return 0 < digits < len(value)


def _line(data: bytes, match: re.Match[bytes]) -> int:
    return data.count(b"\n", 0, match.start()) + 1


# What precedes the @ of a URL; and the token in the path of a conda channel.
_LOGIN = re.compile(r"://([^\s/\"'?#]+)@|https?://[^\s/\"'?#@]+/t/([\w-]{12,})(?=/)")
# A name without a password: only one that no person has.
_LONG = re.compile(r"(?=[a-zA-Z]*\d)(?=\d*[a-zA-Z])[a-zA-Z0-9]{32,}")
# A placeholder for a secret that is filled in later.
_PUT_IN_LATER = re.compile(
    r"""(?ix) \$\{.* | \$\w+ | [<{\[].* | %\w+% | [*x.…-]+ | change[-_]?me | redacted | none | null | todo
    | (?: (?:your|my|the|a|some|user|db|api|access|auth|personal) [-_]? )*
      (?: pass | password | passwd | passphrase | pw | pwd | secret | token | pat | key | credentials? )
      (?: [-_]?here )?"""
)


def in_addresses(text: str) -> list[Place]:
    """Return the URLs with a password or a token, as pip and conda use them."""
    return [place for number, line in enumerate(text.splitlines(), 1) for place in _in_line(line, number)]


def _in_line(line: str, number: int) -> Iterator[Place]:
    has_login = False
    for match in _LOGIN.finditer(line):
        what = _in_login(match[1]) if match[1] else "a token" if _is_drawn(match[2].encode()) else None
        if what:
            has_login = True
            start, end = match.span(1 if match[1] else 2)
            yield Place(number, start + 1, end - start, what)
    if not has_login and (other := _in_value(line)):
        yield Place(number, *other)


def _in_login(login: str) -> str | None:
    user, _, password = login.partition(":")
    token = _in_value(login)
    if token:
        return token[2]
    if password:
        return None if _PUT_IN_LATER.fullmatch(password) else "a password"
    return "a token" if _LONG.fullmatch(user) else None


def _in_value(text: str) -> tuple[int, int, str] | None:
    """Return the column, the width and the kind of a text that is recognizable as a secret."""
    data = text.encode("utf-8", "surrogatepass")
    match = _searches()[0].search(data)
    if match is None:
        return None
    column = len(data[: match.start()].decode("utf-8", "ignore")) + 1
    return column, match.end() - match.start(), _FOUND[(match.lastindex or 1) - 1].what


_NO_SECRET = re.compile(
    r"(?i)true|false|yes|no|on|off|(?:~|\.{0,2})/[\w.-]+(?:/[\w.-]+)*|\w[\w+.-]*://\S*|[\d.]{1,4}|@Microsoft\.KeyVault\(.*"
)
_WORDS_OF_A_NAME = re.compile(r"[a-z]+\d{0,3}(?:[-_./](?:[a-z]+\d{0,3}|v?\d{1,4}(?:[a-zA-Z]\d{0,4})?))+")
_SHORTEST = 12
_SHORTEST_MIXED = 6


def by_variable(name: str, value: str) -> str | None:
    """Return what an environment variable contains, if its name or its value is usual for secrets."""
    value = value.strip()
    logins = in_addresses(value)
    if logins:
        return logins[0].what
    if not value or name in {"PWD", "OLDPWD"} or _PUT_IN_LATER.fullmatch(value) or _NO_SECRET.fullmatch(value):
        return None
    if chosen := re.fullmatch(WARNED_CHOSEN, name, re.IGNORECASE):
        if chosen[2] and not _is_mixed(value):  # a "pass" may be one of several, or one that a filter lets through
            return None
        return "a secret" if (chosen[1] or "").lower() == "secret" else "a password"
    made = re.fullmatch(WARNED_MADE, name, re.IGNORECASE)
    if made is None or "public" in name.lower() or not _looks_made(value):
        return None
    return f"a {(made[1] or made[2]).lower()}"


def _is_mixed(value: str) -> bool:
    return len(value) >= _SHORTEST_MIXED and any(map(str.isalpha, value)) and any(map(str.isdigit, value))


def _looks_made(value: str) -> bool:
    return len(value) >= _SHORTEST and _is_drawn(value.encode()) and not _WORDS_OF_A_NAME.fullmatch(value)
