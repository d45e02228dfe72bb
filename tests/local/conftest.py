"""The project whose steps all ran, once for all tests of local runs."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.local.projects import ALL_DONE, CHAIN


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose steps all ran, to be copied."""
    project = Project(tmp_path_factory.mktemp("finished") / "project")
    project.write(CHAIN)
    assert project.run() == ALL_DONE
    return project.root


@pytest.fixture
def chain(finished: Path, tmp_path: Path) -> Project:
    """A project whose steps all ran, of this test's own."""
    shutil.copytree(finished, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")
