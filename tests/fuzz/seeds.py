"""What the fuzzer starts from: what lies in this repository, and for what runs leave behind a little of each kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.fuzz.remains import KEY, SPLIT

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
_LONGEST = 8000
_PIPELINES = ("pipeline.yaml", "tests/data/*/*.yaml", "tests/shapes/*/*.yaml", "docs/*.md")
_SCRIPTS = (
    "steps/*.py",
    "tests/shapes/**/*.py",
    "tests/data/**/*.py",
    "aml_pipeline/[g-n]*.py",
    "tests/contract/ask*.py",
)
_PACKAGES = (
    ".azureml/*.yml",
    "constraints.txt",
    "tests/data/**/*.yml",
    "tests/data/**/*.txt",
    "tests/test_dependencies.py",
)


def seeds(target: str) -> list[bytes]:
    """Return the inputs to start with: from the repository, and those that earlier campaigns kept or found."""
    kept = [path.read_bytes() for path in committed(target)]
    found = _MAKERS[target]()
    return [one for one in dict.fromkeys([*found, *kept]) if one and len(one) <= _LONGEST]


def committed(target: str) -> list[Path]:
    """Return the files of the corpus in the tree, and the finds."""
    return [path for kind in ("corpus", "finds") for path in sorted((HERE / kind / target).glob("*"))]


def pool(texts: Iterable[bytes]) -> list[bytes]:
    """Return the different lines of ``texts``."""
    return sorted({line for text in texts for line in text.split(b"\n") if line.strip() and len(line) < 200})


def _read(patterns: Iterable[str]) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def _pipelines() -> list[bytes]:
    texts = _read(_PIPELINES)
    blocks = [one for text in texts for one in re.findall(rb"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    return [*(text for text in texts if b"\n```" not in text), *blocks]


def _scripts() -> list[bytes]:
    return _read(_SCRIPTS)


def _packages() -> list[bytes]:
    texts = _read(_PACKAGES)
    quoted = [one for text in texts for one in re.findall(rb'"""\\?\n(.*?)"""', text, re.DOTALL)]
    lines = [one.encode().decode("unicode_escape").encode() for one in _LINES]
    return [*(text for text in texts if b'"""' not in text), *quoted, *lines, SPLIT.join(lines)]


_LINES = (
    r"numpy==1.26\ntorch>=2.4,<3  # a comment\nscikit-learn[extra]~=1.4; os_name == 'nt'\n-r a.txt\n-c b.txt\n",
    r"--index-url https://example.org/simple\n-e .\n-e git+https://example.org/x.git#egg=x\n./folder/x.whl\n",
    r"name: env\ndependencies:\n  - python=3.11\n  - numpy>=1.26,<2\n  - x=1.0=py_0\n  - pip:\n    - a\n",
    r"dependencies:\n- a::x[version='>=1.2,<2|3.*', build=py]\n- y ==1.2.*\n- z=1.2*\n- pip: [-r a.txt]\n",
    r"torch==2.*; os_name == 'nt' and extra == 'x' \\\n --hash=sha256:0\n--pre\n${TOKEN}/x\n",
    r"x @ file:///x ; python_version in '3.11 3.12'\n",
)


# What the SDK's ``Run.log`` prints of a scalar, a list, a row and a table, beside a progress bar and a failure.
_LOGS = (
    b"Attempted to log scalar metric loss:\n0.25\nAttempted to log scalar metric loss:\nnan\ndone\n",
    b"Attempted to log list metric losses:\n[1, 2.5, nan, -inf, 'a', np.float64(0.5)]\n",
    b"Attempted to log row metric r:\n{'x': 1, 'y': [0x10, 1e400, None, True, {1, 2}]}\n",
    b"Attempted to log table metric t:\n{'x': [1, 2], 'y': (3, 4)}\n10%\r20%\rAttempted to log list metric m:\n[1. 2.]\n",
    b'Attempted to log scalar metric m:\nTraceback (most recent call last):\n  File "/folder/a.py", line 1\n    x\n'
    b"ValueError: no\n\nDuring handling of the above exception, another exception occurred:\n\n",
    "é 漢 \x1b]0;title\x07 \x1b[31m red".encode() + b" \xff\xc3\x00 no end",
)
_PARTS = b'{"script": "a.py", "snapshot": {"a.py": "00+x"}, "environment": "11", "inputs": {"a.b": null}}'
_LAST = (
    b'{"parts": %s, "outcome": "accepted", "key": "%s", "attempt": "A", "accepted": "%s", "pid": 1, "started": "5"}'
    % (_PARTS, KEY.encode(), KEY.encode())
)
_RESULT = (
    b'{"attempt": "A", "contents": {"model": ["00", 1, 2]}, "parts": %s, "facts": {"run": "r", "seconds": 1.5}}' % _PARTS
)
_STATES = (
    SPLIT.join([_LAST, _RESULT, _RESULT, b'{"/a": [[[1, 2, 3, 4, 5]], ["00", 1, 2]]}', b'{"pid": 1, "host": "h"}']),
    SPLIT.join([_RESULT, _LAST, b"[]", b"[1]", b'{"pid": 1, "host": "h", "since": "12", "command": "run"}', b'[1, {}]']),
    SPLIT.join([_LAST.replace(b'"accepted"', b'"running"'), b"{}", b"null", b'{"/a": 1}', b"", b'[1, %s]' % _PARTS]),
)
_HEADER = (
    b'{"run": "r", "state": "done", "started": 1790000000.5, "seconds": 9.1, "profile": null, "command": "run",'
    b' "parameters": {"epochs": "10"}, "git": {"commit": "01", "branch": "main", "dirty": ["a.py"]}, "host": "vm",'
    b' "python": {"path": "p", "version": "3.11"}, "distributions": {"a": "1"}, "azureml": {"run": "x", "portal": "https://a"},'
    b' "plan": {"parameters": {"epochs": {"text": "10", "default": "2", "type": "integer"}}, "steps": [{"name": "train",'
    b' "script": "train.py", "arguments": [[{"literal": {"text": "--a"}}, {"input": {"step": "load", "name": "x"}}]],'
    b' "after": ["load"], "environment": {"name": "e"}}, {"name": "load"}]}, "parts": {"train": {"script": "a"}},'
    b' "steps": {"train": {"state": "done", "seconds": 3.5, "reason": "never ran", "key": "k", "made_by": "2026",'
    b' "metrics": {"loss": 0.5, "list": [1, 2]}, "outputs": {"model": "/m"}, "contents": {"model": ["00", 1, 2]},'
    b' "tail": ["x"], "message": "m"}, "load": {"state": "failed", "exit_status": 1}}}'
)
_EVENTS = (
    b'{"event": "RunStarted", "time": 1.0, "steps": ["train"]}\n'
    b'{"event": "StepStarted", "time": 2.0, "step": "train", "reason": "new", "attempt": "A", "log": "l", "key": "k"}\n'
    b'{"event": "MetricLogged", "time": 3.0, "step": "train", "name": "loss", "kind": "scalar", "value": 0.5}\n'
    b'{"event": "MetricLogged", "time": 4.0, "step": "train", "name": "t", "kind": "row", "value": {"epoch": 1, "x": [1]}}\n'
    b'{"event": "StepEnded", "time": 5.0, "step": "train", "state": "done", "seconds": 3, "contents": {"model": ["0", 1, 2]}}\n'
    b'{"event": "RunEnded", "time": 6.0, "state": "done", "seconds": 5.0}\n'
)
_RECORDS = (
    SPLIT.join([_HEADER, b"", _EVENTS, _LOGS[0]]),
    SPLIT.join([_HEADER.replace(b'"steps": {"train"', b'"x": {"train"'), _HEADER, _EVENTS, _LOGS[4]]),
    SPLIT.join([b'{"state": "running"}', b"[]", _EVENTS[:-30], _LOGS[5]]),
)
_TEXTS = (
    b"AccountKey=abc; password: \"a b\" token 'x' sig=1&Authorization: Bearer eyJhbGciOi.x.y https://user:pw@host/x",
    b"key=12 tokens: 3.5e1 ghp_0123456789 AKIA0123456789ABCDEF sk-proj-aB3456789012345678901234 client_secret%3Dx",
    b"--password X apikey X client_assertion=x passphrase=\\\"a\\\" key = \n secret",
    "é\x1b[0m\x00\u202e漢\r\n10%\r20%\x9b".encode() + b"\xff\xed\xa0\x80",
)
_PATTERNS = (
    b"# data\n*.csv\n!data/x.csv\n/a\ndata/\n**/deep/**\n\\#x\n\\!z\n[b].txt\n[!a-z]?*\n",
    b"data/**/x\n**/*.py\na*a*a*b\n*\n \\ \n[[:alpha:]]\n[a\n/\n//\n!\n**\n***\n",
)
_MAKERS: dict[str, Callable[[], list[bytes]]] = {
    "pipeline": _pipelines,
    "script": _scripts,
    "packages": _packages,
    "log": lambda: [*_LOGS, b"".join(_LOGS)],
    "state": lambda: list(_STATES),
    "record": lambda: list(_RECORDS),
    "text": lambda: [*_TEXTS, *_LOGS],
    "patterns": lambda: [*_PATTERNS, *_read([".gitignore", ".amlignore"])],
}
