"""What the fuzzer starts from: what lies in this repository, and in ``starts`` a little of what runs leave behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.fuzz.remains import SPLIT

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
_LONGEST = 8000
_PIPELINES = ("pipeline.yaml", "tests/data/*/*.yaml", "tests/shapes/*/*.yaml", "docs/**/*.md")
_SCRIPTS = (
    "steps/*.py",
    "tests/shapes/**/*.py",
    "tests/data/**/*.py",
    "aml_pipeline/*/[g-n]*.py",
    "tests/contract/ask*.py",
)
_PACKAGES = (
    ".azureml/*.yml",
    "constraints.txt",
    "tests/data/**/*.yml",
    "tests/data/**/*.txt",
    "tests/project/test_dependencies.py",
)


def seeds(target: str) -> list[bytes]:
    """Return the inputs to start with: from the repository, and those that earlier campaigns kept or found."""
    kept = [path.read_bytes() for path in committed(target)]
    maker = _MAKERS.get(target, lambda: _read([f"tests/fuzz/starts/{target}/*"]))
    return [one for one in dict.fromkeys([*maker(), *kept]) if one and len(one) <= _LONGEST]


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


_MAKERS: dict[str, Callable[[], list[bytes]]] = {
    "pipeline": _pipelines,
    "script": _scripts,
    "packages": _packages,
}
