"""The one table of what gives a secret away: the shapes of tokens, the words that names of secrets have. Pure.

``secret_files`` finds by it what should not be where it is, ``masking`` hides by it what must not be shown or kept.
"""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """A text that is a secret wherever it stands: what it is, and a pattern that nothing else fits.

    ``hidden`` is the pattern that masking has where it is another: to hide too much does less harm than to hide too
    little. "" where a name stands before the secret, which is hidden by that.
    """

    what: str
    found: str
    hidden: str


_BASE64 = r"[A-Za-z0-9+/]{20,}={0,2}"
_AWS = r"(?:AKIA|ASIA)[A-Z0-9]{16}"
_OPENAI = r"sk-(?:(?:proj|svcacct|admin)-(?=[\w-]{0,200}[A-Z])(?=[\w-]{0,200}\d)[\w-]{20,}|[A-Za-z0-9]{32,})"
_OPENAI_OR_ANTHROPIC = _OPENAI.replace("admin", "admin|ant")
# Each begins with a word that no other text has, so that searching takes no time.
SHAPES = (
    Shape(
        "a private key",
        r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY",
        r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY-----(?:(?!-----)[\s\S])*(?:-----END [A-Z0-9 ]{0,60}-----)?",
    ),
    Shape("a connection string with the key of a storage account", f"AccountKey={_BASE64}", ""),
    Shape("a connection string with a shared access key", f"SharedAccessKey={_BASE64}", ""),
    Shape("a connection string with a shared access signature", r"SharedAccessSignature=[^\s\"'<>{}$]{20,}", ""),
    Shape("an address with a shared access signature", r"[?&]sig=[A-Za-z0-9%+/]{20,}", ""),
    Shape(
        "a token of GitHub",
        r"\bgh[opsur]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22,}",
        r"\b(?:gh[oprsu]_|github_pat_)[\w-]{8,}",
    ),
    Shape("a token of GitLab", r"\bglpat-[A-Za-z0-9_-]{20}", r"\bglpat-[\w-]{8,}"),
    Shape("a token of Slack", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", r"\bxox[abeoprs]-[\w-]{8,}"),
    Shape("an access key of AWS", rf"\b{_AWS}\b", rf"(?<![A-Za-z0-9]){_AWS}(?![\w-])"),
    Shape("a token of Hugging Face", r"\bhf_[A-Za-z0-9]{34}\b", r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{34}(?![\w-])"),
    Shape("a key of OpenAI", rf"\b{_OPENAI}", rf"(?<![A-Za-z0-9]){_OPENAI_OR_ANTHROPIC}(?![\w-])"),
    Shape("a key of Google", r"\bAIza[\w-]{35}(?![\w-])", r"(?<![A-Za-z0-9])AIza[\w-]{35}(?![\w-])"),
    Shape("a token of npm", r"\bnpm_[A-Za-z0-9]{36}\b", r"(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36}(?![\w-])"),
)
# What is hidden besides; in a file they are too often examples. PyPI; secrets of Entra ID; JSON web tokens.
HIDDEN_TOO = (
    r"(?<![A-Za-z0-9])pypi-[\w-]{50,}(?![\w-])",
    r"(?<![A-Za-z0-9])[\w.~-]{3}\dQ~[\w.~-]{31,34}(?![\w-])",
    r"\b(?:[\w-]{1,200}\.)?eyJ[\w-]{5,}[\w.-]*",
)

# What names of secrets end in. What people choose may be any text; what machines make has letters and digits.
CHOSEN = r"pass(?:word|wd|phrase|code)|pwd|secret"
MADE = r"token|signature|assertion"
# A key is one of these; "key" alone is the name of a column, too.
KEY = (
    r"(?:api|access|account|admin|auth|client|encryption|function|host|instrumentation|license|master|private|secret"
    r"|shared|signing|storage|subscription)[_-]?key"
)
# Tokens of a language model, and keys that are there to be known.
TO_BE_KNOWN = r"(?:.*[_-])?(?:(?:bos|cls|eos|mask|pad|sep|special|start|stop|end|unk)[_-]?token|public[_-]?key)"
# Constants of a program: before a text in quotes.
ASSIGNED = r"client_?secret|account_?key|api_?key|access_?key|secret_?key|access_?token|auth_?token|password"
# What stands where a secret would, in examples.
STAND_IN = r"your|example|change|secret|password|dummy|sample|placeholder|fake|xxx|000000|\.\.\."
