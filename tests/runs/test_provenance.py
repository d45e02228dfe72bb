from __future__ import annotations

import subprocess
from pathlib import Path

from aml_pipeline.runs.provenance import git_state


def _git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    return subprocess.run(
        ["git", "-C", str(folder), *identity, *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_no_repository_is_no_state(tmp_path: Path) -> None:
    assert git_state(str(tmp_path)) is None


def test_commit_branch_and_every_kind_of_dirty_file_are_told(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q", "-b", "main")
    for name in ("kept", "edited é.py", "moved", "removed"):
        (tmp_path / name).write_text(name * 10)
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "first")
    assert git_state(str(tmp_path)) == {"commit": _git(tmp_path, "rev-parse", "HEAD"), "branch": "main", "dirty": []}
    (tmp_path / "edited é.py").write_text("2")
    (tmp_path / "removed").unlink()
    _git(tmp_path, "mv", "moved", "moved here")
    (tmp_path / "new file").write_text("")
    state = git_state(str(tmp_path))
    assert state is not None
    assert sorted(state["dirty"]) == ["edited é.py", "moved here", "new file", "removed"]


def test_a_repository_without_a_commit_has_a_state(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q", "-b", "main")
    state = git_state(str(tmp_path))
    assert state is not None
    assert state["commit"] == "(initial)"
