"""What a file reads from around it, by its syntax tree: variables, paths, inputs; and scripts that call nothing."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence

import pytest

from aml_pipeline.core.problems import Position
from aml_pipeline.project.script import definitions, kinds, paths, reads, variables
from aml_pipeline.project.script.known_variables import is_known
from aml_pipeline.project.script.scope import Scope


def _scope(text: str, *, starts: bool = True, named: Sequence[str] = ()) -> Scope:
    return Scope(ast.parse(text), text.encode(), starts=starts, named=frozenset(named))


# Text → the variables that are read, with a ? where the file can do without.
VARIABLES = {
    "import os\nos.environ['A']": ["A"],
    "import os as system\nsystem.environ['A']": ["A"],
    "from os import environ\nenviron['A']": ["A"],
    "from os import environ as e, getenv as g\ne.get('A'), g('B')": ["A", "B"],
    "import os\nNAME = 'A'\nos.environ[NAME]": ["A"],
    "import os\nfor name in ['A']:\n    os.environ[name]": [],
    "import os\nos.environ.get('A')": ["A"],
    "import os\nos.environ.get('A', None)": ["A"],
    "import os\nos.environ.get('A', 'x')": ["A?"],
    "import os\nos.getenv('A', default='x')": ["A?"],
    "import os\nos.getenv('A') or 'x'": ["A?"],
    "import os\nx or os.getenv('A')": ["A"],
    "import os\nif os.getenv('A'):\n    pass": ["A?"],
    "import os\nif not os.getenv('A') and x:\n    pass": ["A?"],
    "import os\nif os.getenv('A') == 'fast':\n    pass": ["A?"],
    "import os\nfast = os.environ.get('A') == '1'": ["A?"],
    "import os\nfast = os.environ.get('A') in ('1', 'true')": ["A?"],
    "import os\nfast = str(os.environ.get('A')).lower() == 'true'": ["A?"],
    "import os\nlevel = {'high': 1}.get(os.environ.get('A'), 2)": ["A?"],
    "import os\nv = os.environ.get('A')\nif v is None:\n    v = 'x'": ["A?"],
    "import os\nv = os.environ.get('A')\nif v:\n    print(v)": ["A?"],
    "import os\nv = os.environ.get('A')\nw = v or 'west'": ["A?"],
    "import os\nv = os.environ.get('A')\nw = {'a': 1}.get(v, 2)": ["A?"],
    "import os\nv, w = os.environ.get('A'), os.environ.get('B')\nif not v: pass\nif w: pass": ["A?", "B?"],
    "import os\nself.v = os.environ.get('A')\nif self.v: pass": ["A?"],
    "import os\nself.v = os.environ.get('A')\nif self.w: pass": ["A"],
    "import os\nos.environ.get('A') and print('x')": ["A?"],
    "import os\ndef f():\n    return os.environ.get('A')": ["A?"],
    "import os\ntry:\n    int(os.environ.get('A'))\nexcept TypeError:\n    pass": ["A?"],
    "import os\nmatch os.environ.get('A'):\n    case _: pass": ["A?"],
    "import os\nprint(os.environ.get('A'))": ["A?"],
    "import os\nClient(token=os.environ.get('A'))": ["A?"],
    "import os\nparser.add_argument('--a', default=os.environ.get('A'))": ["A"],
    "import os\nint(os.environ.get('A'))": ["A"],
    "import os\nif os.environ.get('A'):\n    open(os.environ['A'])": ["A?", "A?"],
    "import os\nif x:\n    open(os.environ.get('A'))": ["A"],
    "import os\nv = os.environ.get('A')\nopen(v)": ["A"],
    "import os\nv = os.environ['A']\nif v: pass": ["A"],
    "import os\nassert os.environ.get('A')": ["A"],
    "import os\nos.environ.get('A').split(',')": ["A"],
    "import os\nbool(os.getenv('A'))": ["A?"],
    "import os\nif (a := os.getenv('A')):\n    pass": ["A?"],
    "import os\nif os.getenv('A') is None:\n    pass\nos.environ['A']": ["A?", "A?"],
    "import os\nif 'A' in os.environ:\n    os.environ['A']": ["A?"],
    "import os\ntry:\n    os.environ['A']\nexcept KeyError:\n    pass": ["A?"],
    "import os\ntry:\n    os.environ['A']\nexcept ValueError:\n    pass": ["A"],
    "import os\ntry:\n    pass\nexcept KeyError:\n    os.environ['A']": ["A"],
    "import os\ntry:\n    def f():\n        return os.environ['A']\nexcept KeyError:\n    pass": ["A"],
    "from contextlib import suppress\nimport os\nwith suppress(KeyError):\n    os.environ['A']": ["A?"],
    "import os\nif TYPE_CHECKING:\n    os.environ['A']": [],
    "import os\nos.environ['A'] = 'x'": [],
    "import os\nos.environ.pop('A', None)": [],
    "environ = {}\nenviron['A']": [],
    "request.environ['A']": [],
}


@pytest.mark.parametrize(("text", "expected"), VARIABLES.items())
def test_variables_are_read_by_literal_names(text: str, expected: list[str]) -> None:
    found = variables.read(_scope(text))
    assert [f"{one.name}{'?' * one.has_fallback}" for one in found.read] == expected


@pytest.mark.parametrize(
    ("text", "names", "is_open"),
    [
        ("import os\nos.environ['A'] = 'x'", {"A"}, False),
        ("import os\nos.environ.setdefault('A', 'x')", {"A"}, False),
        ("import os\nos.putenv('A', 'x')", {"A"}, False),
        ("import os\nos.environ.update({'A': 'x'}, B='y')", {"A", "B"}, False),
        ("import os\nos.environ.update(given)", set(), True),
        ("import os\nos.environ.update({**given})", set(), True),
        ("import os\nos.environ |= given", set(), True),
        ("import os\nfor name in given:\n    os.environ[name] = 'x'", set(), True),
        ("from dotenv import load_dotenv\nload_dotenv()", set(), True),
        ("import os\nos.environ['A']", set(), False),
    ],
)
def test_variables_that_are_set_are_known(text: str, names: set[str], is_open: bool) -> None:  # noqa: FBT001
    found = variables.read(_scope(text))
    assert (found.set, found.open) == (names, is_open)


def test_a_block_of_an_imported_file_that_does_not_run_reads_nothing() -> None:
    text = "import os\nif __name__ == '__main__':\n    os.environ['A']\nelse:\n    os.environ['B']\n"
    assert [one.name for one in variables.read(_scope(text)).read] == ["A", "B"]
    assert [one.name for one in variables.read(_scope(text, starts=False)).read] == ["B"]


def test_places_count_characters() -> None:
    (one,) = variables.read(_scope("import os\n'é', os.environ['A']\n")).read
    assert one.position == Position(2, 6, len("os.environ['A']"))


@pytest.mark.parametrize(
    "name", ["PATH", "HOME", "TMPDIR", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "MLFLOW_TRACKING_URI", "TORCH_HOME",
             "AZUREML_RUN_ID", "AZ_BATCHAI_MPI_MASTER_NODE", "RANK", "WORLD_SIZE", "LOCAL_RANK", "PYTHONHASHSEED",
             "http_proxy", "SLURM_JOB_ID", "HF_HOME"],
)  # fmt: skip
def test_what_others_set_is_known(name: str) -> None:
    assert is_known(name)


@pytest.mark.parametrize("name", ["MODE", "STAGE", "DATA_DIR", "WANDB_API_KEY", "HF_TOKEN", "MODEL_PATH", "ENV"])
def test_what_nobody_sets_is_not_known(name: str) -> None:
    assert not is_known(name)


# Expression → the path that is read; with a ? if that is not certain, and /… if the rest of it is not known.
PATHS = {
    "open('data/a.csv')": ["data/a.csv"],
    "open('data/a.csv', 'rb')": ["data/a.csv"],
    "open('data/a.csv', mode='w')": [],
    "open('data/a.csv', 'a')": [],
    "pd.read_csv('data/a.csv', sep=';')": ["data/a.csv"],
    "pd.read_csv(filepath_or_buffer='data/a.csv')": ["data/a.csv"],
    "df.to_csv('data/a.csv')": [],
    "joblib.dump(model, 'model.pkl')": [],
    "np.load('a.npy')": ["a.npy"],
    "torch.save(model, 'a.pt')\ntorch.load('a.pt')": [],
    "Path('data/a.csv').read_text()": ["data/a.csv"],
    "Path('data').mkdir()\nopen('data/a.csv')": [],
    "os.makedirs('data')\nfor one in os.listdir('data'): pass": [],
    "(Path('data') / 'raw' / 'a.csv').open()": ["data/raw/a.csv"],
    "(Path('data') / 'raw' / 'a.csv').open('w')": [],
    "open(Path('data') / name)": ["data/…"],
    "open(Path('data').joinpath('a.csv'))": ["data/a.csv"],
    "open(os.path.join('data', 'a.csv'))": ["data/a.csv"],
    "open(os.path.join('data', name))": ["data/…"],
    "open(os.path.join(folder, 'data/a.csv'))": [],
    "open(folder / 'data/a.csv')": [],
    "open(f'data/{name}.csv')": ["data/…"],
    "open(f'{folder}/data/a.csv')": [],
    "open('data/' + name)": ["data/…"],
    "glob.glob('data/*.csv')": ["data/…"],
    "folder.glob('data/*.csv')": [],
    "archive.open('data/a.csv')": ["data/a.csv?"],
    "load('data/a.csv')": ["data/a.csv"],
    "self.load('data/a.csv')": ["data/a.csv?"],
    "read(Path('data'))": ["data"],
    "archive.read('data/a.csv')": ["data/a.csv?"],
    "prepare('data/a.csv')": [],
    "chart(x, Path('data') / 'a.png')": [],
    "draw(path='data/a.png')": [],
    "OUT = Path('data')\nchart(x, OUT / 'a.png')": [],
    "logging.basicConfig(filename='data/a.log')": [],
    "plot_model(m, to_file='data/a.png')": [],
    "read_and_draw(m, output_file='data/a.png')": [],
    "load(save_path='data/a.csv')\nopen('data/a.csv')": [],
    "open('data/a.csv', mode)": [],
    "sqlite3.connect('data/a.db')": [],
    "x = ['data/a.csv']": [],
    "x = {'a': 'data/a.csv'}": [],
    "x = {'data/a.csv': 1}": [],
    "x['data/a.csv']": [],
    "x == 'data/a.csv'": [],
    "print('data/a.csv')": [],
    "def f(path='data/a.csv'): pass": [],
    "'data/a.csv'": [],
    "parser.add_argument('--data', default='data', help='data/a.csv')": [],
    "parser.add_argument('--data', type=Path, default='data')": ["data"],
    "parser.add_argument('--input', default='data/a.csv')": ["data/a.csv?"],
    "parser.add_argument('--out', type=Path, default='data')": [],
    "parser.add_argument('--output-data', default='data/a.csv')": [],
    "parser.add_argument('--figure', default='data/a.png')": [],
    "name.endswith('data/a.csv')": [],
    "shutil.copy('a.csv', 'b.csv')": ["a.csv"],
    "open('data/a\\nb.csv')": [],  # what no name of a file is, and the system may refuse to look up
    f"open('data/{'é' * 150}.csv')": [],
}


@pytest.mark.parametrize(("text", "expected"), PATHS.items())
def test_paths_are_read_where_they_are_used_as_such(text: str, expected: list[str]) -> None:
    modules = "glob, joblib, logging, os, shutil, sqlite3, torch"
    header = f"import {modules}\nimport numpy as np\nimport pandas as pd\nfrom pathlib import Path\n"
    found = paths.read(_scope(header + text))
    assert [f"{one.text}{'' if one.whole else '/…'}{'' if one.reads else '?'}" for one in found] == expected


def test_a_constant_is_told_where_its_text_stands() -> None:
    text = "from pathlib import Path\nDATA = Path('data')\n\n\nopen(DATA / 'a.csv')\nopen(f'{DATA}/b.csv')\n"
    found = paths.read(_scope(text))
    assert {(one.text, one.position.line, one.position.column) for one in found} >= {("data/a.csv", 2, 13)}
    assert {one.position.line for one in found} == {2}


def test_a_text_with_holes_is_told_where_it_begins() -> None:
    (one,) = paths.read(_scope("open(f'data/{name}.csv')\n"))
    assert one.position == Position(1, 6, len("f'data/{name}.csv'"))


def test_a_name_that_is_given_two_values_is_no_constant() -> None:
    assert paths.read(_scope("where = 'data'\nwhere = 'other'\nopen(where)\n")) == []


def test_the_option_of_a_default_is_known() -> None:
    (one,) = paths.read(_scope("parser.add_argument('-d', '--data', default='data/a.csv')"))
    assert one.options == ("-d", "--data")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Run.get_context().input_datasets['x']", ["x"]),
        ("run = Run.get_context()\ninputs = run.input_datasets\ninputs['x'], inputs.get('y')", ["x", "y"]),
        ("run.input_datasets[name]", []),
        ("run.output_datasets['x']", []),
    ],
)
def test_inputs_are_asked_for_by_name(text: str, expected: list[str]) -> None:
    assert [one.name for one in reads.read(text.encode(), starts=True).inputs] == expected


def test_what_names_nothing_around_it_is_not_looked_at_closely() -> None:
    around, folder = frozenset({b"data", b"train.py"}), b"/home/me/project"
    for text in ("open('data/a')", "open('../data/a')", 'Path("data")', "open('/home/me/project/x')", "os.environ[x]"):
        assert reads.may_read(text.encode(), around, folder), text
    for text in ("open('other/a')", "data = 1", "os.environ['HOME']", "from x import environment"):
        assert not reads.may_read(text.encode(), around, folder), text


# Text → the definitions of a script that calls nothing.
UNCALLED = {
    "def init():\n    pass\n\ndef run(rows):\n    pass": ["init", "run"],
    '"""Doc."""\nimport os\nfrom x import y\n\nX = os.path.join("a", "b")\n\ndef main(): pass': ["main"],
    "import logging\nlog = logging.getLogger()\nlogging.basicConfig()\nclass A: pass": ["A"],
    "try:\n    import x\nexcept ImportError:\n    x = None\ndef main(): pass": ["main"],
    "if x:\n    def main(): pass\nelse:\n    def main(): return 1": ["main", "main"],
    "@functools.cache\ndef main(): pass": ["main"],
    "def main(): pass\nmain()": [],
    "def main(): pass\nif __name__ == '__main__':\n    main()": [],
    "def main(): pass\nif len(sys.argv) > 1:\n    main()": [],
    "def main(): pass\nfor one in range(3):\n    main()": [],
    "def main(): pass\nx = main()": [],
    "def main(): pass\nx = [main() for _ in range(3)]": [],
    "@ex.automain\ndef main(): pass": [],
    "def main(): pass\nwith open('x') as stream:\n    pass": [],
    "def main(): pass\nassert main()": [],
    "def main(): pass\nraise SystemExit(main())": [],
    "def update(): ...\nupdate()": [],
    "def split(f): ...\na, b = split(sys.argv[2])": [],
    "class A: ...\nA.register()": [],
    "def main(): ...\nrows = []\nrows.append(main())": [],
    "def main(): ...\nupdate = main\nupdate()": [],
    "def command(f): f()\n@command\ndef main(): ...": [],
    "def main(): ...\nclass A:\n    x = main()": [],
    "def main(): ...\ndef f(x=main()): ...": [],
    "from own import update\ndef f(): ...\nupdate()": [],
    "from own import *\ndef f(): ...\nupdate()": [],
    "from .parts import update\ndef f(): ...\nupdate()": [],
    "import own.parts as o\ndef f(): ...\no.update()": [],
    "import own.parts\ndef f(): ...\nx = own.parts.get()": [],
    "import os, sys\ndef f(): ...\nos.environ.update(A='x')\nsys.path.append(os.path.abspath('..'))": ["f"],
    "import os": [],
    "": [],
}


def _is_own(module: str) -> bool:
    return module == "own"


@pytest.mark.parametrize(("text", "expected"), UNCALLED.items())
def test_scripts_that_call_nothing(text: str, expected: list[str]) -> None:
    found = definitions.uncalled(ast.parse(text), _is_own)
    assert [one.name for one in found] == expected
    if expected:
        assert definitions.may_call_nothing(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import os",
        "x = 1",
        "def main(): pass\nmain()",
        "def main(): pass\nif __name__ == '__main__':\n    main()",
        "def main(): pass\nfor one in range(3):\n    main()",
        "def main(): pass\nwith open('x') as stream:\n    pass",
        "def update(): pass\nupdate()",
        "async def update(): pass\nclass A: ...\nasyncio.run(update())",
    ],
)
def test_a_script_that_calls_something_mostly_shows_it_at_once(text: str) -> None:
    assert not definitions.may_call_nothing(text.encode())


@pytest.mark.parametrize(
    ("text", "is_quiet"),
    [
        ("X = compute()\ndef f(): pass\nif __name__ == '__main__':\n    f()", True),
        ("def f(): pass\nf()", False),
        ("def f(): pass\nX = f()", False),
        ("from own import update\nupdate()", False),
        ("from x import *", True),
        ("for one in range(3): print(one)", False),
    ],
)
def test_imported_files_that_do_nothing(text: str, is_quiet: bool) -> None:  # noqa: FBT001
    assert definitions.is_quiet(ast.parse(text), _is_own) == is_quiet


NOTEBOOK = b'{\n "cells": [{"cell_type": "code", "outputs": null}],\n "nbformat": 4\n}\n'


@pytest.mark.parametrize(
    ("text", "name", "parses", "expected"),
    [
        (b"#!/bin/bash\nset -e\n", "x.py", False, "a shell script"),
        (b"#!/usr/bin/env bash\nset -e\n", "x", False, "a shell script"),
        (b"#!/usr/bin/env -S Rscript --vanilla\n", "x", False, "an R script"),
        (b"#! /usr/bin/perl -w\n", "x", False, "a Perl script"),
        (b"#!/opt/tool\n", "x", False, None),
        (b"#!/usr/bin/env -S uv run --script\ndef f(:\n", "x.py", False, None),
        (b"#!/usr/bin/env pipx\ndef f(:\n", "x", False, None),
        (b"#!/usr/bin/env python3\ndef f(:\n", "x.py", False, None),
        (b"#!/bin/sh\n'''exec' python \"$0\" \"$@\"\n'''\n", "x.py", True, None),
        (NOTEBOOK, "x.py", True, "a Jupyter notebook"),
        (b"\xef\xbb\xbf" + NOTEBOOK, "x.ipynb", False, "a Jupyter notebook"),
        (b"\x80\x04\x95\0\0binary", "x.py", False, "a binary file"),
        (b"\xff\xfei\0m\0", "x.py", False, "a UTF-16 text file"),
        (b"ls\n", "x.sh", True, "a shell script"),
        (b"<!DOCTYPE html>\n", "x.py", False, "an HTML page"),
        (b"def f(:\n", "x.py", False, None),
        (b"{'a': 1}\n", "x.py", True, None),
        (b"", "x.py", True, None),
    ],
)
def test_files_that_are_no_python(text: bytes, name: str, parses: bool, expected: str | None) -> None:  # noqa: FBT001
    assert kinds.other_kind(text, name, parses=parses) == expected


def test_an_imported_file_is_read_as_one_too() -> None:
    text = textwrap.dedent("""
        import os

        def f():
            return os.environ["A"]

        if __name__ == "__main__":
            print(open("data/a.csv"))
    """).encode()
    assert reads.read(text, starts=False).variables.read == []
    named = reads.read(text, starts=False, named={"f"}).variables.read
    assert [one.name for one in named] == ["A"]
    assert reads.read(text, starts=False).paths == []
    assert [one.text for one in reads.read(text, starts=True).paths] == ["data/a.csv"]


# What an imported file does, the names that others use of it → the variables that it reads.
REACHED = {
    "def f(): os.environ['A']": ([], []),
    "def f(): os.environ['B']": (["f"], ["B"]),
    "def f(): os.environ['C']\nf()": ([], ["C"]),
    "def f(): os.environ['D']\ndef g(): f()": (["g"], ["D"]),
    "def f(): g()\ndef g(): os.environ['E']; f()": ([], []),
    "class A:\n    def f(self): os.environ['F']": ([], []),
    "class A:\n    def f(self): os.environ['G']": (["A"], ["G"]),
    "def f(): os.environ['H']\nTABLE = {'f': f}": ([], ["H"]),
    "def f(): os.environ['I']\ndef g(): os.environ['I'] = 'x'": (["f"], ["I"]),
}


@pytest.mark.parametrize("text", REACHED)
def test_functions_of_an_imported_file_that_nobody_calls_read_nothing(text: str) -> None:
    named, expected = REACHED[text]
    found = variables.read(_scope(f"import os\n{text}", starts=False, named=named))
    assert [one.name for one in found.read] == expected


def test_what_such_a_function_sets_or_writes_is_known_all_the_same() -> None:
    text = "import os\ndef f():\n    os.environ['A'] = 'x'\n    open('data/a.csv', 'w')\nopen('data/a.csv')\n"
    scope = _scope(text, starts=False)
    assert (variables.read(scope).set, paths.read(scope)) == ({"A"}, [])


def test_what_others_ask_of_an_imported_file_they_may_ask_about() -> None:
    text = "import os\nMODE = os.environ.get('A')\n"
    assert [one.has_fallback for one in variables.read(_scope(text, starts=False)).read] == [False]
    assert [one.has_fallback for one in variables.read(_scope(text, starts=False, named=["MODE"])).read] == [True]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from a import f as g\nimport b\nb.h(x)", {"f", "h"}),
        ("from a import *\nf(x)", {"*", "f", "x"}),
        ("def main(): ...\nmain()", set()),
    ],
)
def test_the_names_that_a_file_uses_of_others(text: str, expected: set[str]) -> None:
    assert reads.names_used(text.encode()) == expected
