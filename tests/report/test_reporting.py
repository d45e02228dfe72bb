"""``report``, ``compare``, ``runs`` and ``graph``, by the command line, on runs that really ran."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.core import files
from aml_pipeline.core.wording import size_in_words
from aml_pipeline.report import charts, document, parts, reading, series, shown_files
from aml_pipeline.report.markup import Html
from tests.conftest import ROOT, Project
from tests.loopback.lesson import a_lesson
from tests.loopback.script import Script, Step
from tests.loopback.serving import quiet
from tests.patience import PATIENCE, until

PIPELINE = """
    name: small
    source_directory: steps
    parameters: {rate: 0.5}
    steps:
      make:
        script: make.py
        arguments:
          --output: ${{ outputs.table }}
      train:
        script: train.py
        arguments:
          --data: ${{ steps.make.outputs.table }}
          --rate: ${{ parameters.rate }}
          --output: ${{ outputs.model }}
      tell:
        script: tell.py
        after: [train]
"""
TRAIN = """
    import sys
    rate = float(sys.argv[sys.argv.index("--rate") + 1])
    for number in range(1, 6):
        print(f"Attempted to log scalar metric loss:\\n{rate / number}")
    print(f"at {__file__}:1")
    print("</script><script>alert(1)</script> \\x1b[31mred\\x1b[0m")
    open(sys.argv[-1] + "/model.txt", "w").write(str(rate))
"""
MAKE = """
    import json, sys
    json.dump({"name": "tiny", "sizes": {"train": 3}}, open(sys.argv[-1] + "/dataset.json", "w"))
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that ran twice; nothing may change it."""
    project = Project(tmp_path_factory.mktemp("ran") / "a b é")
    scripts = {"steps/make.py": MAKE, "steps/train.py": TRAIN, "steps/tell.py": "print('told')\n"}
    project.write({"pipeline.yaml": PIPELINE, **scripts})
    project.cli("run")
    project.cli("run", "--param", "rate=0.25")
    return project


def test_report_writes_the_page_of_the_last_run_beside_its_record(ran: Project) -> None:
    place = Path(ran.cli("report").stdout.rstrip("\n"))
    assert place == ran.runs()[-1] / "report.html"
    text = place.read_text(encoding="utf-8")
    assert "parameter rate 0.5 → 0.25" in text
    assert "<dd>tiny</dd>" in text
    assert "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; red" in text
    assert f"at {ran.root}/steps/train.py:1\n" in text
    assert len(text) < 120_000


def test_report_writes_the_page_of_another_run_elsewhere(ran: Project, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    first = ran.runs()[0].name
    assert ran.cli("report", first, "-o", str(place)).stdout == f"{place}\n"
    assert f"<dd>{first}</dd>" in place.read_text(encoding="utf-8")
    assert ran.cli("report", first[-4:], "-o", "-").stdout == place.read_text(encoding="utf-8")


PAGES = [("report",), ("compare", "--page")]


@pytest.mark.parametrize("command", PAGES, ids=" ".join)
def test_a_page_that_can_be_written_nowhere_is_told(ran: Project, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("kept")
    gone, file, folder = tmp_path / "a b" / "gone", tmp_path / "file", tmp_path
    for place, said in [
        (gone / "x.html", f"Folder {gone} was not found. Create it, or name another file with -o FILE.\n"),
        (f"{gone}/", f"Folder {gone} was not found. Create it, or name another file with -o FILE.\n"),
        (file / "x.html", f"{file} is not a folder. Name another file with -o FILE.\n"),
        (folder, f"{folder} is a folder. Name a file in it: -o {folder}/page.html\n"),
        (f"{folder}/", f"{folder}/ is a folder. Name a file in it: -o {folder}/page.html\n"),
    ]:
        assert ran.cli(*command, "-o", str(place), status=2).stderr == said
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("file", "kept")]
    assert ran.cli(*command, "-o", "no/x.html", status=2).stderr.startswith("Folder no was not found. Create it, ")
    in_a_project = ran.cli(*command, "-f", str(ran.root / "pipeline.yaml"), "-o", "x.html", cwd=tmp_path)
    assert in_a_project.stdout == "x.html\n"
    assert (tmp_path / "x.html").stat().st_size > 10_000


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_where_no_page_may_be_written_another_place_is_the_cure(
    ran: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    def refuses(path: str, _data: bytes) -> None:
        raise OSError(number, "no", f"{path}.17.tmp")

    monkeypatch.setattr(files, "write", refuses)
    file = str(ran.root / "pipeline.yaml")
    for command in PAGES:
        assert cli.run([*command, "-f", file], os.environ) == 6
        (said,) = capsys.readouterr().err.splitlines()
        assert said == f"You cannot write to {ran.runs()[-1]}. Name another file with -o FILE."
        assert cli.run([*command, "-f", file, "-o", "/a/x.html"], os.environ) == 2
        assert capsys.readouterr().err.startswith("Folder /a was not found. ")


@pytest.mark.parametrize("command", PAGES, ids=" ".join)
def test_a_page_goes_into_a_pipe_and_leaves_it_there(ran: Project, tmp_path: Path, command: tuple[str, ...]) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, encoding="utf-8") as reader:
        try:
            assert ran.cli(*command, "-o", str(pipe)).stdout == f"{pipe}\n"
            assert reader.communicate(timeout=PATIENCE)[0] == ran.cli(*command, "-o", "-").stdout
        finally:
            reader.kill()  # which waits for a writer, if none came
    assert list(tmp_path.iterdir()) == [pipe]
    assert pipe.is_fifo()


def test_report_opens_the_page(ran: Project, tmp_path: Path) -> None:
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/opened"\n')
    browser.chmod(0o755)
    ran.cli("report", "--open", environ={"BROWSER": f"{browser} %s"})
    opened = tmp_path / "opened"
    assert (
        until(lambda: opened.read_text() if opened.exists() else "").rstrip()
        == (ran.runs()[-1] / "report.html").as_uri()
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "none"), 'Unknown run "none".'),
        (("report", "2"), '"2" matches 2 runs: '),
        (("compare", "none"), 'Unknown run "none".'),
        (("compare", "--open"), "-o and --open need --page."),
        (("compare", "-o", "x"), "-o and --open need --page."),
    ],
)
def test_a_run_that_cannot_be_meant_is_told(ran: Project, words: tuple[str, ...], said: str) -> None:
    assert ran.cli(*words, status=2).stderr.startswith(said)


def test_nothing_can_be_told_where_nothing_ran(project: Project) -> None:
    project.write({"pipeline.yaml": "name: p\nsteps: {a: {script: a.py}}\n", "a.py": ""})
    for command in ("report", "compare"):
        assert project.cli(command, status=2).stderr == "There are no runs yet. Start one with `aml-pipeline run`.\n"
    project.cli("run")
    assert project.cli("compare", status=2).stderr.startswith("`compare` needs two different runs, got ")


def test_compare_tells_what_differs_between_the_last_two_runs(ran: Project) -> None:
    text = ran.cli("compare").stdout
    first, second = (run.name for run in ran.runs())
    assert text.startswith(f"A  {first}\nB  {second}\n")
    rows = [row.split() for row in text.splitlines()]
    assert ["rate", "0.5", "→", "0.25"] in rows
    assert ["train.loss", "0.1", "→", "0.05", "-0.05"] in rows
    assert any(row[:1] == ["train.model"] and row[-2:] == ["content", "differs"] for row in rows)
    assert not any(row[:1] == ["make.table"] for row in rows)
    assert "\nWhat changed\n  train  parameter rate 0.5 → 0.25\n  tell   step train ran again\n\n" in text
    assert text.splitlines()[-1].startswith("No differences: ")
    assert text.endswith("packages.\n")
    assert ran.cli("compare", first, second).stdout == text
    assert ran.cli("compare", first).stdout == text


def test_compare_writes_a_page(ran: Project) -> None:
    place = Path(ran.cli("compare", "--page").stdout.rstrip("\n"))
    assert place == ran.runs()[1] / f"compared-with-{ran.runs()[0].name}.html"
    text = place.read_text(encoding="utf-8")
    assert '"label":"A train"' in text
    assert '"label":"B train"' in text


def test_runs_tell_what_was_changed_and_measured(ran: Project) -> None:
    heading, last, first = (line.split() for line in ran.cli("runs").stdout.splitlines()[:3])
    assert heading[-2:] == ["rate", "train.loss"]
    assert (last[-2:], first[-2:]) == (["0.25", "0.05"], ["0.5", "0.1"])
    told = json.loads(ran.cli("runs", "--format", "json").stdout)
    assert [row["changed"] for row in told] == [{"rate": 0.25}, {}]
    assert told[0]["steps"] == {"make": "up to date", "train": "done", "tell": "done"}


def test_runs_name_the_step_that_failed(project: Project) -> None:
    names = "abcdefg"
    rows = "".join(
        f"  {name}: {{script: {name}.py, after: [{','.join(names[:at][-1:])}]}}\n" for at, name in enumerate(names)
    )
    project.write({"pipeline.yaml": f"name: p\nsteps:\n{rows}", **dict.fromkeys([f"{name}.py" for name in names], "")})
    project.write({"c.py": "raise SystemExit(3)\n"})
    project.cli("run", status=1)
    assert "  failed: c  " in project.cli("runs").stdout


def test_outputs_are_recorded_with_their_sizes(ran: Project) -> None:
    for run in ran.runs():
        steps = json.loads((run / "run.json").read_text())["steps"]
        digest, files, size = steps["train"]["contents"]["model"]
        assert (len(digest), files, size) == (64, 1, len("0.5") if run == ran.runs()[0] else len("0.25"))
        assert "table" in steps["make"]["contents"]


def test_a_list_of_runs_reads_one_short_record_of_each(
    ran: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path / "many")
    shutil.copytree(ran.root, project.root, dirs_exist_ok=True, symlinks=True)
    kept = project.runs()[-1]
    for number in range(98):
        copy = kept.with_name(f"2020-01-01T00-00-00-{number:03}-{number:04x}")
        copy.mkdir()
        for name in ("run.json", "short.json"):
            (copy / name).write_text((kept / name).read_text().replace(kept.name, copy.name))
    looked_at: list[str] = []
    read = files.read

    def noted(path: str, most: int = -1) -> bytes:
        looked_at.append(path)
        return read(path, most)

    monkeypatch.setattr(files, "read", noted)
    assert cli.run(["runs", "-f", str(project.root / "pipeline.yaml")], os.environ) == 0
    assert len(capsys.readouterr().out.splitlines()) == 101
    records = [path for path in looked_at if f"{os.sep}runs{os.sep}" in path]
    assert sorted(records) == sorted(str(run / "short.json") for run in project.runs())


def test_a_list_is_the_same_from_short_records_and_from_whole_ones(ran: Project, tmp_path: Path) -> None:
    project = Project(tmp_path / "copy")
    shutil.copytree(ran.root, project.root, dirs_exist_ok=True, symlinks=True)
    for form in ("csv", "json"):
        short = project.cli("runs", "--format", form).stdout
        hidden = [
            (one, one.rename(one.with_name("hidden"))) for one in project.root.glob(".aml_pipeline/*/runs/*/short.json")
        ]
        assert len(hidden) == 2
        assert project.cli("runs", "--format", form).stdout == short
        for place, away in hidden:
            away.rename(place)
    (one, other) = (json.loads((run / "short.json").read_text()) for run in project.runs())
    assert not one.keys() & {"distributions", "parts"}
    assert one["git"] is None or one["git"].keys() == {"commit", "dirty"}
    assert other["plan"] == {"parameters": {"rate": {"text": "0.25", "default": "0.5", "type": "number", "limits": []}}}


def test_the_graph_is_drawn_for_mermaid(ran: Project) -> None:
    assert ran.cli("graph", "--format", "mermaid").stdout == (
        'flowchart LR\n  s1["make"]\n  s2["train"]\n  s3["tell"]\n  s1 -->|"table"| s2\n  s2 -.-> s3\n'
    )


def test_the_graph_is_drawn_for_graphviz(ran: Project, tmp_path: Path) -> None:
    text = ran.cli("graph", "--format", "dot").stdout
    assert '  "make" -> "train" [label="table"];\n  "train" -> "tell" [style=dashed];\n' in text
    if program := shutil.which("dot"):
        (tmp_path / "graph").write_text(text)
        subprocess.run([program, "-Tsvg", tmp_path / "graph"], check=True, capture_output=True)


def test_uplot_is_as_it_was_published() -> None:
    """The digests of uPlot 1.6.32 on the npm registry's package."""
    folder = ROOT / "aml_pipeline" / "report" / "uplot"
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in folder.iterdir()}
    assert found == {
        "LICENSE": "8f989229699b4fe2",
        "uPlot.iife.min.js": "19c8d4c6ad88929a",
        "uPlot.min.css": "df630c6a8d6f8eea",
    }


def masked(text: str) -> dict[str, list[str]]:
    """Return what ``compare`` printed by its parts, without what differs each time; those on time are left out."""
    for pattern, word in ((r"20\d\d-\S+", "RUN"), (r"\b[0-9a-f]{12}\b", "D"), (r" +", " ")):
        text = re.sub(pattern, word, text)
    parts = [part.splitlines() for part in text.strip().split("\n\n")]
    return {
        part[0]: part[1:] for part in parts if part[0] not in {"Run", "Durations"} and "No differences" not in part[0]
    }


def test_the_example_in_the_docs_is_what_compare_prints(ran: Project) -> None:
    page = (ROOT / "docs" / "reference" / "reports.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```text\n\$ aml-pipeline compare\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert masked(example) == masked(ran.cli("compare").stdout)


def test_the_docs_tell_the_limits_and_the_libraries_as_they_are() -> None:
    page = (ROOT / "docs" / "reference" / "reports.md").read_text(encoding="utf-8")
    assert f"| points of all curves | {series.MOST_POINTS:,}, selected by M4" in page
    most = f"{charts.MOST_CHARTS}, {series.MOST_SERIES} and {charts.MOST_CURVES}"
    assert f"| charts, curves per chart, curves in total | {most} |" in page
    assert f"the last {reading.LOGS_BYTES // 1000} kB and the last {reading.LOG_BYTES // 1000} kB" in page
    assert f"| rows of a table | {parts.MOST_ROWS:,}; if" in page
    pictures = [size_in_words(most) for most in (shown_files.PICTURE_BYTES, shown_files.PICTURES_BYTES)]
    assert f"| a picture, all pictures | {' and '.join(pictures)} |".replace("500.0", "500") in page
    assert f"| a file with a table; what is shown of it | {shown_files.TABLE_BYTES // 1000} kB; 20 rows" in page
    assert f"| files | {shown_files.MOST_FILES}, among" in page
    build = (ROOT / "aml_pipeline" / "report" / "uplot" / "uPlot.iife.min.js").read_text(encoding="utf-8")
    (version,) = re.findall(r"uPlot \(v([\d.]+)\)", build)
    assert f"uPlot](https://github.com/leeoniya/uPlot) {version}" in page
    made = document.document("", Html())
    assert f"uPlot {version}," in made
    assert "Permission is hereby granted" in made


def test_what_was_used_again_is_told_from_the_run_that_made_it(project: Project) -> None:
    project.write({"pipeline.yaml": PIPELINE, "steps/make.py": MAKE, "steps/train.py": TRAIN, "steps/tell.py": ""})
    project.cli("run")
    project.replace("pipeline.yaml", "after: [train]", "after: [train]\n    allow_reuse: false")
    project.cli("run")
    maker, _ = project.runs()
    text = Path(project.cli("report").stdout.rstrip("\n")).read_text(encoding="utf-8")
    assert f"<dt>Result of run</dt><dd>{maker.name}</dd>" in text
    assert '"value":[0.5,0.25,0.1666667,0.125,0.1]' in text
    (times,) = re.findall(r'"time":\[([\d.,]+)\]', text)
    assert all(0 < float(one) < 60 for one in times.split(","))
    assert "Final metrics" not in project.cli("compare").stdout
    (maker / "run.json").unlink()
    (maker / "short.json").unlink()
    assert "Result of run" in project.cli("report", "-o", "-").stdout


@quiet
def test_a_run_in_azure_ml_has_a_page_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_lesson(tmp_path, monkeypatch) as lesson:
        metrics = {"loss": [0.5, 0.25], "best": [1.0]}
        lesson.service.script = Script(steps={"train": Step(metrics=metrics, log="epoch 1\n</script>\n")})
        lesson.azure("submit", "--wait")
        (run,) = lesson.service.runs
        text = Path(lesson.cli("report").stdout.rstrip("\n")).read_text(encoding="utf-8")
        assert f"Run {run} in Azure ML, experiment lesson" in text
        assert "epoch 1\n&lt;/script&gt;\n" in text
        assert '"value":[0.5,0.25]' in text
        assert f"  {run}\n" in lesson.cli("runs").stdout
        lesson.azure("submit")
        assert "submitted" in Path(lesson.cli("report").stdout.rstrip("\n")).read_text(encoding="utf-8")
        assert "train.best" in lesson.cli("compare").stdout
