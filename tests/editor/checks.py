"""What an editor shows for pipeline.yaml: the real yaml-language-server, asked over its standard input and output.

``make check`` runs this; ``make test`` does not, for it needs node. ``▮`` in a text is where the cursor stands.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline import cli
from aml_pipeline.core.addresses import DOCS
from tests.editor.client import Server
from tests.pipeline.test_schema import AROUND, right_pipelines

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
LINE = "# yaml-language-server: $schema=aml_pipeline/pipeline.schema.json\n"
STEP = "name: x\nsteps:\n  train:\n    script: train.py\n"
WRITTEN = count()

SETTINGS = {
    "compute", "environment", "environment_variables", "identity", "python", "resources", "snapshot", "timeout",
}  # fmt: skip
OF_PIPELINE = SETTINGS | {
    "allow_reuse", "datasets", "description", "experiment", "name", "outputs", "parameters", "profiles", "publish",
    "retries", "schedules", "sdk", "source_directory", "steps", "tags", "version", "workspace",
}  # fmt: skip
OF_STEP = SETTINGS | {
    "after", "allow_reuse", "arguments", "command", "distribution", "inputs", "matrix", "module", "outputs", "retries",
    "script", "source_directory",
}  # fmt: skip
OF_ENVIRONMENT = {
    "conda_environment", "conda_file", "curated", "docker_image", "dockerfile", "name", "pip_requirements",
    "registered", "registry", "version",
}  # fmt: skip
OF_COMPUTE = {"idle_seconds_before_scaledown", "max_nodes", "min_nodes", "name", "vm_priority", "vm_size"}
OF_DATASET = {"datastore", "local", "mode", "optional", "path", "registered", "type", "upload", "url", "version"}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    node = shutil.which("node")
    assert node, "node is not installed"
    with Server([node, PROGRAM, "--stdio"], ROOT) as running:
        yield running


@dataclass
class Page:
    """A document that is open in the editor, and where its cursor stands."""

    server: Server
    uri: str
    line: int = 0
    character: int = 0

    def _at_cursor(self, question: str) -> Any:  # noqa: ANN401 - JSON
        position = {"line": self.line, "character": self.character}
        return self.server.ask(f"textDocument/{question}", {"textDocument": {"uri": self.uri}, "position": position})

    def completions(self) -> dict[str, dict[str, Any]]:
        """What may stand at the cursor, by label."""
        answer = self._at_cursor("completion")
        return {one["label"]: one for one in (answer["items"] if isinstance(answer, dict) else answer)}

    def hover(self) -> str:
        """What is shown when the mouse rests at the cursor."""
        return str(self._at_cursor("hover")["contents"]["value"])

    def problems(self) -> list[tuple[int, str, str]]:
        """What is underlined: line (from 1), the underlined text's place and the message, in order."""
        found = self.server.diagnostics(self.uri)
        places = [(one["range"]["start"], one["range"]["end"], one["message"]) for one in found]
        return sorted(
            (start["line"] + 1, f"{start['character']}-{end['character']}", text) for start, end, text in places
        )


@pytest.fixture
def opened(server: Server) -> Callable[..., Page]:
    """Open a text under a name of its own, so that no answer about an earlier one is taken for that about this one."""

    def open_text(text: str, folder: Path = ROOT) -> Page:
        before, _, after = text.partition("▮")
        uri = (folder / f"opened-{next(WRITTEN)}.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": before + after}
        server.tell("textDocument/didOpen", {"textDocument": document})
        return Page(server, uri, before.count("\n"), len(before.rpartition("\n")[2]))

    return open_text


def test_the_server_is_the_one_that_is_pinned() -> None:
    wanted = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]["yaml-language-server"]
    there = json.loads((PROGRAM.parents[1] / "package.json").read_text(encoding="utf-8"))["version"]
    assert there == wanted


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("▮", OF_PIPELINE),
        (f"{STEP}▮", OF_PIPELINE - {"name", "steps"}),
        ("name: x\nsteps:\n  train:\n    ▮", OF_STEP),
        (f"{STEP}    ▮", OF_STEP - {"script"}),
        (f"{STEP}    environment:\n      ▮", OF_ENVIRONMENT),
        (f"{STEP}environment:\n  name: e\n  ▮", OF_ENVIRONMENT - {"name"}),
        (f"{STEP}compute:\n  ▮", OF_COMPUTE),
        (f"{STEP}compute:\n  name: c\n  ▮", OF_COMPUTE - {"name"}),
        (f"{STEP}datasets:\n  images:\n    ▮", OF_DATASET),
        (f"{STEP}parameters:\n  epochs:\n    ▮", {"choices", "default", "description", "maximum", "minimum", "type"}),
        (
            f"{STEP}    outputs:\n      model:\n        ▮",
            {"argument", "datastore", "may_be_empty", "mode", "model", "overwrite", "path", "register_as", "type"},
        ),
        (
            f"{STEP}schedules:\n  nightly:\n    ▮",
            {"cron", "datasets", "parameters", "recurrence", "reuse", "time_zone"},
        ),
        (
            f"{STEP}schedules:\n  nightly:\n    recurrence:\n      ▮",
            {"frequency", "hours", "interval", "minutes", "start_time", "week_days"},
        ),
        (
            f"{STEP}profiles:\n  quick:\n    ▮",
            {
                "compute",
                "datasets",
                "environment",
                "experiment",
                "parameters",
                "publish",
                "python",
                "schedules",
                "sdk",
                "steps",
                "tags",
                "workspace",
            },
        ),
        (
            f"{STEP}profiles:\n  quick:\n    steps:\n      train:\n        ▮",
            {"compute", "distribution", "environment", "environment_variables", "matrix", "timeout"},
        ),
        (f"{STEP}environment_variables:\n  TOKEN:\n    ▮", {"secret"}),
        (f"{STEP}resources:\n  ▮", {"docker_arguments", "shm_size"}),
        (f"{STEP}    resources:\n      ▮", {"docker_arguments", "shm_size"}),
    ],
)
def test_it_offers_the_keys_that_may_stand_there(opened: Callable[..., Page], text: str, labels: set[str]) -> None:
    found = opened(LINE + text).completions()
    keys = {label for label, one in found.items() if one["kind"] == 10}  # of a property
    assert keys == labels
    # Beside them, one entry that writes all keys which must be there, under the name of the thing.
    assert found.keys() - keys <= {"Compute", "Parameter", "Pipeline", "Recurrence", "Secret", "Step"}
    assert all(found[key]["documentation"] for key in keys)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (f"{STEP}datasets:\n  images:\n    upload: ▮", {"true", "false"}),
        (f"{STEP}datasets:\n  images:\n    mode: ▮", {"mount", "download", "eval_mount", "eval_download"}),
        (f"{STEP}    outputs:\n      model:\n        mode: ▮", {"upload", "mount"}),
        (f"{STEP}compute:\n  vm_priority: ▮", {"dedicated", "lowpriority", "null"}),
        (
            f"{STEP}schedules:\n  nightly:\n    recurrence:\n      frequency: ▮",
            {"minute", "hour", "day", "week", "month"},
        ),
        (
            f"{STEP}parameters:\n  epochs:\n    default: 1\n    type: ▮",
            {"string", "integer", "number", "boolean", "null"},
        ),
        (f"{STEP}allow_reuse: ▮", {"true", "false"}),
        (f"{STEP}sdk: ▮", {"v1", "v2", "null"}),
        (f"{STEP}profiles:\n  quick:\n    sdk: ▮", {"v1", "v2", "null"}),
        (f"{STEP}timeout: ▮", {"10m", "null"}),
        (f"{STEP}identity: ▮", {"user", "managed", "null"}),
        (f"{STEP}resources:\n  shm_size: ▮", {"8g", "null"}),
        (f"{STEP}compute: ▮", {"cpu-cluster", "null"}),
        ("name: x\nsteps:\n  ▮", {"name"}),
        (
            f"{STEP}    inputs:\n      training: ▮",
            {"${{ datasets.archive }}", "${{ steps.prepare-data.outputs.images }}"},
        ),
        (
            f"{STEP}    arguments:\n      --x: ▮",
            {
                "${{ parameters.epochs }}", "${{ outputs.model }}", "${{ steps.prepare-data.outputs.images }}",
                "${{ datasets.archive }}", "${{ matrix.learning_rate }}", "true", "false",
            },
        ),
    ],
)  # fmt: skip
def test_it_offers_the_values_that_may_stand_there(opened: Callable[..., Page], text: str, labels: set[str]) -> None:
    assert opened(LINE + text).completions().keys() == labels


def test_what_it_writes_is_what_it_showed(opened: Callable[..., Page]) -> None:
    """Snippets: a place to fill is ``${1:text}``, and what is special in them stands behind a backslash."""

    def inserted(text: str, label: str) -> str:
        snippet = opened(LINE + text).completions()[label]["textEdit"]["newText"]
        return re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)\$\{\d+:((?:\\.|[^}\\])*)\}", r"\1", snippet))

    assert inserted(f"{STEP}    arguments:\n      --x: ▮", "${{ outputs.model }}") == "${{ outputs.model }}"
    assert inserted("name: x\nsteps:\n  train:\n    ▮", "script") == "script: train.py"
    assert inserted("name: x\nsteps:\n  train:\n    ▮", "module") == "module: package.train"
    assert inserted(f"{STEP}    ▮", "timeout") == "timeout: 10m"
    assert inserted(f"{STEP}    ▮", "inputs") == "inputs: \n  training: ${{ datasets.archive }}\n"
    wanted = "arguments: \n  --epochs: ${{ parameters.epochs }}\n  --output: ${{ outputs.model }}\n"
    assert inserted(f"{STEP}    ▮", "arguments") == wanted


@pytest.mark.parametrize(
    ("text", "said", "example"),
    [
        (f"{STEP}comp▮ute: cpu", "Compute target of the steps in Azure ML: a name, or a mapping.", "cpu-cluster"),
        (f"{STEP}compute: cp▮u", "Compute target of the steps in Azure ML: a name, or a mapping.", "cpu-cluster"),
        (
            f"{STEP}com▮pute:\n  name: cpu",
            "Compute target of the steps in Azure ML: a name, or a mapping.",
            "cpu-cluster",
        ),
        (f"{STEP}compute:\n  vm_s▮ize: x", "VM size of the nodes.", "STANDARD_D2_V2"),
        (STEP.replace("script", "scr▮ipt"), "The Python script, relative to", "train.py"),
        (f"{STEP}    argu▮ments: []", "Options and their values, in order;", "--epochs: ${{ parameters.epochs }}"),
        (f"{STEP}    in▮puts: {{}}", "Data that the step reads, by the name", "training: ${{ datasets.archive }}"),
        (f"{STEP}    inputs:\n      tr▮aining: x", "The data that the step reads", "${{ datasets.archive }}"),
        (f"{STEP}    arguments:\n      --ep▮ochs: 2", "Value of this option:", "${{ parameters.epochs }}"),
        (f"{STEP}    arguments:\n      - --ep▮ochs: 2", "Value of this option:", "${{ parameters.epochs }}"),
        (
            f"{STEP}environ▮ment:\n  name: e\n  curated: c",
            "The packages that the steps run with: a name and one definition.",
            "name: pytorch-env\nconda_file: .azureml/pytorch-env.yml",
        ),
        (f"{STEP}datasets:\n  a:\n    up▮load: true", "is uploaded before it is needed in Azure ML", "true"),
        (f"{STEP}datasets:\n  a:\n    mo▮de: mount", "How a node in Azure ML gets the data:", "download"),
        (STEP.replace("script: train.py", "mod▮ule: a.b"), "Instead of a script: a module of", "package.train"),
        (f"{STEP}time▮out: ", "Maximum duration of a step.", "10m"),
        (f"{STEP}    af▮ter: [a]", "Steps that must run first, even if their outputs are not read.", "- prepare-data"),
        (f"{STEP}ident▮ity: user", "Who the steps are when they access data in Azure ML v2:", "managed"),
        (f"{STEP}environment: {{docker▮file: a/b}}", "A Dockerfile that builds the image,", "docker/Dockerfile"),
        (f"{STEP}environment: {{regis▮try: a}}", "The registry that contains the", "azureml"),
        (f"{STEP}resources: {{shm▮_size: 8g}}", "Shared memory of the container", "8g"),
        (f"{STEP}work▮space: s/g/w", "Workspace: subscription/group/name, or", ".azureml/dev.json"),
        (f"{STEP}ta▮gs: {{team: a}}", "Tags of its runs in Azure ML.", "team: vision"),
        (f"{STEP}    pyt▮hon: python3", "Python that runs the steps locally:", ".venv/bin/python"),
        (f"{STEP}environment_variables:\n  TOKEN: {{sec▮ret: a}}", "Name of the secret in the key vault", "my-token"),
        (f"{STEP}x-com▮mon: {{}}", "Ignored; a place for anchors.", "timeout: 10m"),
    ],
)
def test_it_explains_a_key_with_an_example(opened: Callable[..., Page], text: str, said: str, example: str) -> None:
    shown = opened(LINE + text).hover()
    assert said in shown
    assert f"Example:\n\n```yaml\n{example}\n" in shown
    assert "||" not in shown, "alternatives"


def test_it_explains_what_a_name_of_the_users_own_stands_for(opened: Callable[..., Page]) -> None:
    assert "A program and its arguments" in opened(LINE + STEP.replace("train:", "tra▮in:")).hover()


WORDS = "Write lower-case letters and digits, in words joined by _, and no name that Azure ML reserves."
BAD = f"""\
{LINE}name: x
compute: [cpu]
timeout: 10
steps:
  train:
    scriptt: train.py
    retries: many
    after: prepare
    arguments:
      --flag: null
  Prepare_Data:
    script: /prepare.py
parameters:
  path: 1
datasets:
  a: {{local: data, mode: copy}}
environment: pytorch
matrix: [1]
"""


def test_it_underlines_mistakes_where_they_are(opened: Callable[..., Page]) -> None:
    kinds = "string, number, boolean"
    assert opened(BAD).problems() == [
        (3, "9-14", "Incorrect type. Expected one of string, object, null."),
        (4, "9-11", "Incorrect type. Expected one of string, null."),
        (6, "2-7", 'Missing property "script".'),
        (7, "4-11", "Property scriptt is not allowed."),
        (8, "13-17", "Incorrect type. Expected one of integer, null."),
        (9, "11-18", 'Incorrect type. Expected "array".'),
        (11, "14-18", f"Incorrect type. Expected one of {kinds}, array."),
        (12, "2-14", "Write lower-case letters and digits, in words joined by -."),
        (13, "12-23", "Write a path relative to the folder of this file, with / between folders."),
        (15, "2-6", WORDS),
        (17, "25-29", 'Value is not accepted. Valid values: "mount", "download", "eval_mount", "eval_download".'),
        (18, "13-20", "Incorrect type. Expected one of object, null."),
        (19, "0-6", "Property matrix is not allowed."),
    ]


def test_it_underlines_a_step_that_runs_nothing_or_two_things(opened: Callable[..., Page]) -> None:
    others = "  none: {}\n  file: {module: a/b.py}\n  line: {command: bash a.sh}\n"
    found = opened(f"{LINE}{STEP}    command: [bash, a.sh]\n{others}").problems()
    assert [(line, told) for line, _, told in found] == [
        (5, "Matches multiple schemas when only one must validate."),
        (7, 'Missing property "script".'),
        (8, "Write the name of a module, such as package.train."),
        (9, 'Incorrect type. Expected "array".'),
    ]


def test_it_underlines_a_destination_that_is_none(opened: Callable[..., Page]) -> None:
    wrong = (
        "workspace: vision\nsdk: v3\ntags: {pipeline: x, team: [a]}\nenvironment_variables: {A: {secret: a_b}, B: {}}\n"
    )
    assert [(line, told) for line, _, told in opened(f"{LINE}{STEP}{wrong}").problems()] == [
        (6, "Write subscription/group/name, or the path of a config.json."),
        (7, 'Value is not accepted. Valid values: "v1", "v2", null.'),
        (8, "Incorrect type. Expected one of string, number."),
        (8, "aml-pipeline sets this tag itself. Choose another name."),
        (9, "Write at most 127 letters, digits and -."),
        (9, 'Missing property "secret".'),
    ]


def test_it_underlines_a_container_that_cannot_be(opened: Callable[..., Page]) -> None:
    wrong = "identity: root\nresources: {shm_size: 8 GB, docker_arguments: --init, gpus: 1}\n"
    assert [(line, told) for line, _, told in opened(f"{LINE}{STEP}{wrong}").problems()] == [
        (6, 'Value is not accepted. Valid values: "user", "managed", null.'),
        (7, "Write it like 512m or 8g."),
        (7, 'Incorrect type. Expected "array".'),
        (7, "Property gpus is not allowed."),
    ]


def test_it_underlines_an_upload_that_is_no_size(opened: Callable[..., Page]) -> None:
    rows = {"true": None, "50 GB": None, "1TB": None, "50": "Incorrect type. Expected one of boolean, string.",
            "50 GiB": "Write true to allow 10 GB, or a larger limit like 50 GB."}  # fmt: skip
    data = "".join(f"  a{number}: {{local: a, upload: {row}}}\n" for number, row in enumerate(rows))
    told = {line: text for line, _, text in opened(f"{LINE}{STEP}datasets:\n{data}").problems()}
    assert told == {7 + number: text for number, text in enumerate(rows.values()) if text}


def test_it_underlines_inputs_that_are_no_data(opened: Callable[..., Page]) -> None:
    data = "Write ${{ datasets.NAME }} or ${{ steps.STEP.outputs.NAME }}."
    rows = {
        "a: ${{ datasets.x }}": None,
        "b: ${{steps.x-y.outputs.z_1}}": None,
        "c: ${{ parameters.x }}": data,
        "d: 1": 'Incorrect type. Expected "string".',
        "e: ${{ datasets.x }}/y": data,
        "path: ${{ datasets.x }}": WORDS,
    }
    block = "".join(f"      {row}\n" for row in rows)
    told = {line: message for line, _, message in opened(f"{LINE}{STEP}    inputs:\n{block}").problems()}
    assert told == {line: message for line, message in enumerate(rows.values(), 7) if message}


def test_it_underlines_a_name_that_is_missing(opened: Callable[..., Page]) -> None:
    assert opened(f"{LINE}steps: {{a: {{script: a.py}}}}\n").problems() == [(2, "0-1", 'Missing property "name".')]


ANCHORS = f"""\
{LINE}x-common: &common
  timeout: 10m
  environment_variables: &variables {{A: 1}}
x-more: &more
  three: {{script: three.py}}
x-values: &values {{epochs: 1}}
name: x
parameters: {{<<: *values, seed: 0}}
steps:
  <<: *more
  one: &one
    <<: *common
    script: one.py
    environment_variables: {{<<: *variables, B: 2}}
    arguments: {{"<<": {{--a: 1}}, --b: true}}
  two:
    <<: [*one, *common]
    retries: 1
  four:
    script: four.py
    environment_variables: {{<<: *variables, B: 2}}
"""


@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(re.sub("^# yaml.*\n", "", text), id=name) for name, text in right_pipelines()),
        pytest.param(ANCHORS.removeprefix(LINE), id="anchors and merge keys"),
        pytest.param(json.dumps(AROUND), id="JSON"),
        pytest.param(f"{STEP}compute:\nenvironment:\ntimeout:\n", id="keys whose values are still to come"),
    ],
)
def test_it_underlines_nothing_in_a_file_that_is_right(opened: Callable[..., Page], text: str) -> None:
    assert opened(LINE + text).problems() == []


def test_the_shipped_file_as_it_stands(opened: Callable[..., Page]) -> None:
    text = (ROOT / "pipeline.yaml").read_text(encoding="utf-8")
    assert text.startswith(LINE)
    assert opened(text).problems() == []
    assert "The steps, by name." in opened(text.replace("\nsteps", "\nst▮eps")).hover()


def test_what_init_writes_works_at_once(
    opened: Callable[..., Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "a b é"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert cli.run(["init"], {}) == 0
    text = (folder / "pipeline.yaml").read_text(encoding="utf-8")
    assert opened(text, folder).problems() == []
    assert "The Python script, relative to" in opened(text.replace("script:", "scr▮ipt:"), folder).hover()
    assert opened(f"{text}    ▮", folder).completions().keys() >= OF_STEP - {"script", "arguments"}
    assert [told for *_, told in opened(f"{text}unknown: 1\n", folder).problems()] == [
        "Property unknown is not allowed."
    ]


def test_the_settings_that_init_writes_for_vs_code_find_the_schema(tmp_path: Path) -> None:
    """Without the comment in the file: a person deleted it."""
    assert cli.run(["init", str(tmp_path / "new"), "--vscode"], {}) == 0
    settings = json.loads((tmp_path / "new" / ".vscode" / "settings.json").read_text(encoding="utf-8"))
    with Server(
        [shutil.which("node") or "node", PROGRAM, "--stdio"], tmp_path / "new", settings["yaml.schemas"]
    ) as own:
        uri = (tmp_path / "new" / "pipeline.yaml").as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": "name: x\nstps: {}\n"}
        own.tell("textDocument/didOpen", {"textDocument": document})
        told = [message for _, _, message in Page(own, uri).problems()]
        assert "Property stps is not allowed." in told


def test_the_schema_has_the_form_that_schemastore_takes() -> None:
    """SchemaStore has only the entry; the schema itself is on our site."""
    entry = json.loads((HERE / "schemastore.json").read_text(encoding="utf-8"))
    assert list(entry) == ["name", "description", "fileMatch", "url"]
    assert "schema" not in f"{entry['name']} {entry['description']}".lower()
    assert all("aml-pipeline" in pattern for pattern in entry["fileMatch"]), "other programs read pipeline.yaml, too"
    schema = json.loads((ROOT / "aml_pipeline" / "pipeline.schema.json").read_text(encoding="ascii"))
    assert schema["$id"] == entry["url"] == f"{DOCS}pipeline.schema.json"
    compiled = subprocess.run(
        [shutil.which("node") or "node", HERE / "strict.cjs", ROOT / "aml_pipeline" / "pipeline.schema.json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (compiled.returncode, compiled.stdout, compiled.stderr) == (0, "ok\n", "")
