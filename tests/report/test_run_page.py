"""What the page of a run says beyond its texts: variants, what changed, links, the axis of time, charts that share."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from aml_pipeline.report.changes_part import Before
from aml_pipeline.report.charts import Curves, charts, topic
from aml_pipeline.report.code import Diff
from aml_pipeline.report.graph_picture import boxes_of
from aml_pipeline.report.reading import outline, read
from aml_pipeline.report.run_page import page
from aml_pipeline.report.series import Point, Series
from aml_pipeline.report.story import Log, ShownRun, ShownStep
from aml_pipeline.report.timeline import ticks
from tests.conftest import Project
from tests.page import recorded

SCRIPT = "import sys\nopen(sys.argv[-1] + '/model.txt', 'w').write(sys.argv[1])\n"
PIPELINE = """
    name: small
    source_directory: steps
    parameters: {rate: 0.5}
    steps:
      train:
        script: train.py
        arguments:
          --rate: ${{ parameters.rate }}
          --output: ${{ outputs.model }}
"""


def text_of(html: str) -> str:
    return re.sub(r"<[^>]+>", " ", html)


def test_variants_are_one_stacked_box_that_leads_to_their_table(tmp_path: Path) -> None:
    run = read(recorded.rich(tmp_path), "failed")
    boxes = boxes_of(run)
    assert [(box.title, box.words, box.state, box.place, list(box.needs)) for box in boxes[:3]] == [
        ("prepare-data", "done, 12.0 s", "done", "step-0", []),
        ("train ×6", "5 done, 1 failed", "failed", "variants-1", ["prepare-data"]),
        ("choose", "done, 2.0 s", "done", "step-7", ["train"]),
    ]
    text = page(run)
    assert text.count('class="stack"') == 1
    (table,) = re.findall(r'<div id="variants-1">(.*?)</table>', text)
    heads = "learning_rate batch_size State Duration epoch loss val_loss accuracy"
    words = " ".join(text_of(table).split())
    assert words.startswith(f"The 6 variants of train {heads} 0.001 4 done 20.0 s 40 0.")
    assert '<a href="#step-6">0.1</a>' in table
    assert "<b>train[learning_rate=0.1,batch_size=4]</b>" in text


def test_the_failed_steps_come_first_with_their_last_lines(tmp_path: Path) -> None:
    run = read(recorded.rich(tmp_path), "failed")
    (failed,) = (step for step in run.steps if step.state == "failed")
    printed = replace(failed, log=Log("a\nError: no\n\n", 13, 0, "log"))
    html = page(replace(run, steps=tuple(printed if step is failed else step for step in run.steps)))
    words = text_of(html[html.index('id="failure"') : html.index('id="results"')]).split()
    assert " ".join(words).count(f"Last line of its log {failed.title} exit status 1 Error: no") == 1
    assert 'id="failure"' not in page(replace(run, steps=tuple(step for step in run.steps if step is not failed)))


def test_defaults_have_a_column_if_a_value_differs(tmp_path: Path) -> None:
    run = read(recorded.rich(tmp_path), "failed")
    assert "Parameters of the run Parameter Value Default" in " ".join(text_of(page(run)).split())
    same = replace(run, header={**run.header, "parameters": {"epochs": "2"}})
    assert "all with their defaults Parameter Value epochs 2" in " ".join(text_of(page(same)).split())


def test_curves_of_variants_are_called_by_their_values(tmp_path: Path) -> None:
    text = page(read(recorded.rich(tmp_path), "failed"))
    assert '"label":"learning_rate=0.01 batch_size=16 val_loss"' in text
    assert '"name":"loss, val_loss"' in text
    assert '"name":"epoch"' not in text, "it is an axis"


@pytest.mark.parametrize(
    ("metrics", "shares"),
    [(("loss", "val_loss"), True), (("train/loss", "test/loss"), True), (("accuracy", "validation accuracy"), True),
     (("Loss", "loss.val"), True), (("loss", "accuracy"), False), (("test", "train"), False)],
)  # fmt: skip
def test_metrics_of_training_and_test_data_share_a_chart(metrics: tuple[str, str], shares: bool) -> None:  # noqa: FBT001
    points = [Point(1, 0.0, 1.0, None), Point(2, 1.0, 2.0, None)]
    made = charts([Curves("", 0.0, [Series("train", name, points) for name in metrics])])
    assert len(made.rows) == (1 if shares else 2)
    assert (topic(metrics[0]) == topic(metrics[1])) == shares
    looks = [(series["label"], series["colour"], series["dash"]) for row in made.rows for series in row["series"]]
    if shares:
        assert looks == [(f"train {metrics[0]}", 0, 0), (f"train {metrics[1]}", 0, 1)]
    else:
        assert looks == [("train", 0, 0), ("train", 0, 0)]


@pytest.mark.parametrize(
    ("length", "marks"),
    [(9.2, [0, 2, 4, 6, 8]), (59, [0, 10, 20, 30, 40, 50]), (0.001, [0, 0.0002, 0.0004, 0.0006, 0.0008]),
     (3_600, [0, 1_200, 2_400]), (86_400, [0, 21_600, 43_200, 64_800]), (1e9, None)],
)  # fmt: skip
def test_the_axis_of_time_has_a_few_round_marks(length: float, marks: list[float] | None) -> None:
    assert 2 <= len(ticks(length)) <= 6
    assert marks is None or ticks(length) == pytest.approx(marks)


def test_the_report_says_what_changed_since_the_run_before(project: Project) -> None:
    project.write({"pipeline.yaml": PIPELINE, "steps/train.py": SCRIPT})
    project.cli("run")
    assert 'id="changes"' not in project.cli("report", "-o", "-").stdout
    project.write({"steps/train.py": f"# new\n{SCRIPT}"})
    project.cli("run", "--param", "rate=0.25")
    first, second = (run.name for run in project.runs())
    place = Path(project.cli("report").stdout.strip())
    text = place.read_text()
    (changes,) = re.findall(r'<h2 id="changes">.*?</section>', text, re.DOTALL)
    assert "parameter rate 0.5 → 0.25" in changes
    assert "steps/train.py changed" in changes
    assert '<span class="added">+# new\n</span>' in changes
    assert f"<code>aml-pipeline compare {first} {second} --page</code>" in changes
    assert '<td class="number differs">0.5</td>' in text
    project.cli("compare", "--page")
    text = Path(project.cli("report").stdout.strip()).read_text()
    assert f'<a href="compared-with-{first}.html">Compare the two runs</a>' in text
    (link,) = re.findall(r'<a href="([^"]+)">[^<]*outputs/train/model</a>', text)
    assert (place.parent / link / "model.txt").read_text() == "--rate"
    elsewhere = project.cli("report", "-o", "-").stdout
    assert "outputs/train/model" in elsewhere
    assert 'href="..' not in elsewhere


def test_a_run_before_may_be_of_any_form() -> None:
    run = ShownRun("b", "done", recorded.header(), (ShownStep("a", {}, {"state": "done"}, ()),))
    before = ShownRun("<b>", "odd", {"parameters": [1], "plan": 3})
    text = page(run, Before(before, [Diff("<u>", ("+<u>",))]))
    assert "aml-pipeline compare &lt;b&gt; b --page" in text
    assert "<u>" not in text


def test_an_outline_is_read_without_events_and_logs(tmp_path: Path) -> None:
    record = recorded.quickstart(tmp_path)
    (Path(record.folder) / "events.jsonl").unlink()
    assert [(step.name, step.state) for step in outline(record).steps] == [
        ("prepare-data", "done"), ("train", "done"), ("register-environment", "done"),
    ]  # fmt: skip
