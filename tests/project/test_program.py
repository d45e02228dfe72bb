"""What a step starts: the Python file of a command or a module, and what is taken along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aml_pipeline.core.digests import Digests
from aml_pipeline.project.snapshot.program import of_module, started_file
from aml_pipeline.project.snapshot.source import SourceFolder
from tests.conftest import Project


@pytest.mark.parametrize(
    ("line", "started"),
    [
        ("bash prepare.sh", "prepare.sh"),
        ("bash -eu -x prepare.sh more", "prepare.sh"),
        ("sh ../prepare.sh", "../prepare.sh"),
        ("bash -c prepare.sh", None),
        ("bash -o pipefail prepare.sh", None),
        ("bash /opt/prepare.sh", None),
        ("bash", None),
        ("python train.py", "train.py"),
        ("python3 -uB train.py", "train.py"),
        ("python -m train", None),
        ("python -um train.py", None),
        ("python -c train.py", None),
        ("python -W ignore train.py", None),
        ("python", None),
        ("torchrun train.py", "train.py"),
        ("torchrun --standalone --nproc_per_node 2 train.py", "train.py"),
        ("torchrun --nproc_per_node 2 -m train.py", None),
        ("torchrun --no-python train.py", None),
        ("torchrun train.py --epochs", "train.py"),
        ("torchrun --nproc_per_node 2 train.py conf.py", "train.py"),
        ("torchrun --nproc_per_node=2 train.py -m conf.py", "train.py"),
        ("torchrun --nproc_per_node=2 train conf.py", None),
        ("torchrun 2 train.py", None),
        ("Rscript fit.R", "fit.R"),
        ("Rscript --vanilla fit.R", "fit.R"),
        ("Rscript -e 1", None),
        ("accelerate launch train.py", None),
        ("cat train.py", None),
    ],
)
def test_the_file_that_a_command_surely_starts(line: str, started: str | None) -> None:
    assert started_file(tuple(line.split())) == started


@pytest.mark.parametrize(
    ("files", "module", "script", "more"),
    [
        (["train.py"], "train", "train.py", ()),
        (["a/train.py"], "a.train", "a/train.py", ()),
        (["a/__init__.py", "a/b/__init__.py", "a/b/train.py"], "a.b.train", "a/b/train.py", ("a", "a/b")),
        (["a/__init__.py", "a/__main__.py"], "a", "a/__main__.py", ("a",)),
        (["a/__main__.py"], "a", "a/__main__.py", ()),
        (["a.py", "a/__main__.py"], "a", "a.py", ()),
        (["a.py", "a/__init__.py", "a/__main__.py"], "a", "a/__main__.py", ("a",)),
        (["a.py", "a/__init__.py"], "a", "a/__main__.py", ("a",)),
        ([], "a.b", "a/b.py", ()),
    ],
)
def test_the_file_of_a_module_is_the_one_that_python_finds(
    project: Project, files: list[str], module: str, script: str, more: tuple[str, ...]
) -> None:
    project.write({name: f"print({name!r})\n" if "__init__" not in name else "" for name in files})
    found = of_module(module, SourceFolder(str(project.root), Digests()))
    assert (found.script, found.more, found.folders) == (script, tuple(f"{name}/__init__.py" for name in more), ("",))
    told = _by_python(project.root, module)
    assert told == (script if script in files else None)


def _by_python(folder: Path, module: str) -> str | None:
    """Return the file that ``python -m`` starts, None if it finds none."""
    code = f"import runpy, sys\nsys.path.insert(0, '.')\nrunpy.run_module({module!r}, run_name='__main__')"
    words = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(words, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    return done.stdout.strip() if done.returncode == 0 else None
