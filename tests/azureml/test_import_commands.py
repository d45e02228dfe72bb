"""The command of a v2 job → what a step runs: the same words that bash makes of the line, or bash itself."""

import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.azureml.v2.imported import shell
from aml_pipeline.azureml.v2.imported.commands import started
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable

MIXED = "run ${{ parameters.epochs }}-x"
LITERAL, ABSENT = {"seed": "7", "phrase": "a b", "empty": "", "mixed": MIXED}, {"limit"}


def expression(kind: str, name: str) -> str | None:
    """Return what an input is: text, an optional one without a value, data, or a parameter."""
    if kind == "outputs":
        return f"${{{{ outputs.{name} }}}}"
    if name in LITERAL or name in ABSENT:
        return LITERAL.get(name)
    return f"${{{{ {'datasets' if name == 'data' else 'parameters'}.{name} }}}}"


@pytest.fixture
def code(tmp_path: Path) -> str:
    for name in ("train.py", "src/train.py", "pkg/__main__.py", "pkg/fit.py", "run.sh", "train.R"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    return str(tmp_path)


FROM_ROOT = 'PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"'
DATA, EPOCHS = "${{ datasets.data }}", "${{ parameters.epochs }}"
SAID: dict[str, dict[str, Any]] = {
    "python train.py": {"script": "train.py"},
    "python train.py --data ${{inputs.data}} --epochs ${{ inputs.epochs }} --out ${{outputs.model}}\n": {
        "script": "train.py",
        "arguments": {"--data": DATA, "--epochs": EPOCHS, "--out": "${{ outputs.model }}"},
    },
    "python train.py --layers 64 0.10 -1 --fast": {
        "script": "train.py",
        "arguments": {"--layers": [64, 0.1, -1], "--fast": True},
    },
    "python train.py fit --set a=1 --set 'b c'": {
        "script": "train.py",
        "arguments": ["fit", {"--set": "a=1"}, {"--set": "b c"}],
    },
    "python train.py --a='x y' \\\n  --data=${{inputs.data}}/x.csv": {
        "script": "train.py",
        "arguments": ["--a=x y", f"--data={DATA}/x.csv"],
    },
    "python train.py --seed ${{inputs.seed}} --phrase ${{inputs.phrase}}": {
        "script": "train.py",
        "arguments": {"--seed": 7, "--phrase": ["a", "b"]},
    },
    "python train.py --label ${{inputs.mixed}} --whole '${{inputs.mixed}}'": {
        "script": "train.py",
        "arguments": {"--label": ["run", "${{ parameters.epochs }}-x"], "--whole": MIXED},
    },
    "python train.py $[[--limit ${{inputs.limit}}]] $[[--seed ${{inputs.seed}}]]": {
        "script": "train.py",
        "arguments": {"--seed": 7},
    },
    "python -m pkg --x 1": {"module": "pkg", "arguments": {"--x": 1}},
    "python -m pkg.fit": {"module": "pkg.fit"},
    "python -m torch.distributed.run train.py": {"command": ["python", "-m", "torch.distributed.run", "train.py"]},
    # Without its folder on the search path, a script in a subfolder is none that pipeline.yaml runs.
    f"{FROM_ROOT} python src/train.py --x y": {"script": "src/train.py", "arguments": {"--x": "y"}},
    "python src/train.py --x y": {"command": ["python", "src/train.py"], "arguments": {"--x": "y"}},
    f"{FROM_ROOT} python train.py": {"command": ["bash", "-c", f"{FROM_ROOT} python train.py"]},
    "python missing.py -v": {"command": ["python", "missing.py"], "arguments": {"-v": True}},
    "python -u train.py 1": {"command": ["python", "-u", "train.py"], "arguments": [1]},
    "python3 train.py": {"command": ["python3", "train.py"]},
    "Rscript train.R --data ${{inputs.data}}": {"command": ["Rscript", "train.R"], "arguments": {"--data": DATA}},
    "torchrun --nproc-per-node 2 train.py --x 1": {
        "command": ["torchrun", "--nproc-per-node", "2", "train.py"],
        "arguments": {"--x": 1},
    },
    "tar xf ${{inputs.data}} -C out": {"command": ["tar", "xf"], "arguments": [DATA, {"-C": "out"}]},
    "echo 'true' \"\"": {"command": ["echo", "true", ""]},
    "bash run.sh '*' 'a;b'": {"command": ["bash", "run.sh"], "arguments": ["*", "a;b"]},
    # What a shell must read.
    "pip install x && python train.py": {"command": ["bash", "-c", "pip install x && python train.py"]},
    "python train.py --data ${{inputs.data}} > log": {
        "command": ["bash", "-c"],
        "arguments": [f"python train.py --data {DATA} > log"],
    },
    "ls ${{inputs.data}}\npython train.py\n": {"command": ["bash", "-c"], "arguments": [f"ls {DATA}\npython train.py"]},
    "ls && echo done > '${{outputs.state}}'/done": {
        "command": ["bash", "-c"],
        "arguments": ["ls && echo done > '${{ outputs.state }}'/done"],
    },
    "exec python train.py": {"command": ["bash", "-c", "exec python train.py"]},
    "./run.sh": {"command": ["bash", "-c", "./run.sh"]},
    "X=1 python train.py": {"command": ["bash", "-c", "X=1 python train.py"]},
    "python train.py *.csv": {"command": ["bash", "-c", "python train.py *.csv"]},
    "python train.py  # done": {"command": ["bash", "-c", "python train.py  # done"]},
    "${{inputs.epochs}} x": {"command": ["bash", "-c"], "arguments": [f"{EPOCHS} x"]},
    # Values that bash would split, where they are pasted.
    "python train.py --name ${{inputs.title}}": {
        "command": ["bash", "-c"],
        "arguments": ["python train.py --name ${{ parameters.title }}"],
    },
    'python train.py --name "${{inputs.title}}" --empty ${{inputs.empty}}': {
        "script": "train.py",
        "arguments": {"--name": "${{ parameters.title }}", "--empty": True},
    },
    # What an export writes for itself.
    "python train.py '${{inputs.data}}' && echo done > '${{outputs.order}}'/done": {
        "script": "train.py",
        "arguments": [DATA],
    },
    "bash -c 'echo hi > '\\''x y'\\'''": {"command": ["bash", "-c", "echo hi > 'x y'"]},
    "bash -c 'cat '${{inputs.data}}' | wc'": {"command": ["bash", "-c"], "arguments": [f"cat {DATA} | wc"]},
}
VALUES = {"${{ parameters.epochs }}": "5", "${{ parameters.title }}": "two words"}


@pytest.mark.parametrize("command", SAID)
def test_a_command_becomes_the_keys_of_a_step(command: str, code: str) -> None:
    found = started(command, code, expression, VALUES)
    assert dict(found.keys) == SAID[command]
    assert found.marker == ("order" if "outputs.order" in command else "")


def test_without_code_no_file_is_a_script() -> None:
    assert started("python train.py", None, expression).keys == {"command": ["python", "train.py"]}


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("", "is empty"),
        ("python x.py --a ${{search_space.a}}", r"\$\{\{search_space.a\}\}, which is neither"),
        ("python x.py --a ${{inputs.limit}}", "is optional and has no value"),
        ("python x.py --a '$''{{b'", 'has "\\${{" as a text'),
        ("python x.py \ue0007\ue001", "U[+]E000"),
        ("python x.py --password hunter2", "looks like a secret"),
        ("export TOKEN=ab12cd34ef56gh78 && run", "looks like a secret"),
        (f"git clone x --auth ghp_{'a1' * 18}", "looks like a secret"),
        ("curl https://me:pa55word@example.com/", "looks like a secret"),
    ],
)
def test_a_command_that_cannot_be_said(command: str, reason: str) -> None:
    with pytest.raises(Unsayable, match=reason) as caught:
        started(command, None, expression)
    assert "hunter2" not in str(caught.value)
    assert "pa55word" not in str(caught.value)


PARTS = [
    *("a", "Bc", "0.10", "--x", "--y=", "=", "/", ".", ",", "é", "%", "@", "+", ":", "^", "-", "_", "x=1", "!", "]"),
    *(" ", " ", " ", "\t", "\\\n", "\\ ", "\\$", '\\"', "\\a", "'", "'", '"', '"', "''", '""', "'a b'", '"a b"'),
    *('"\\$x"', '"\\a"', '"$"', "'$x'", "#", "~", "$", "$x", "${x}", "*", "?", "[", "{", "{a,b}", "`", "|", "&", ";"),
    *("}", ">", "'\\'", "'\\\n'", "\n", "(", ")", "&&", "!", "<"),
]


def test_words_are_those_of_bash() -> None:
    chance = random.Random(0)  # noqa: S311 - no secret
    drawn = {"p" + "".join(chance.choices(PARTS, k=chance.randint(1, 7))) for _ in range(20_000)}
    plain = {line: words for line in sorted(drawn) if (words := shell.words(line)) is not None}
    script = "".join(f"printf '%s\\0' {line}\nprintf '\\1'\n" for line in plain)
    done = subprocess.run(["bash"], input=script.encode(), capture_output=True, check=True)
    seen = [block.split("\0")[:-1] for block in done.stdout.decode().split("\1")[:-1]]
    assert done.stderr == b""
    wrong = {line: words for (line, words), found in zip(plain.items(), seen, strict=True) if words != found}
    assert wrong == {}
    assert len(plain) > 1000


@pytest.mark.parametrize("word", ["cd", "source", "export", "exec", "if", "{", "time", ".", ":", "[["])
def test_words_of_the_shell_are_no_programs(word: str) -> None:
    assert shell.words(f"{word} x") is None
    assert shell.words(f"ls {word}x") is not None or word in "{[["
