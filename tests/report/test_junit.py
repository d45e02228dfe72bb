"""``report --format junit``: a real run, as the readers of CI services take it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from hypothesis import example, given
from hypothesis import strategies as some

from aml_pipeline.report.junit import junit
from aml_pipeline.report.reading import read
from aml_pipeline.report.story import Log, ShownRun, ShownStep
from aml_pipeline.runs.record import records
from tests.conftest import Project
from tests.page.recorded import HARM, START, Written, harmful, header, step

PIPELINE = """
    name: small
    parameters: {rate: 1}
    steps:
      make:
        script: make.py
      train:
        script: train.py
        after: [make]
        arguments: [--rate, "${{ parameters.rate }}"]
        environment_variables: {API_TOKEN: {secret: token}}
      tell:
        script: make.py
        after: [train]
"""
TRAIN = """
    import os, sys
    print(*range(100), sep="\\n")
    print("token", os.environ["API_TOKEN"], "\\x1b[31mred\\x1b[0m \\x00 </failure>]]>")
    sys.exit(3 if sys.argv[2] == "2" else 0)
"""


def parsed(text: str) -> ET.Element:
    """Return the one suite of a file, whose counts are those of its cases."""
    root = ET.fromstring(text)  # noqa: S314 - our own
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    for name, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(root.attrib[name]) == int(suite.attrib[name]) == len(suite.findall(f"testcase/{kind}"))
    assert int(root.attrib["tests"]) == int(suite.attrib["tests"]) == len(suite.findall("testcase"))
    return suite


def endings(suite: ET.Element) -> dict[str, list[tuple[str, str]]]:
    """Return what each case says of its end; nothing if it passed."""
    cases = suite.findall("testcase")
    return {case.attrib["name"]: [(each.tag, each.attrib["message"]) for each in case] for case in cases}


def test_a_run_that_failed(project: Project) -> None:
    secret = {"API_TOKEN": "not-to-be-seen-by-anyone"}
    project.write({"pipeline.yaml": PIPELINE, "make.py": "print('made')\n", "train.py": TRAIN})
    project.cli("run", environ=secret)
    place = Path(project.cli("report", "--format", "junit").stdout.strip())
    assert place == project.runs()[-1] / "junit.xml"
    suite = parsed(place.read_text(encoding="utf-8"))
    assert endings(suite) == {"make": [], "train": [], "tell": []}
    assert suite.attrib["name"] == "small"
    assert 0 < float(suite.findall("testcase")[1].attrib["time"]) < float(suite.attrib["time"])

    project.cli("run", "--param", "rate=2", status=1, environ=secret)
    suite = parsed(project.cli("report", "--format", "junit", "-o", "-").stdout)
    ended = endings(suite)
    assert ended["make"] == [("skipped", "up to date")]
    assert ended["tell"] == [("skipped", "not run: an earlier step failed")]
    ((kind, message),) = ended["train"]
    assert (kind, message.partition(".")[0]) == ("failure", "Its script failed (exit status 3)")
    lines = str(suite.findall("testcase/failure")[0].text).split("\n")
    assert lines[-2:] == ["99", "token *** red ␀ </failure>]]>"]
    assert len(lines) == 50


def test_a_run_without_an_end(tmp_path: Path) -> None:
    written = Written(tmp_path / "runs", "one", header(step("train"), step("tell")))
    written.step("train", state="interrupted", log=b"so far\n")
    (record,) = records(str(tmp_path / "runs"))
    suite = parsed(junit(read(record, "killed")))
    assert endings(suite) == {"train": [("error", "interrupted")], "tell": [("skipped", "not run")]}
    assert suite.findall("testcase/error")[0].text == "so far"
    assert "time" not in suite.attrib


def test_a_record_that_means_harm_is_well_formed(tmp_path: Path) -> None:
    record = harmful(tmp_path)
    assert parsed(junit(read(record, record.state))).findall("testcase")


@given(some.text(some.characters(), max_size=40) | some.just(HARM))
@example("\ud800\x00\x9b\ufffe\r\n]]>&")
def test_no_text_breaks_the_file(text: str) -> None:
    row = {"state": "failed", "message": text, "seconds": 1.5}
    steps = (ShownStep(text, {}, row, (), log=Log(text, 0, 0, text)),)
    suite = parsed(junit(ShownRun(text, "failed", {"pipeline": text, "started": START}, steps)))
    assert suite.attrib["timestamp"] == "2026-09-21T14:13:20"


def test_all_runs_are_refused(project: Project) -> None:
    project.write({"pipeline.yaml": "name: a\nsteps: {make: {script: make.py}}\n", "make.py": ""})
    project.cli("run")
    said = project.cli("report", "--all", "--format", "junit", status=2).stderr
    assert said == "--format junit reports on one run. Leave out --all.\n"
