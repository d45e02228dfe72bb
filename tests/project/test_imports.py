"""What a Python file imports, and what makes that list incomplete."""

from __future__ import annotations

import contextlib
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.project.snapshot.imports import Import, parse, read_imports


@pytest.mark.parametrize(
    ("code", "imports"),
    [
        ("import a", [Import(0, "a", (), 1)]),
        ("import a.b as c, d", [Import(0, "a.b", (), 1), Import(0, "d", (), 1)]),
        ("from a.b import c, d as e", [Import(0, "a.b", ("c", "d"), 1)]),
        ("from a import *", [Import(0, "a", ("*",), 1)]),
        ("from . import a", [Import(1, "", ("a",), 1)]),
        ("from ..a.b import c", [Import(2, "a.b", ("c",), 1)]),
        ("def f():\n    import a", [Import(0, "a", (), 2)]),  # wherever it stands
        ("if False:\n    import a\n", [Import(0, "a", (), 2)]),
        ("try:\n    import a\nexcept ImportError:\n    import b\n", [Import(0, "a", (), 2), Import(0, "b", (), 4)]),
        ("import importlib\nimportlib.import_module('a.b')", [Import(0, "importlib", (), 1), Import(0, "a.b", (), 2)]),
        ("def import_module(name): ...\nimport_module('a')", [Import(0, "a", (), 2)]),  # to be on the safe side
        ("'import a'\n# import b", []),
        ("", []),
    ],
)  # fmt: skip
def test_imports(code: str, imports: list[Import]) -> None:
    reading = read_imports(parse(code.encode()))
    assert sorted(reading.imports) == sorted(imports)
    assert reading.openings == []


@pytest.mark.parametrize(
    "code",
    [
        "open(__file__)",
        "def f(): return __file__",
        "__import__(name)",
        "__import__('a')",
        "for one in __path__: pass",
        "__spec__.origin",
        "__loader__.get_data('x')",
        "exec(text)",
        "eval(text)",
        "run = exec",
        "import importlib; importlib.import_module(name)",
        "import importlib; importlib.import_module('.a', 'b')",
        "import importlib; importlib.import_module(name='a')",
        "import importlib; importlib.import_module()",
        "import importlib; load = importlib.import_module",
        "from importlib import import_module; load = import_module",
        "from importlib import import_module as load; load('a')",
        "from importlib import import_module; map(import_module, names)",
        "import importlib.resources",
        "from importlib import resources",
        "from importlib.resources import files",
        "import importlib; importlib.resources.files('a')",
        "import importlib as i; i.util.find_spec('a')",
        "import importlib_resources",
        "import importlib.util",
        "import importlib.machinery",
        "import pkg_resources",
        "import pkgutil",
        "import runpy",
        "import zipimport",
        "import imp",
        "import sys; sys.path.insert(0, 'x')",
        "import sys as s; s.path.append('x')",
        "from sys import path",
        "from sys import modules as loaded",
        "import sys; sys.modules['a']",
        "import inspect; inspect.getfile(f)",
        "from inspect import getsourcefile",
    ],
)
def test_what_makes_the_list_incomplete(code: str) -> None:
    openings = read_imports(parse(f"\n{code}\n".encode())).openings
    assert openings
    assert {one.line for one in openings} == {2}
    assert all(one.reason for one in openings)


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.argv; sys.exit()",
        "import importlib.metadata; importlib.metadata.version('a')",
        "import inspect; inspect.signature(f)",
        "model.eval()",  # PyTorch's
        "frame.eval('a + b')",
        "import os; os.path.join('a')",
        "import path; path.sys",
        "from . import pkgutil",  # one's own
        "from .runpy import x",
        "self.path = 1",
        "import a; a.__file__",
    ],
)
def test_what_leaves_the_list_complete(code: str) -> None:
    assert read_imports(parse(code.encode())).openings == []


def test_openings_stand_in_the_order_of_the_lines() -> None:
    code = "def f():\n    def g():\n        exec('x')\n    open(__file__)\nimport runpy\n"
    assert [one.line for one in read_imports(parse(code.encode())).openings] == [3, 4, 5]


def test_texts_that_could_name_a_file() -> None:
    short = "a = 'words.txt'; b = 'no_dot'; c = 'x/y.json'; d = f'{a}.csv'; e = b'i.txt'"
    code = f"{short}; g = '''a.b\nc'''; h = '{'x' * 300}.txt'"
    assert read_imports(parse(code.encode())).texts.keys() == {"words.txt", "x/y.json", ".csv"}


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbfimport a",
        "# -*- coding: latin-1 -*-\nimport a  # \xe9\n".encode("latin-1"),
        b"import a\r\nimport b\r\n",
        "é = 1\nimport a".encode(),
    ],
)
def test_encodings_are_those_of_python(raw: bytes) -> None:
    assert read_imports(parse(raw)).imports[0].module == "a"


@pytest.mark.parametrize(
    "raw",
    [
        b"import",
        b"def f(:",
        b"\xff\xfe",
        b"import a\0",
        b"# coding: nonsense\n",
        b"print 'two'",
        b"(" * 5000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_python_cannot_parse_is_one_of_two_errors(raw: bytes) -> None:
    with pytest.raises((SyntaxError, ValueError)):
        read_imports(parse(raw))


@pytest.mark.parametrize(
    "raw",
    [b"-" * 100_000 + b"1", b"x" + b".a" * 100_000, b"x = " + b"1 + " * 50_000 + b"1"],
    ids=["signs", "attributes", "sums"],
)
def test_what_is_nested_too_deep_is_read_or_refused_as_the_python_can(raw: bytes) -> None:
    """Python 3.10 parses some of these; no version may end in another error than those two."""
    with contextlib.suppress(SyntaxError, ValueError):
        assert read_imports(parse(raw)).imports == []


@pytest.mark.parametrize("code", [r"x = '\d'", "x is 1", "assert (1, 'a')", "1if x else 2"])
def test_what_python_warns_of_is_not_said_to_the_user(code: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_imports(parse(code.encode()))


@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(str.encode)
    | st.text("import from.ab_()'\"\\\n :=#", max_size=60).map(str.encode)
)
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    try:
        reading = read_imports(parse(raw))
    except (SyntaxError, ValueError):
        return
    lines = raw.count(b"\n") + raw.count(b"\r") + raw.count(b"\f") + 1
    assert all(
        1 <= line <= lines for line in [one.line for one in reading.imports] + [one.line for one in reading.openings]
    )
