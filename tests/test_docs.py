"""Every example in README.md and docs/ is checked as it stands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from aml_pipeline import cli, load
from aml_pipeline.cli.options import parse
from aml_pipeline.cli.table import COMMANDS

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [*sorted(ROOT.glob("*.md")), *DOCS, *sorted((ROOT / "tests").glob("loopback*/*.md"))]
FENCE = re.compile(r"(?:^([^\n]*)\n)?^( *)```(\w*)\n(.*?)^\2```$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r" *<!-- (?:run: (tests/\S+\.py)|not run: .+) -->")


def _pipelines() -> list[tuple[str, str]]:
    """Return each fence of YAML that no other test runs, with its place."""
    found: list[tuple[str, str]] = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if MARK.match(text):  # a whole page
            continue
        unmarked = [one for one in FENCE.finditer(text) if one[3] == "yaml" and not MARK.fullmatch(one[1] or "")]
        found += [(f"{page.name}:{text.count(chr(10), 0, one.start(3)) + 1}", one[4]) for one in unmarked]
    return found


@pytest.mark.parametrize(("place", "text"), _pipelines(), ids=lambda value: value if ":" in value[:40] else "")
def test_every_pipeline_in_the_docs_is_without_fault(place: str, text: str, tmp_path: Path) -> None:
    """The scripts and files that it names are made empty; a fragment (without `name:`) is not a pipeline."""
    assert text.startswith(("name:", "# yaml")), f"{place}: give the whole file, so that it can be checked"
    folder = re.search(r"^source_directory: (\S+)", text, re.MULTILINE)
    for name in re.findall(r"(?:script|pip_requirements|conda_file|dockerfile): ([^\s,}]+)", text):
        place_of = tmp_path / (folder[1] if folder and name.endswith(".py") else ".") / name
        place_of.parent.mkdir(parents=True, exist_ok=True)
        place_of.write_text("")
    for name in re.findall(r"module: ([\w.]+)|command: \[bash, (?:-e, )?([\w.]+)", text):
        place_of = tmp_path / (folder[1] if folder else ".") / (name[1] or f"{name[0].replace('.', '/')}.py")
        place_of.parent.mkdir(parents=True, exist_ok=True)
        place_of.write_text("")
    (tmp_path / "pipeline.yaml").write_text(text)
    assert load(str(tmp_path / "pipeline.yaml")).steps


def test_the_examples_from_python_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after another; those in Azure ML are run by tests/azureml/test_one_api.py."""
    page, _, _ = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8").partition("\n## In Azure ML\n")
    monkeypatch.chdir(tmp_path)
    assert cli.run(["init"], {}) == 0
    capsys.readouterr()
    known: dict[str, object] = {}
    for example in re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        exec(example, known)  # noqa: S102 - our own
    said = capsys.readouterr().out
    assert "['greet']\n" in said
    assert "unknown-parameter" in said
    assert "done done\ngood morning, world\n" in said
    assert said.count("greet done\n") == 1
    assert said.count("{'greeting': 'good morning'} {'greet': 'done'} {}\n") == 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def _needs_a_mark(language: str, text: str) -> bool:
    """Whether a fence is more than an excerpt, a drawing, or a pipeline, which a test above loads."""
    if language == "yaml":
        return not text.startswith(("name:", "# yaml"))
    return language != "mermaid" and (language != "text" or re.search(r"^ *\$ ", text, re.MULTILINE) is not None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_fence_is_run_or_says_why_not(page: Path) -> None:
    """The line above a fence names the test that reads the page, or has its commands; of a generated page, line 1."""
    text = page.read_text(encoding="utf-8")
    of_the_page = text.partition("\n")[0]
    fences = FENCE.findall(text)
    assert len(re.findall("^ *```", text, re.MULTILINE)) == 2 * len(fences), "a fence has no form that is known here"
    for above, _, language, block in fences:
        mark = MARK.fullmatch(of_the_page if MARK.fullmatch(of_the_page) else above)
        assert mark or not _needs_a_mark(language, block), f"mark this {language or 'bare'} fence:\n{block}"
        if mark and mark[1]:
            test = (ROOT / mark[1]).read_text(encoding="utf-8")
            commands = re.findall(r"^ *\$ (?:aml-pipeline )?(.*)$", block, re.MULTILINE)
            reads_it = page.name in test or "if MARK in page." in test  # or any page with its mark
            assert reads_it or (commands and all(one in test for one in commands)), f"{mark[1]}:\n{block}"


def _commands(page: Path) -> list[str]:
    blocks = [block for _, _, _, block in FENCE.findall(page.read_text(encoding="utf-8"))]
    return [line for block in blocks for line in re.findall(r"^ *\$ aml-pipeline (.*)$", block, re.MULTILINE)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_line_is_understood(page: Path) -> None:
    for line in _commands(page):
        words = shlex.split(line, comments=True)
        end = next((at for at, word in enumerate(words) if word in {"|", ">", "&&", ";"}), len(words))
        parse(COMMANDS[words[0]], words[1:end])


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    listed = set(
        re.findall(r"^ *- (?:[^:\n]+: )?(\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    )
    pages = {page.relative_to(ROOT / "docs").as_posix() for page in DOCS}
    assert pages - listed == set(), "`make docs` reports those that are listed and missing"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example_that_its_command_understands(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([name, "--help"], {}) == 0
    text = capsys.readouterr().out
    example = text.partition("Example:\n")[2].strip().partition(" >")[0]
    words = example.split()
    assert words[:2] == ["aml-pipeline", name]
    parse(COMMANDS[name], words[2:])


def test_guides_name_few_files_and_all_exist() -> None:
    text = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
    chapter = text.partition("\n## I want to add …\n")[2].partition("\n## ")[0]
    guides = {guide.partition("\n")[0]: guide for guide in chapter.split("\n### ")[1:]}
    assert len(guides) == 5
    for name, guide in guides.items():
        assert len(re.findall(r"^\d\. ", guide, re.MULTILINE)) <= 5, name
        for path in re.findall(r"`([\w/]+(?:/\w+)?\.(?:py|md|js|css|yaml))`", guide):
            pattern = path.replace("NAME", "*").replace("CODE", "*")
            assert list(ROOT.glob(pattern)), f"{path}, in the guide to {name}, does not exist"


def _anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub and MkDocs make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_a_heading_find_it(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text(encoding="utf-8")):
        where = (page.parent / target).resolve() if target else page
        assert where.suffix != ".md" or anchor in _anchors(where), f"{target}#{anchor}"


def test_the_first_page_leads_to_every_other() -> None:
    docs = ROOT / "docs"
    linked = {
        (docs / target).resolve()
        for target in re.findall(r"\]\(([^)#]+\.md)", (docs / "index.md").read_text(encoding="utf-8"))
    }
    examples = {page.resolve() for page in (docs / "examples").glob("*/*.md")}  # which the page of examples lists
    assert {page.resolve() for page in DOCS} - linked - examples == {docs / "index.md"}


def test_the_glossary_is_in_order_and_each_term_leads_further() -> None:
    entries = re.findall(
        r"^- \*\*(.+?)\*\*: ((?:.+\n  )*.+)$", (ROOT / "docs/glossary.md").read_text("utf-8"), re.MULTILINE
    )
    assert len(entries) >= 40
    assert [term for term, _ in entries] == sorted((term for term, _ in entries), key=str.casefold)
    assert [term for term, text in entries if not re.search(r"\[More\]\([\w/.#-]+\)$", text)] == []


def test_the_questions_are_questions_and_each_has_an_answer_that_leads_further() -> None:
    text = (ROOT / "docs" / "faq.md").read_text(encoding="utf-8")
    questions = [part.partition("\n") for part in re.split(r"^### ", text, flags=re.MULTILINE)[1:]]
    assert len(questions) >= 15
    assert [question for question, _, _ in questions if not question.endswith("?")] == []
