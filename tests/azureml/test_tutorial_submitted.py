"""The end of docs/tutorials/first-pipeline.md: its project, submitted to the loopback service of v2."""

from __future__ import annotations

import re
import runpy
import shlex
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.loopback.storage import KEY, storing
from tests.loopback_v2.lesson import a_lesson_v2
from tests.loopback_v2.serving import quiet
from tests.tutorial import files

pytestmark = quiet

PAGE = (ROOT / "docs" / "tutorials" / "first-pipeline.md").read_text(encoding="utf-8")
_, _, AFTER = PAGE.partition("<!-- run: tests/azureml/test_tutorial_submitted.py -->\n```console\n")


@pytest.mark.more
def test_the_project_of_the_tutorial_is_submitted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The installation is done, and the login is that of the tests; what remains is the last command."""
    install, login, command = re.findall(r"^\$ (.*)$", AFTER.partition("```")[0], re.MULTILINE)
    assert (install, login) == ('pip install "aml-pipeline-yaml[azureml-v2]"', "az login")
    with a_lesson_v2(tmp_path, monkeypatch) as lesson, storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        lesson.service.unlock("AccountKey", KEY)
        lesson.write(files(PAGE))
        monkeypatch.chdir(lesson.root)
        runpy.run_path("make_flats.py")
        done = lesson.here(capsys, *shlex.split(command)[1:])
        assert done.status == 0, done.err
        (job,) = lesson.service.jobs.values()
        assert list(job["properties"]["jobs"]) == ["split", "train", "evaluate", "report"]
        assert any(name.endswith("/flats.csv") for name in storage.files())
