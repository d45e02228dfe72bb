"""Text of Azure ML → the same without what would give access: keys, tokens, passwords, signatures."""

from __future__ import annotations

import re

# Name, separator, value: "AccountKey=…", "password": "…", sig=…; a value in quotes whole.
_NAMED = re.compile(
    r"""(?ix) ( [\w-]* (?: key | secret | password | passwd | pwd | token | signature | \bsig )
                (?: [\\"']* \s* (?: [:=] | %3D ) \s* | \s+ (?=[\\"']) ) )
              (?: (\\?["']) .*? \2 | [^\s"',;&\\]+ )"""
)
_AUTHORIZATION = re.compile(r"(?i)(\bauthorization\W+(?:(?:bearer|basic)\s+)?)[^\s\"',]+")
# Not "bearer token": what gives access is no word in small letters.
_HEADER = re.compile(r"\b((?i:bearer|basic))\s+(?=\S*[\dA-Z=_.])[\w.~+/-]+=*")
# JSON web tokens; those of GitHub, GitLab and Slack.
_TOKEN = re.compile(r"\b(?:(?:[\w-]+\.)?eyJ[\w-]{5,}[\w.-]*|(?:gh[opsu]_|github_pat_|glpat-|xox[abp]-)[\w-]{8,})")
_IN_ADDRESS = re.compile(r"://[^/\s\"']+@")

_known: set[str] = set()


def keep_secret(text: str) -> None:
    """Take ``text`` out of everything that is masked from now on, wherever it stands."""
    if text:
        _known.add(text)


def without_secrets(text: str) -> str:
    """Return ``text`` with whatever is, or looks like, a key, token or password replaced by ``***``."""
    for one in sorted(_known, key=len, reverse=True):
        text = text.replace(one, "***")
    text = _IN_ADDRESS.sub("://***@", _TOKEN.sub("***", text))
    text = _HEADER.sub(r"\1 ***", _AUTHORIZATION.sub(r"\1***", text))
    return _NAMED.sub(lambda found: f"{found[1]}{found[2] or ''}***{found[2] or ''}", text)
