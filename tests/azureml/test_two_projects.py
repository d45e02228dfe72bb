"""Whose things are: two projects that call a pipeline alike, and one project cloned to many places."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from aml_pipeline.azureml.workspace.origin import ID_FILE, normalised, origin
from aml_pipeline.core.errors import MachineError
from tests.azureml.test_publish import SCHEDULES, UNCHANGED, publish, scheduled, writes
from tests.loopback.lesson import Done, Lesson
from tests.loopback.serving import quiet

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
REMOTE = "https://github.com/me/project"
OURS = "github.com/me/project:pipeline.yaml"
THEIRS = "github.com/you/other:pipeline.yaml"


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


def with_remote(folder: Path, address: str) -> None:
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", address)


@pytest.fixture(name="lesson")
def _of_a_repository(lesson: Lesson) -> Lesson:
    scheduled(lesson)
    (lesson.root / ID_FILE).unlink()
    with_remote(lesson.root, REMOTE)
    return lesson


@pytest.fixture(name="other")
def _other(lesson: Lesson, tmp_path: Path) -> Lesson:
    other = lesson.clone(tmp_path / "other")
    git(other.root, "remote", "set-url", "origin", "git@github.com:you/other.git")
    return other


def stored(lesson: Lesson) -> str:
    """Return all that the workspace has published."""
    state = lesson.service.state
    return json.dumps([state.pipelines, state.endpoints, state.schedules])


def refused(lesson: Lesson, capsys: Capture, *words: str) -> Done:
    before = stored(lesson)
    lesson.service.forget()
    done = lesson.here(capsys, *words)
    assert (done.status, done.out, lesson.service.writes(), stored(lesson)) == (4, "", [], before)
    return done


def test_another_project_of_the_same_name_is_refused_before_anything_is_written(
    lesson: Lesson, other: Lesson, capsys: Capture
) -> None:
    publish(lesson, capsys)
    other.replace("steps/train.py", "'train'", "'of another project'")
    told = (
        f"Endpoint lesson was published by another project, {OURS}; this one is {THEIRS}. Rename the pipeline in the "
        "file (`name:`), or run `aml-pipeline publish --adopt`.\n"
    )
    for words in (["publish"], ["publish", "--dry-run"], ["publish", "--version", "previous"]):
        assert refused(other, capsys, *words).err == told
    listed = other.here(capsys, "schedules", "--remote").out
    assert [re.split(r"  +", row) for row in listed.splitlines()] == [
        ["lesson.nightly", "active", "every day at 02:00, Romance Standard Time",
         f"published by another project: {OURS}"],
        ["lesson.nightly", "not published", "every day at 02:00, Romance Standard Time"],
    ]  # fmt: skip
    (row, _) = json.loads(other.here(capsys, "schedules", "--remote", "--format", "json").out)
    assert row["origin"] == OURS


def test_what_is_adopted_changes_hands(lesson: Lesson, other: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    assert publish(other, capsys, "--adopt", "--dry-run") == [
        "+ published pipeline lesson version D",
        f"~ endpoint lesson default: D → D; taken over from {OURS}",
        f"~ schedule lesson.nightly taken over from {OURS}",
        "3 changes pending; nothing was changed.",
    ]
    assert lesson.service.writes() == []
    publish(other, capsys, "--adopt")
    assert writes(lesson) == ["POST Pipelines/Create", "PUT PipelineEndpoints/ID", "PUT Schedules/ID"]
    assert (
        publish(other, capsys, "--adopt")[-1] == publish(other, capsys)[-1] == ("Azure ML is up to date with the file.")
    )
    assert THEIRS in refused(lesson, capsys, "publish").err
    assert "--adopt first, then with --version" in other.here(capsys, "publish", "--adopt", "--version", "a").err


def test_an_adoption_that_was_interrupted_goes_on(lesson: Lesson, other: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    other.replace("pipeline.yaml", SCHEDULES.strip(), "description: Without a schedule.")
    lesson.service.fail("/Schedules/", 403, method="PUT")
    assert other.here(capsys, "publish", "--adopt").status == 4
    assert refused(other, capsys, "publish").err.startswith("Schedule lesson.nightly was published by another project")
    assert publish(other, capsys, "--adopt")[2] == "- schedule lesson.nightly no longer in the file"
    assert publish(other, capsys)[-1] == "Azure ML is up to date with the file."


def test_one_project_cloned_by_any_address_is_one(lesson: Lesson, tmp_path: Path, capsys: Capture) -> None:
    publish(lesson, capsys)
    clone = lesson.clone(tmp_path / "clone")
    git(clone.root, "remote", "set-url", "origin", "https://me:SECRETPAT@GitHub.com/Me/project.git/")
    assert publish(clone, capsys) == UNCHANGED
    clone.replace("steps/train.py", "'train'", "'trained'")
    publish(clone, capsys)
    sent = [json.dumps(one.body) for one in lesson.service.requests if one.body]
    assert [body for body in sent if f"@{OURS}" in body]
    assert not [body for body in sent if "SECRETPAT" in body]


def test_two_pipelines_of_one_name_in_one_repository_are_two(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    text = (lesson.root / "pipeline.yaml").read_text(encoding="utf-8")
    lesson.write({"team b.yaml": text.replace("epochs: 2", "epochs: 3")})
    done = refused(lesson, capsys, "publish", "-f", "team b.yaml")
    assert f"another project, {OURS}; this one is github.com/me/project:team%20b.yaml." in done.err


def test_what_older_versions_published_is_ours_and_gets_the_origin(lesson: Lesson, capsys: Capture) -> None:
    publish(lesson, capsys)
    _forget_origins(lesson)
    assert publish(lesson, capsys) == [
        "= published pipeline lesson version D",
        f"~ endpoint lesson default version 0; adds the origin {OURS} to its mark",
        f"~ schedule lesson.nightly adds the origin {OURS} to its mark",
        "2 changes made.",
    ]
    assert publish(lesson, capsys) == UNCHANGED


def _forget_origins(lesson: Lesson) -> None:
    state = lesson.service.state
    infos = [one["PipelineSubmissionInfo"] for one in state.schedules.values()]
    for thing in [*state.pipelines.values(), *state.endpoints.values(), *infos]:
        assert thing["Description"].endswith(f" @{OURS}")
        thing["Description"] = thing["Description"].removesuffix(f" @{OURS}")


def test_without_a_remote_an_id_is_kept_with_the_project(lesson: Lesson, tmp_path: Path, capsys: Capture) -> None:
    git(lesson.root, "remote", "remove", "origin")
    publish(lesson, capsys, "--dry-run")
    assert not (lesson.root / ID_FILE).exists()
    said = (
        "This project has no git remote, so what it publishes is marked with the id in .aml-pipeline-origin. "
        "Keep that file with the project, and commit it.\n"
    )
    publish(lesson, capsys, said=said)
    (identity,) = re.findall(r"^id-\w{16}$", (lesson.root / ID_FILE).read_text(), re.MULTILINE)
    clone = lesson.clone(tmp_path / "clone")
    assert publish(lesson, capsys) == publish(clone, capsys) == UNCHANGED
    (clone.root / ID_FILE).unlink()
    assert f"another project, {identity}:pipeline.yaml; this one is id-" in refused(clone, capsys, "publish").err
    assert not (clone.root / ID_FILE).exists()
    git(lesson.root, "remote", "add", "origin", REMOTE)  # its things stay its own when it gets a remote
    assert publish(lesson, capsys)[1] == f"~ endpoint lesson default version 0; adds the origin {OURS} to its mark"
    assert publish(lesson, capsys) == UNCHANGED


def test_the_file_of_the_id_is_no_part_of_a_step(lesson: Lesson, capsys: Capture) -> None:
    git(lesson.root, "remote", "remove", "origin")
    lesson.replace("pipeline.yaml", "source_directory: steps", "source_directory: .")
    for step in ("prepare", "train"):
        lesson.replace("pipeline.yaml", f"script: {step}.py", f"script: steps/{step}.py\n    snapshot: ['*']")
    assert lesson.here(capsys, "publish").status == 0
    assert (lesson.root / ID_FILE).exists()
    assert publish(lesson, capsys) == UNCHANGED


def test_a_repository_that_git_cannot_read_is_no_reason_to_forget_whose_things_are(
    lesson: Lesson, capsys: Capture
) -> None:
    (lesson.root / ".git" / "config").write_text("[broken")
    lesson.service.forget()
    done = lesson.here(capsys, "publish")
    assert (done.status, lesson.service.writes()) == (6, [])
    assert done.err.startswith(f"git cannot read the repository of {lesson.root}, and publish needs the address of ")


AZURE_DEVOPS = "dev.azure.com/org/my project/repo"


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        *(
            (text, "github.com/me/project")
            for text in (
                "https://github.com/me/project",
                "https://GITHUB.com/Me/Project.git",
                "https://me@github.com:443/me/project/",
                "https://x-access-token:ghs_abcdefgh12345678@github.com/me/project.git?a=b#c",
                "ssh://git@github.com/me/project.git",
                "ssh://git@github.com:22/me//project",
                "ssh://git@ssh.github.com:443/me/project.git",
                "git@github.com:me/project.git",
                "github.com:/me/project.git/",
                "git://github.com/me/project",
                " git@github.com:me/project ",
            )
        ),
        *(
            (text, AZURE_DEVOPS)
            for text in (
                "https://org@dev.azure.com/org/My%20Project/_git/repo",
                "git@ssh.dev.azure.com:v3/org/My%20Project/repo",
                "https://org.visualstudio.com/DefaultCollection/My%20Project/_git/repo",
                "https://org.visualstudio.com/My Project/_git/repo",
                "org@vs-ssh.visualstudio.com:v3/org/My%20Project/repo",
            )
        ),
        ("https://dev.azure.com/org/_git/repo", "dev.azure.com/org/repo/repo"),
        ("https://git.example/Team/Project.git", "git.example/Team/Project"),
        ("ssh://git@git.example:7999/Team/Project.git", "git.example/Team/Project"),
        ("/srv/git/project.git", "file:srv/git/project"),
        ("file:///srv/git/project.git/", "file:srv/git/project"),
        ("../git/project", "file:srv/git/project"),
    ],
)
def test_an_address_is_the_same_however_it_is_written(address: str, plain: str) -> None:
    assert normalised(address, "/srv/clone") == plain


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("https://me:pass/word@git.example/o/p", "word"),
        ("https://me:p@ss@git.example/o/p", "ss"),
        ("https://git.example/ghp_abcdefgh12345678/o/p", "ghp_"),
        ("https://:hunter2@git.example/o/p", "hunter2"),
    ],
)
def test_no_part_of_a_login_is_in_it(address: str, secret: str) -> None:
    assert secret not in normalised(address, "/")


def test_an_origin_fits_into_a_mark_wherever_the_file_lies(tmp_path: Path) -> None:
    with_remote(tmp_path, REMOTE)
    deep = tmp_path / ("a folder" * 20)
    deep.mkdir()
    (name,) = origin(str(deep / "pipeline.yaml")).names
    assert re.fullmatch(r"sha256:[0-9a-f]{32}", name)
    (tmp_path / "ä b").mkdir()
    assert origin(str(tmp_path / "ä b" / "p.yaml")).names == ("github.com/me/project:%C3%A4%20b/p.yaml",)
    assert origin(os.fsdecode(bytes(tmp_path) + b"/\xff.yaml")).names == ("github.com/me/project:%FF.yaml",)


def test_a_link_to_a_project_is_the_project(tmp_path: Path) -> None:
    (tmp_path / "repository" / "project").mkdir(parents=True)
    with_remote(tmp_path / "repository", REMOTE)
    (tmp_path / "link").symlink_to("repository/project")
    assert origin(str(tmp_path / "link" / "p.yaml")).names == ("github.com/me/project:project/p.yaml",)


def test_git_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_remote(tmp_path, REMOTE)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MachineError, match="git cannot read the repository of"):
        origin(str(tmp_path / "pipeline.yaml"))
