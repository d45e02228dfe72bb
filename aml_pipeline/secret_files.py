"""What looks like a secret: by the name of a file, and by what stands in it. Pure.

What was found is told in words; the secret itself is never part of an answer.
"""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

# Larger files are data.
MOST_BYTES = 1 << 20


class Secret(NamedTuple):
    """A line that looks like a secret, and what it looks like."""

    line: int
    what: str


_VARIABLES = "variables of a program, with its passwords"
_SSH = "a private key of SSH"
_KEY = "a key or a certificate"
_LOGINS = "logins"
_CLOUD = "logins of a cloud service"
# Names of files, in small letters, and what such a file holds.
_NAMES = {
    ".env": _VARIABLES,
    **dict.fromkeys(("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"), _SSH),
    **dict.fromkeys((".netrc", "_netrc", ".pypirc", ".git-credentials"), _LOGINS),
    **dict.fromkeys(("credentials.json", "kubeconfig"), _CLOUD),
}
_ENDINGS = {"env": _VARIABLES, "ppk": _SSH, **dict.fromkeys(("pem", "key", "pfx", "p12", "jks"), _KEY)}
_PLACES = ("/.aws/credentials", "/.kube/config")
# In the names of templates, which are there to be shared.
_TEMPLATES = frozenset({"example", "sample", "template", "dist", "default", "defaults"})


@functools.cache
def by_name(path: str) -> str | None:
    """Return what the file at ``path`` (relative, with /) holds, if its name is one that secrets have."""
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


_BASE64 = rb"[A-Za-z0-9+/]{20,}={0,2}"
# Texts of secrets → what they are. Each begins with a word that no other text has, so that searching takes no time.
_TEXTS = {
    rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY": "a private key",
    rb"AccountKey=" + _BASE64: "a connection string with the key of a storage account",
    rb"SharedAccessKey=" + _BASE64: "a connection string with a shared access key",
    rb"SharedAccessSignature=[^\s\"'<>{}$]{20,}": "a connection string with a shared access signature",
    rb"[?&]sig=[A-Za-z0-9%+/]{20,}": "an address with a shared access signature",
    rb"\bgh[opsur]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22,}": "a token of GitHub",
    rb"\bglpat-[A-Za-z0-9_-]{20}": "a token of GitLab",
    rb"\bxox[abeoprs]-[A-Za-z0-9-]{10,}": "a token of Slack",
    rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b": "an access key of AWS",
    rb"\bhf_[A-Za-z0-9]{34}\b": "a token of Hugging Face",
}
_WORDS = rb"client_?secret|account_?key|api_?key|access_?key|secret_?key|access_?token|auth_?token|password"
# A constant of 12 to 200 characters without a space that is given to a name of that kind, or stands behind such a key.
_GIVEN = rb"(?:%s)[\"']?\s{0,9}[:=]\s{0,9}[\"']([^\s\"'<>{}$*]{12,200})[\"']" % _WORDS
_KINDS = tuple(_TEXTS.values())
# What stands where a secret would, in examples.
_STAND_IN = rb"your|example|change|secret|password|dummy|sample|placeholder|fake|xxx|000000|\.\.\."


@functools.cache
def _searches() -> tuple[re.Pattern[bytes], ...]:
    """Return the patterns compiled, which takes longer than most commands have use for."""
    texts = re.compile(b"|".join(b"(%s)" % pattern for pattern in _TEXTS))
    return texts, re.compile(_GIVEN, re.IGNORECASE), re.compile(_STAND_IN, re.IGNORECASE)


def in_text(data: bytes) -> list[Secret]:
    """Return the lines of a file that look like secrets; none for what is no text, or too large to be one."""
    if len(data) > MOST_BYTES or b"\0" in data:
        return []
    texts, assigned, stand_in = _searches()
    found: dict[int, str] = {}
    for match in texts.finditer(data):
        found.setdefault(_line(data, match), _KINDS[(match.lastindex or 1) - 1])
    for match in assigned.finditer(data):
        if _is_drawn(match[1]) and not stand_in.search(match[1]):
            found.setdefault(_line(data, match), "a password or key given as a text")
    return [Secret(line, what) for line, what in sorted(found.items())]


def _is_drawn(value: bytes) -> bool:
    """Whether a text looks drawn at random, as keys are: digits and letters mixed."""
    digits = sum(48 <= char <= 57 for char in value)  # noqa: PLR2004 - 0 to 9
    return 0 < digits < len(value)


def _line(data: bytes, match: re.Match[bytes]) -> int:
    return data.count(b"\n", 0, match.start()) + 1
