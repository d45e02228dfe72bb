"""Text of Azure ML → the same without what would give access: keys, tokens, passwords, signatures."""

from __future__ import annotations

import re

# The end of a name, separator, value: "AccountKey=…", "password": "…", sig=…; a value in quotes whole.
_NAMED = re.compile(
    r"""(?ix) ( (?: key | secret | password | passwd | pwd | token | signature | \bsig )
                (?: [\\"']* \s* (?: [:=] | %3D ) \s* | \s+ (?=[\\"']) ) )
              (?: (\\?["']) .*? \2 | [^\s"',;&\\]+ )"""
)
_AUTHORIZATION = re.compile(r"(?i)(\bauthorization\W+(?:(?:bearer|basic)\s+)?)[^\s\"',]+")
# Not "bearer token": what gives access is no word in small letters. Behind = comes what a name stands for, if anything.
_HEADER = re.compile(r"""\b((?i:bearer|basic))\s+(?=\S*[\dA-Z=_.])[\w.~+/-]+(?:=[^\s"',;&\\]*)?""")
# JSON web tokens; those of GitHub, GitLab and Slack; of Hugging Face, npm, PyPI, Google, AWS (the id of an access key),
# OpenAI and Anthropic; secrets of applications in Entra ID.
_TOKEN = re.compile(
    r"""(?x)
    \b (?: (?:[\w-]{1,200}\.)? eyJ [\w-]{5,} [\w.-]*
        | (?: gh[oprsu]_ | github_pat_ | glpat- | xox[abeprs]- ) [\w-]{8,} )
    | (?<![A-Za-z0-9]) (?:
        hf_[A-Za-z0-9]{34} | npm_[A-Za-z0-9]{36} | pypi-[\w-]{50,} | AIza[\w-]{35} | (?:AKIA|ASIA)[A-Z0-9]{16}
        | sk- (?: (?:proj|svcacct|admin|ant) - (?=[\w-]{0,200}[A-Z])(?=[\w-]{0,200}\d) [\w-]{20,} | [A-Za-z0-9]{32,} )
        | [\w.~-]{3} \d Q~ [\w.~-]{31,34}
    ) (?![\w-])"""
)
# A small number behind such a name is a count or a weight; what may be a password is never left.
_COUNT = re.compile(
    r"""(?ix) (?: key | token | signature ) [\\"']* \s* [:=] \s*
              [+-]?\d{1,9} (?:\.\d*)? (?:e[+-]?\d+)? [])}.]*"""
)
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
    return _NAMED.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    quote = found[2] or ""
    return found[0] if _COUNT.fullmatch(found[0]) else f"{found[1]}{quote}***{quote}"
