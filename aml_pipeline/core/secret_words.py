"""The only table of secrets: the patterns of tokens, and the words that names of secrets contain. Pure.

``secrets`` uses it to find what should not be where it is, ``masking`` to hide what must be neither shown nor stored.
"""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """A text that is a secret wherever it occurs.

    ``found`` is the pattern for warnings about files, URLs and variables, which matches nothing else; ``marks`` are
    lower-case texts, one of which occurs in each such secret, so that most texts need no pattern. ``hidden`` is the
    pattern for masking, if that differs (None: the same): hiding too much does less harm than hiding too little. ""
    means no pattern: the secret is hidden because of the name before it, or it is too often an example.
    """

    what: str
    marks: str
    found: str
    hidden: str | None = None


_AWS = "(?:AKIA|ASIA)[A-Z0-9]{16}"
_BASE64 = r"[A-Za-z0-9+/]{20,}={0,2}"
_OPENAI = r"sk-(?:(?:proj|svcacct|admin)-(?=[\w-]{0,200}[A-Z])(?=[\w-]{0,200}\d)[\w-]{20,}|[A-Za-z0-9]{32,})"


def _alone(pattern: str) -> str:
    """Return a pattern of a word that no letter, digit or dash continues."""
    return rf"(?<![A-Za-z0-9])(?:{pattern})(?![\w-])"


# Each begins with a word that occurs in no other text, so that the search is fast.
SHAPES = (
    Shape(
        "a private key",
        "key-----",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY",
        r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY-----(?:(?!-----)[\s\S])*(?:-----END [A-Z0-9 ]{0,60}-----)?",
    ),
    Shape("a connection string with a storage account key", "accountkey=", f"AccountKey={_BASE64}", ""),
    Shape("a connection string with a shared access key", "sharedaccesskey=", f"SharedAccessKey={_BASE64}", ""),
    Shape(
        "a connection string with a shared access signature",
        "sharedaccesssignature=",
        r"SharedAccessSignature=[^\s\"'<>{}$]{20,}",
        "",
    ),
    Shape("a URL with a shared access signature", "sig=", r"[?&]sig=[A-Za-z0-9%+/]{20,}", ""),
    Shape(
        "a GitHub token",
        "gho_ ghp_ ghr_ ghs_ ghu_ github_pat_",
        r"\bgh[oprsu]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22,}",
        r"\b(?:gh[oprsu]_|github_pat_)[\w-]{8,}",
    ),
    Shape("a GitLab token", "glpat-", r"\bglpat-[A-Za-z0-9_-]{20}", r"\bglpat-[\w-]{8,}"),
    Shape("a Slack token", "xox", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", r"\bxox[abeoprs]-[\w-]{8,}"),
    Shape("an AWS access key", "akia asia", rf"\b{_AWS}\b", _alone(_AWS)),
    Shape("a Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{34}\b", _alone("hf_[A-Za-z0-9]{34}")),
    Shape("an OpenAI key", "sk-", rf"\b{_OPENAI}", _alone(_OPENAI.replace("admin", "admin|ant"))),
    Shape("a Google key", "aiza", _alone(r"AIza[\w-]{35}")),
    Shape("an npm token", "npm_", r"\bnpm_[A-Za-z0-9]{36}\b", _alone("npm_[A-Za-z0-9]{36}")),
    Shape("a PyPI token", "pypi-", "", _alone(r"pypi-[\w-]{50,}")),
    Shape("an Entra ID secret", "q~", "", _alone(r"[\w.~-]{3}\dQ~[\w.~-]{31,34}")),
    Shape("a JSON web token", "eyj", "", r"\b(?:[\w-]{1,200}\.)?eyJ[\w-]{5,}[\w.-]*"),
)

# What names of secrets end in, in short: what every one of the patterns below has.
NAME_MARKS = ("pass", "pwd", "secret", "token", "key", "signature", "assertion")
# What people choose may be any text; what machines make has letters and digits.
CHOSEN = r"pass(?:word|wd|phrase|code)|pwd|secret"
MADE = r"token|signature|assertion"
# Names of keys; "key" alone may also be the name of a column.
KEY = (
    r"(?:api|access|account|admin|auth|client|encryption|function|host|instrumentation|license|master|private|secret"
    r"|shared|signing|storage|subscription)[_-]?key"
)
# The whole names of variables whose values are warned of, by their last word: fewer than those that are hidden.
WARNED_CHOSEN = r"(?:.*(password|passwd|passphrase|secret)|(?:.*_)?(pass|pwd))[_-]?\d*"
WARNED_MADE = r"(?:(?:.*[_-])?(?:api|access|account|storage|shared|secret|private)?(key)|.*(token|signature))[_-]?\d*"
# Tokens of a language model, and public keys.
TO_BE_KNOWN = r"(?:.*[_-])?(?:(?:bos|cls|eos|mask|pad|sep|special|start|stop|end|unk)[_-]?token|public[_-]?key)"
# Constants of a program: before a quoted text.
ASSIGNED = r"client_?secret|account_?key|api_?key|access_?key|secret_?key|access_?token|auth_?token|password"
# Placeholders that examples use in place of a secret.
STAND_IN = r"your|example|change|secret|password|dummy|sample|placeholder|fake|xxx|000000|\.\.\."
