"""One reader of pip files: what is checked, what an environment is known by, and what Azure ML gets is the same."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aml_pipeline import cli
from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.v2 import export
from aml_pipeline.project.environment import unbuildable
from aml_pipeline.project.opening import Opened, open_pipeline
from tests.conftest import Project

PIPELINE = """
name: lesson
compute: cpu-cluster
environment: {name: training, pip_requirements: env/r.txt}
steps:
  train: {script: train.py}
"""


def opened(folder: Path, files: dict[str, str]) -> Opened:
    texts = {"pipeline.yaml": PIPELINE, "train.py": "", **files}
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return open_pipeline(str(folder / "pipeline.yaml"))


def sent(one: Opened) -> list[str]:
    """Return the lines for pip that Azure ML gets."""
    plan, project = one.plan, one.project
    assert plan
    assert project
    (image,) = export.images(plan, project).values()
    assert image.conda
    return list(json.loads(image.conda)["dependencies"][-1]["pip"])


LACKING = {
    "a list in the network": (
        "-r https://u:q8Zt@a.example/lists/base.txt?raw=1",
        (
            '"-r https://***@a.example/lists/base.txt?raw=1" is read from the network, but Azure ML receives only '
            'files of the project. Save it in the project and include the copy: "-r base.txt".'
        ),
    ),
    "a list of a variable": (
        "-r ${LIST}",
        (
            '"${LIST}" is an environment variable, which Azure ML does not have when it builds the image. Write its '
            "value; credentials belong in a connection of the workspace (`Workspace.set_connection`)."
        ),
    ),
    "a list of constraints in the network": (
        "-c https://a.example/bounds.txt",
        (
            '"https://a.example/bounds.txt" is a constraints file, which Azure ML does not support. Add the versions '
            "to the file that lists the packages."
        ),
    ),
    "this project": (
        "-e .",
        (
            '"-e ." is a local file or folder, which Azure ML does not have when it builds the image. Build a wheel '
            "of it and name that, or keep the code in the folder of the scripts."
        ),
    ),
    "a wheel at an address of this machine": (
        "ours @ file:///srv/ours-1.0-py3-none-any.whl",
        '"ours @ file:///srv/ours-1.0-py3-none-any.whl" is a local file or folder, which',
    ),
    "a list at an address of this machine": (
        "-r file:///srv/base.txt",
        '"-r file:///srv/base.txt" refers to local files',
    ),
    "a folder of wheels": (
        "--find-links ./wheels",
        (
            '"--find-links ./wheels" refers to local files, which Azure ML does not have when it builds the image. Use '
            "a URL that Azure ML can reach, or delete the line."
        ),
    ),
    "an index here": (
        "--extra-index-url file:///srv/simple",
        '"--extra-index-url file:///srv/simple" refers to local files',
    ),
    "a host that pip puts in": ("-i https://${HOST}/simple", '"${HOST}" is an environment variable'),
}


@pytest.mark.parametrize("case", LACKING)
def test_what_azure_ml_cannot_have_is_reported_at_its_line(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    line, words = LACKING[case]
    project.write({"pipeline.yaml": PIPELINE, "train.py": "", "env/r.txt": f"six\n  {line}  # why\n"})
    monkeypatch.chdir(project.root)
    told = f"env/r.txt:2:3: {words}"
    assert cli.run(["validate"], {}) == 0, "it runs here all the same"
    assert told.replace("2:3: ", "2:3: warning: ") in (out := capsys.readouterr().out)
    assert "q8Zt" not in out
    for command in (["export", "v2"], ["submit", "--dry-run"]):
        assert cli.run(command, {}) == 2
        assert told in (err := capsys.readouterr().err)
        assert "q8Zt" not in err
    assert not (project.root / "v2").exists()
    project.replace("pipeline.yaml", "compute: cpu-cluster\n", "")
    assert cli.run(["validate"], {}) == 0
    assert "local-package" not in capsys.readouterr().out, "the file is not meant for Azure ML"


def test_a_list_of_a_conda_file_that_is_in_the_network(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = PIPELINE.replace("pip_requirements: env/r.txt", "conda_file: e.yml")
    conda = "dependencies:\n- pip\n- pip:\n  - -r https://a.example/base.txt\n"
    project.write({"pipeline.yaml": pipeline, "train.py": "", "e.yml": conda})
    monkeypatch.chdir(project.root)
    assert cli.run(["export", "v2"], {}) == 2
    assert 'e.yml:4:5: "-r https://a.example/base.txt" is read from the network' in capsys.readouterr().err


def test_a_variable_that_the_image_may_set_is_no_mistake(tmp_path: Path) -> None:
    pipeline = PIPELINE.replace("{name: training,", "{name: training, docker_image: a.example/base:1,")
    one = opened(tmp_path, {"env/r.txt": "-i https://${TOKEN}@a.example\nsix\n", "pipeline.yaml": pipeline})
    assert one.plan
    assert one.project
    assert unbuildable.warnings(one.plan, one.project) == []


_PLAIN = ("six", "six==1.16", "numpy>=1.26,<3  # why", "# nothing", "", "six \\\n  --hash=sha256:aa", "--pre",
          "a;python_version<'3'", "-i https://a.example/simple", "b @ https://a.example/b.whl", "git+https://a.example/c#egg=c",
          "numpy\t# why", "six -r none.txt")  # fmt: skip
_INCLUDES = ("-r base.txt", "-rmore.txt", "--requirement=base.txt", "-r 'more.txt'  # why", "-r base.txt -r more.txt",
             "--requirem more.txt", "-r \\\n base.txt", "-r ./../env/more.txt")  # fmt: skip
_ELSEWHERE = ("-r https://a.example/base.txt", "-e .", "./lib", "-f wheels", "-c base.txt", "-r ${LIST}", "file:/a.whl",
              "d @ file:///d.whl", "-c https://a.example/c.txt", "-e . -r base.txt", "-r none.txt", "a==")  # fmt: skip
_LINES = st.lists(st.sampled_from((*_PLAIN, *_INCLUDES)) | st.sampled_from(_ELSEWHERE), max_size=4)
_BASE = st.lists(
    st.sampled_from((*_PLAIN, "-r more.txt", "-rmore.txt")) | st.sampled_from(_ELSEWHERE), max_size=4
).filter(
    lambda lines: not any("base.txt" in line for line in lines if "://" not in line)  # pip refuses a circle
)


@settings(deadline=None)  # pip is imported meanwhile
@given(
    first=_LINES, base=_BASE, more=st.lists(st.sampled_from(_PLAIN), max_size=2), end=st.sampled_from(["\n", "\r\n"])
)
@example(first=["-r https://a.example/base.txt"], base=[], more=[], end="\n")
@example(
    first=["-r base.txt", "six \\\n  --hash=sha256:aa"], base=["-r more.txt", "numpy\t# why"], more=["b"], end="\n"
)
def test_what_validate_calls_fine_can_be_sent_as_pip_reads_it(
    first: list[str], base: list[str], more: list[str], end: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        texts = {
            f"env/{file}.txt": end.join(lines)
            for file, lines in zip(("r", "base", "more"), (first, base, more), strict=True)
        }
        one = opened(Path(name), {file: text.replace("\n", end).replace("\r\r", "\r") for file, text in texts.items()})
        assert one.plan
        assert one.project
        warned = unbuildable.warnings(one.plan, one.project)
        refused = sendable.problems(one.plan, one.project, one.plan.steps)
        assert [(p.message, p.file, p.position) for p in warned] == [(p.message, p.file, p.position) for p in refused]
        lines = sent(one)  # of any text there is something to send, and nothing goes away
        if not warned and not one.loaded.problems:
            Path(name, "env", "sent.txt").write_text("\n".join(lines), encoding="utf-8")
            assert by_pip(f"{name}/env/sent.txt") == by_pip(f"{name}/env/r.txt")


def by_pip(place: str) -> list[tuple[str, bool, object]]:
    """Return the requirements of a file as pip itself reads them, each once: one file may be included twice."""
    reading = pytest.importorskip("pip._internal.req.req_file")
    from pip._internal.network.session import PipSession

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what pip itself is made of
        found = list(reading.parse_requirements(place, session=PipSession()))
    return list(dict.fromkeys((one.requirement, one.constraint, str(one.options)) for one in found))
