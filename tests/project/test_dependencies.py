"""The text of conda and pip files → declared packages and mistakes with their places."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from aml_pipeline.core.problems import Problem, as_text
from aml_pipeline.project.environment import conda_file, pip_file
from aml_pipeline.project.environment.dependencies import Declaration, Declared

Files = dict[str, bytes]


def pip(text: str, **files: str) -> Declaration:
    """Read a pip file; ``base='six'`` is the file base.txt beside it."""
    beside: Files = {f"env/{name}.txt": content.encode() for name, content in files.items()}
    return pip_file.read("env/r.txt", {"env/r.txt": text.encode(), **beside}.get)


def conda(text: str, **files: str) -> Declaration:
    beside: Files = {f"env/{name}.txt": content.encode() for name, content in files.items()}
    return conda_file.read("env/e.yml", {"env/e.yml": text.encode(), **beside}.get)


def listed(*entries: str) -> str:
    return "dependencies:\n" + "".join(f"  - {entry}\n" for entry in entries)


def places(found: Declaration) -> list[str]:
    return [f"{one.place} {one.code}" for one in found.problems]


def only(found: Declaration) -> Declared:
    assert found.problems == []
    (one,) = found.packages
    return one


def only_problem(found: Declaration) -> Problem:
    (one,) = found.problems
    return one


@pytest.mark.parametrize(
    ("line", "name", "versions"),
    [
        ("torch", "torch", ("",)),
        ("torch==2.1", "torch", ("==2.1",)),
        ("torch >= 2.1 , < 3", "torch", (">=2.1,<3",)),
        ("torch[a, b]~=2.1", "torch", ("~=2.1",)),
        ("torch==2.*", "torch", ("==2.*",)),
        ("torch (==2.1)", "torch", ("==2.1",)),
        ("torch==2.1+cu118  # why", "torch", ("==2.1+cu118",)),
        ("torch==2.1 --hash=sha256:aa --hash=sha256:bb", "torch", ("==2.1",)),
        ("torch==2.1 \\\n  --hash=sha256:aa", "torch", ("==2.1",)),
        ("tor\\\nch", "torch", ("",)),
        ("torch;", "torch", ("",)),
        ("torch @ https://a.example/torch.whl", "torch", ()),
        ("git+https://a.example/b@main#egg=b", "b", ()),
        ("https://a.example/b.whl", "", ()),
        ("-e git+https://a.example/b#egg=b", "b", ()),
        ("-e .", "", ()),
        ("--editable=./lib", "", ()),
        ("./lib[extra]", "", ()),
        ("lib/b-1.0-py3-none-any.whl", "b", ("==1.0",)),
        ("b.zip", "", ()),
        ("${MIRROR}/b.whl", "", ()),
    ],
)
def test_a_requirement_of_pip_is_read(line: str, name: str, versions: tuple[str, ...]) -> None:
    one = only(pip(f"{line}\n"))
    assert (one.source, one.name, one.versions) == ("pip", name, versions)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "# torch =",
        "   # torch =",
        "--index-url https://a.example/simple",
        "-i https://a.example/simple --extra-index-url=https://b.example",
        "--extra-index https://b.example",
        "-fhttps://c.example",
        "--find-links ${LINKS}",
        "--no-binary :all:",
        "--pre",
        "--trusted-host a.example",
        "-c https://a.example/r.txt",
        "# torch = \\\n# more \\",
    ],
)
def test_a_line_that_declares_nothing_is_no_mistake(line: str) -> None:
    found = pip(f"{line}\n")
    assert (found.packages, found.problems) == ([], [])


@pytest.mark.parametrize("line", ["-r https://a.example/r.txt", "--requirement=HTTPS://a.example/r.txt", "-r ${MORE}"])
def test_a_list_that_is_not_here_may_name_any_package(line: str) -> None:
    assert only(pip(f"{line}\n")).name == ""


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("torch=2.1", 'Write "torch==2.1": a single = is conda syntax.'),
        ("torch=2.1=py38_0", 'Write "torch==2.1": a single = is conda syntax.'),
        ("torch 2.1", 'Write "torch==2.1".'),
        ("torch>=2 <3", "Separate the versions with a comma"),
        ("torch==", "Write NAME or NAME==VERSION"),
        ("torch==two", "Write NAME or NAME==VERSION"),
        ("torch>=2.*", "Write NAME or NAME==VERSION"),
        ("torch~=2", "Write NAME or NAME==VERSION"),
        ("torch; python_version", "Write NAME or NAME==VERSION"),
        ("torch[a", "Write NAME or NAME==VERSION"),
        ("torch(y]!=)", "Write NAME or NAME==VERSION"),
        ("pip install torch", "Write NAME or NAME==VERSION"),
        ("--indx-url x", 'Did you mean "--index-url"?'),
        ("--no x", "Known:"),
        ("-x", "Known:"),
        ("-r", "Write it as --requirement VALUE, or delete it."),
        ("--pre=yes", "Write only --pre."),
        ("--index-url 'x", "Close it, or delete it."),
    ],
)
def test_a_line_that_pip_cannot_read_is_told_with_its_place(line: str, cure: str) -> None:
    found = pip(f"# first\n\n  {line}\ntorch\n")
    problem = only_problem(found)
    assert (problem.place, problem.code) == ("env/r.txt:3:3", "pip-syntax")
    assert problem.position is not None
    assert problem.position.width == len(line)
    assert cure in problem.cure
    assert [one.name for one in found.packages] == ["torch"]


def test_lines_are_counted_as_they_stand_in_the_file_also_behind_a_continuation() -> None:
    found = pip("a \\\n  ==1\nb\n")
    assert [(one.name, one.position.line) for one in found.packages] == [("a", 1), ("b", 3)]


def test_a_comment_ends_a_continuation_and_continues_none() -> None:
    found = pip("torch \\\n# why \\\nsix\n")
    assert ([one.name for one in found.packages], found.problems) == (["torch", "six"], [])


def test_a_file_that_powershell_wrote_is_read() -> None:
    found = pip_file.read("r.txt", lambda _path: "torch==2.1\r\n".encode("utf-16"))
    assert (found.packages[0].name, found.problems) == ("torch", [])
    assert pip_file.read("r.txt", lambda _path: b"\xef\xbb\xbftorch").packages[0].name == "torch"


def test_included_files_are_read_once_and_their_lines_are_their_own() -> None:
    found = pip("-r base.txt\n-c bounds.txt\nc\n", base="-r r.txt\na\nb=1\n", bounds="a<2\n")
    assert [(one.name, one.file, one.constraint) for one in found.packages] == [
        ("a", "env/base.txt", False),
        ("a", "env/bounds.txt", True),
        ("c", "env/r.txt", False),
    ]
    assert places(found) == ["env/base.txt:3:1 pip-syntax"]


def test_an_included_file_that_is_missing_is_told_at_the_line_that_includes_it() -> None:
    assert places(pip("a\n-r more/none.txt\n")) == ["env/r.txt:2:1 missing-file"]
    assert places(conda(listed("pip", "pip: [-r none.txt]"))) == ["env/e.yml:3:11 missing-file"]
    assert places(pip("torch -r none.txt\n")) == []  # beside a requirement, pip does not look at it


def test_an_option_may_be_cut_short_as_pip_has_it() -> None:
    assert [one.name for one in pip("--requirem base.txt\n", base="a").packages] == ["a"]


_WORD = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,6}", fullmatch=True)
_CLAUSES = st.lists(
    st.tuples(
        st.sampled_from(["==", "!=", "<=", ">=", "<", ">", "~=", "===", "="]),
        st.sampled_from(["", " ", "\t"]),
        st.sampled_from(["1", "1.2", "1.2.3", "1.*", "1.2.*", "1.0rc1", "2.0+cpu", "1!2", "x", "01.02"]),
    ).map("".join),
    max_size=3,
)


@given(
    name=_WORD,
    extras=st.sampled_from(["", "[a]", " [a,b]", "[ a ]", "[]", "[a"]),
    clauses=_CLAUSES,
    comma=st.sampled_from([",", " , ", ", "]),
    rest=st.sampled_from(["", " ", " ; python_version < '3.9'", ";"]),
)
@example(name="a.", extras="", clauses=[], comma=",", rest="")
@example(name="a", extras="", clauses=["~=1"], comma=",", rest="")
@example(name="a", extras="", clauses=[">=1.*"], comma=",", rest="")
def test_a_requirement_is_read_as_packaging_reads_it(
    name: str, extras: str, clauses: list[str], comma: str, rest: str
) -> None:
    text = f"{name}{extras}{comma.join(clauses)}{rest}".strip()
    try:
        expected = Requirement(text.removesuffix(";"))
    except ValueError:
        expected = None
    found = pip(text)
    if found.packages and found.packages[0].versions == ():
        return  # what pip looks for in a file, such as a.zip
    assert bool(found.problems) == (expected is None)
    if expected is not None:
        one = only(found)
        assert one.name == expected.name
        told = Requirement(f"{one.name}{one.versions[0]}{'; ' if one.marker else ''}{one.marker}")
        assert (told.specifier, told.marker) == (expected.specifier, expected.marker)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("numpy>=1.26 , <3", ">=1.26,<3"),
        ("numpy (>=1.26,<3)", ">=1.26,<3"),
        ("ray[tune] >= 2; python_version<'4'", ">=2"),
        ("a; python_version>='3'", ""),
    ],
)
def test_versions_are_told_in_the_order_in_which_they_were_written(line: str, wanted: str) -> None:
    assert only(pip(line)).wanted == wanted


def test_the_extras_of_a_requirement_are_read_once_and_normalized() -> None:
    assert only(pip("ray[Tune_X, data]>=2")).extras == {"tune-x", "data"}
    assert only(conda(listed('"ray[version=2]"'))).extras == set()


def test_names_alone_are_read_without_importing_packaging() -> None:
    code = (
        "import sys; from aml_pipeline.project.environment import pip_file; "
        "found = pip_file.read('r', lambda _: b'torch\\nscikit-learn  # why\\n--pre\\n'); "
        "assert len(found.packages) == 2; print('packaging' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# What `MatchSpec` of conda 26 takes, and the versions that it matches.
@pytest.mark.parametrize(
    ("spec", "name", "versions"),
    [
        ("numpy", "numpy", ("",)),
        ("NumPy", "numpy", ("",)),
        ("numpy=1.2", "numpy", ("==1.2.*",)),
        ("numpy = 1.2", "numpy", ("==1.2.*",)),
        ("numpy==1.2", "numpy", ("==1.2",)),
        ("numpy 1.2", "numpy", ("==1.2",)),
        ("numpy=1.2.*", "numpy", ("==1.2.*",)),
        ("numpy 1.2*", "numpy", ("==1.2.*",)),
        ("numpy=1.2=py38_0", "numpy", ("==1.2",)),
        ("numpy 1.2 py38_0", "numpy", ("==1.2",)),
        ("numpy=*=*openblas*", "numpy", ("",)),
        ("numpy >=1.20", "numpy", (">=1.20",)),
        ("numpy>=1.20,<2", "numpy", (">=1.20,<2",)),
        ("numpy >=1.20, <2", "numpy", (">=1.20,<2",)),
        ("numpy >=1.20.*", "numpy", (">=1.20",)),
        ("numpy !=1.20.*", "numpy", ("!=1.20.*",)),
        ("numpy ~=1.20", "numpy", ("~=1.20",)),
        ("numpy 1.2.*|>=2", "numpy", ("==1.2.*", ">=2")),
        ("numpy 1.2*5", "numpy", ()),
        ("numpy ^1[.]2$", "numpy", ()),
        ("numpy 1.2a1", "numpy", ("==1.2a1",)),
        ("conda-forge::numpy=1.2", "numpy", ("==1.2.*",)),
        ("conda-forge/linux-64::numpy", "numpy", ("",)),
        ("'numpy[version=\">=1,<2\", build=x]'", "numpy", (">=1,<2",)),
        ("numpy[build=x]", "numpy", ("",)),
        ("numpy=", "numpy", ("",)),
        ("numpy=>1.2", "numpy", (">1.2*",)),
        ("_libgcc_mutex=0.1=conda_forge", "_libgcc_mutex", ("==0.1",)),
        ("openssl=1.1.1w", "openssl", ("==1.1.1w.*",)),
        ("numpy >=1.20 # [linux]", "numpy", (">=1.20",)),
        ("https://a.example/linux-64/numpy-1.2-0.conda", "", ()),
    ],
)
def test_a_match_spec_of_conda_is_read(spec: str, name: str, versions: tuple[str, ...]) -> None:
    one = only(conda(listed(spec)))
    assert (one.source, one.name, one.versions) == ("conda", name, versions)


# What conda 26 refuses.
@pytest.mark.parametrize(
    ("spec", "cure"),
    [
        ("python==3.8=", "for example python=3.8."),
        ("numpy >=1.2,", "for example numpy=1.2."),
        ("numpy >=1.2||<1", "for example numpy=1.2."),
        ("numpy <>1.2", "for example numpy=1.2."),
        ("numpy ==", "for example numpy=1.26."),
        ("numpy ~=1.2.*", "for example numpy=1.2."),
        ("numpy=1..2", "for example numpy=1."),
        ("numpy=1.2+", "for example numpy=1.2."),
        ("numpy=1!2!3", "for example numpy=1."),
        ("numpy=a!2", "for example numpy=1.26."),
        ("num$py=1.2", "for example numpy=1.26."),
        ("'=1.2'", "for example numpy=1.26."),
        ('numpy; python_version < "3.8"', "Write `- numpy`: conda does not support conditions after `;`"),
    ],
)
def test_what_conda_cannot_read_is_told_with_its_place(spec: str, cure: str) -> None:
    problem = only_problem(conda(listed("python=3.11", spec)))
    assert (problem.place, problem.code, problem.severity) == ("env/e.yml:3:5", "conda-syntax", "error")
    assert cure in problem.cure


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("", "1:1", "the file is empty."),
        ("# only\n", "1:1", "the file is empty."),
        ("- numpy\n", "1:1", "a conda file must be a mapping"),
        ("name: x\nchannels: [a]\n", "1:1", "the file declares no dependencies."),
        ("dependencies:\n  numpy: 1\n", "2:3", "`dependencies` must be a list"),
        ("dependencies:\n", "1:14", "`dependencies` must be a list"),
        ("channels: conda-forge\ndependencies: [a]\n", "1:11", "`channels` must be a list"),
        ("dependencies: [a, b\n", "1:15", "this [ is not closed"),
        ("dependencies: [a]\n---\na: b\n", "2:1", "a second YAML document"),
        ("dependencies: [a]\ndependencies: [b]\n", "2:1", 'duplicate key "dependencies"'),
        (listed("3.8"), "2:5", "a dependency must be a string"),
        (listed("[a]"), "2:5", "a dependency must be a string"),
        (listed("python: 3.8"), "2:5", '"python:" begins a mapping'),
        (listed("pip", "pip: torch"), "3:10", "`pip` must be a list"),
        (listed("pip", "pip: [1.2]"), "3:11", "a pip requirement must be a string"),
        (listed("pip", "pip: [torch, torch=2]"), "3:18", "pip cannot read"),
    ],
)
def test_what_is_no_conda_file_is_told_with_its_place(text: str, place: str, told: str) -> None:
    problem = only_problem(conda(text))
    assert (problem.place, problem.severity) == (f"env/e.yml:{place}", "error")
    assert problem.code == ("pip-syntax" if told.startswith("pip cannot") else "conda-syntax")
    assert told in problem.message
    assert "pipeline" not in problem.message + problem.cure


def test_bytes_that_are_no_text_and_too_many_of_them_are_told() -> None:
    for raw, told in ((b"name: \xff", "UTF-8"), (b"a" * (1 << 20) + b"aa", "larger than 1,048,576")):
        problem = only_problem(conda_file.read("e.yml", lambda _path, raw=raw: raw))  # type: ignore[misc]
        assert told in problem.message
        assert "pipeline" not in problem.message + problem.cure


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("dependancies: [a]\ndependencies: [b]\n", "1:1", "conda-key"),
        (listed("pip: [torch]"), "2:5", "conda-pip"),
    ],
)
def test_what_conda_leaves_out_or_adds_is_a_warning(text: str, place: str, code: str) -> None:
    problem = only_problem(conda(text))
    assert (problem.place, problem.code, problem.severity) == (f"env/e.yml:{place}", code, "warning")


@pytest.mark.parametrize(
    "text",
    [
        "dependencies: []\n",
        "name: x\nprefix: /a\nvariables: {A: on}\nchannels: [a]\ndependencies: [a]\n",
        listed("pip", "pip: []"),
        listed("pip", "pip:"),
        listed("conda-forge::pip=24", "pip: [torch]"),
        listed("pip: []"),
        "x: &a [numpy]\ndependencies: *a\n".replace("x:", "channels:"),
    ],
)
def test_an_ordinary_conda_file_is_no_mistake(text: str) -> None:
    assert conda(text).problems == []


def test_pip_lines_of_a_conda_file_are_read_as_those_of_a_pip_file() -> None:
    text = listed("pip", 'pip: ["torch==2.1", "-r base.txt", "a; python_version < \'3\'"]')
    found = conda(text, base="six\n")
    assert [(one.source, one.name, one.file) for one in found.packages[1:]] == [
        ("pip", "torch", "env/e.yml"),
        ("pip", "six", "env/base.txt"),
        ("pip", "a", "env/e.yml"),
    ]
    assert found.packages[-1].marker == 'python_version < "3"'


@given(st.text(max_size=60))
@example("a: [*b]")
@example("dependencies: [numpy, '\0']")
def test_no_text_is_too_odd_to_be_told_about(text: str) -> None:
    raw = text.encode("utf-8", "replace")
    for found in (
        conda_file.read("e", lambda _path: raw),
        conda_file.read("e", lambda _path: b"dependencies:\n- " + raw),
        pip_file.read("r", lambda _path: raw),
    ):
        assert all(one.cure and one.position and one.file for one in found.problems)


LOGIN = "https://user:q8Zt@a.example"


@pytest.mark.parametrize(
    ("found", "place"),
    [
        (pip(f"numpy\n  --index-url {LOGIN}/simple\n"), "env/r.txt:2:23"),
        (pip(f"numpy \\\n  --find-links {LOGIN}\n"), "env/r.txt:2:24"),
        (pip(f"# -i {LOGIN}\nnumpy\n"), "env/r.txt:1:14"),
        (pip("-r base.txt\n", base=f"git+{LOGIN}/b\n"), "env/base.txt:1:13"),
        (conda(listed("pip", f"pip: ['--extra-index-url {LOGIN}']")), "env/e.yml:3:38"),
        (conda(f"channels: ['{LOGIN}/c']\n" + listed("pip")), "env/e.yml:1:21"),
    ],
)
def test_a_login_in_clear_is_a_warning_at_its_place(found: Declaration, place: str) -> None:
    one = only_problem(found)
    assert (one.place, one.code, one.severity) == (place, "plain-secret", "warning")
    assert "q8Zt" not in f"{one.message} {one.cure}"
    assert "q8Zt" not in as_text([one], {one.file: f"{LOGIN}\n" * 9})


def test_an_address_whose_login_is_put_in_later_is_none() -> None:
    assert pip("-i https://${USER}:${PASSWORD}@a.example\nnumpy\n").problems == []
