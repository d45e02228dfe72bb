"""``validate --snapshot``: the files of each step, and why they are included or not."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence

from aml_pipeline.cli.checked import checked, count
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.python import asking_python
from aml_pipeline.cli.screen.printing import print_json
from aml_pipeline.core import problems
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import on_one_line
from aml_pipeline.core.wording import counted, size_in_words
from aml_pipeline.pipeline import redaction
from aml_pipeline.pipeline.plan.model import one_of_each
from aml_pipeline.project.environment import steps_python
from aml_pipeline.project.opening import Opened
from aml_pipeline.project.snapshot.origins import LeftOut, Member
from aml_pipeline.project.snapshot.report import Report, Secret, Unnamed, report
from aml_pipeline.project.snapshot.size import MOST_BYTES, MOST_FILES

_FEW = 5
_EXAMPLES = 3
_MEGABYTE = 1024**2
# Problems that the page of a step shows with more detail than the list of problems.
_TOLD_THERE = frozenset({"open-snapshot", "secret-file", "unnamed-import"})


def show(options: Options, environ: Mapping[str, str]) -> int:
    """Print all problems and the snapshots of the named steps; exit with 2 if a problem is an error."""
    form = options.text("format")
    if form in {"github", "sarif"}:
        raise UsageError(f"--snapshot does not support --format {form}. Use --format text or json.")
    with asking_python(options, environ) as pythons:
        opened = checked(options, environ, pythons)
        chosen = opened.plan.select(options.operands, only=bool(options.operands)) if opened.plan else []
        steps = one_of_each(opened.plan.step(name) for name in chosen) if opened.plan else []
        pages: dict[str, Report | None] = {}
        if opened.plan and opened.project:
            interpreters = steps_python.all_of(opened.plan, opened.project, steps, pythons, environ)
            pages = {step.declared: report(opened.project, step, interpreters[step.python]) for step in steps}
    if form == "json":
        shown = [page.as_data() for page in pages.values() if page]
        rows = json.loads(problems.as_json(opened.loaded.problems))
        print_json({"problems": rows, "steps": shown})
    else:
        _print_pages(opened, pages)
    return count(opened, form)


def _print_pages(opened: Opened, pages: Mapping[str, Report | None]) -> None:
    first = [problem for problem in opened.loaded.problems if not _is_told_later(opened, problem, pages)]
    if first:
        print(problems.as_text(first, opened.texts()), end="\n\n")
    for name, page in pages.items():
        lines = _page(page, opened) if page else [f"{name}: no snapshot, because of the problems above."]
        print(*map(on_one_line, lines), sep="\n", end="\n\n")
    unknown = [name for name, page in pages.items() if page and not page.declared]
    if unknown:
        why = "their environment declares no packages in the project"
        print(f"Imports of {', '.join(unknown)} not checked: {why}.", end="\n\n")


def _is_told_later(opened: Opened, problem: problems.Problem, pages: Mapping[str, Report | None]) -> bool:
    """Whether a problem is shown on the page of a step."""
    folder = os.path.dirname(opened.loaded.name)
    for name, page in pages.items():
        if page is None or problem.code not in _TOLD_THERE:
            continue
        if problem.code == "open-snapshot":
            told = problem.message.startswith(f'step "{name}": ')
        elif problem.code == "secret-file":
            told = problem.file in {os.path.join(folder, _path(page, secret.file)) for secret in page.secrets}
        else:
            places = [each.needed.place for each in page.unnamed or ()]
            lines = {(os.path.join(folder, _path(page, place.file)), place.line) for place in places}
            told = problem.position is not None and (problem.file, problem.position.line) in lines
        if told:
            return True
    return False


def _path(page: Report, name: str) -> str:
    return os.path.normpath(os.path.join(page.step.source_directory, name))


def _page(page: Report, opened: Opened) -> list[str]:
    members = page.origins.members
    size = f"{counted(len(members), 'file')}, {size_in_words(page.bytes)}"
    lines = [f"{page.step.declared}: {_started(page)}, {size}", *_table(members), _limits(page)]
    groups = _groups(page, os.path.basename(opened.plan.file) if opened.plan else "")
    lines += [f"  {group}" for group in groups]
    if page.opening:
        lines.append(f"  {_opening(page)}")
    lines += [f"  {line}" for line in _imports(page.unnamed or (), page.declared)]
    return lines + [f"  {_secret(secret)}" for secret in page.secrets]


def _started(page: Report) -> str:
    return redaction.program(page.step) if page.step.script is None else _path(page, page.step.script)


def _limits(page: Report) -> str:
    number = len(page.origins.members)
    verb = "takes" if number <= MOST_FILES and page.bytes <= MOST_BYTES else "refuses"
    size = f"{page.bytes / _MEGABYTE:.1f} of {MOST_BYTES / _MEGABYTE:.0f} MB"
    return f"  Azure ML {verb} it: {number} of {MOST_FILES} files, {size}"


def _table(members: Sequence[Member]) -> list[str]:
    sizes = [size_in_words(member.bytes) for member in members]
    widest = max(map(len, sizes), default=0)
    longest = max((len(member.name) for member in members), default=0)
    rows = zip(sizes, members, strict=True)
    return [f"    {size:>{widest}}  {member.name:<{longest}}  {_rule(member)}" for size, member in rows]


def _rule(member: Member) -> str:
    place = f"{member.place.file}:{member.place.line}" if member.place else ""
    if member.rule == "pattern":
        return f'pattern "{member.pattern.text if member.pattern else ""}"'
    return {"script": "script", "import": f"imported by {place}", "named": f"named in {place}"}.get(
        member.rule, "whole folder"
    )


def _groups(page: Report, pipeline_file: str) -> list[str]:
    """Return what is excluded, one line per reason."""
    groups: dict[str, list[str]] = {}
    for file in page.origins.left_out:
        groups.setdefault(_why(page, file, pipeline_file), []).append(file.name)
    return [f"excluded ({why}): {_some(names)}" for why, names in groups.items()]


def _why(page: Report, left_out: LeftOut, pipeline_file: str) -> str:
    if left_out.why == "ignored" and left_out.pattern and left_out.pattern.place:
        return f"{left_out.pattern.place.file}:{left_out.pattern.place.line} {left_out.pattern.text}"
    if left_out.why == "declared":
        return "the pipeline file" if left_out.name == pipeline_file else "local data"
    if left_out.why == "not needed":
        return "not imported" if page.step.snapshot is None else "not imported and not in a pattern"
    return left_out.why


def _some(names: Sequence[str]) -> str:
    if len(names) <= _FEW:
        return ", ".join(names)
    return f"{counted(len(names), 'file')} including {', '.join(names[:_EXAMPLES])}"


def _opening(page: Report) -> str:
    opening = page.opening
    assert opening is not None  # noqa: S101 - the caller asked
    line = f"{opening.file}:{opening.line} {opening.reason}"
    if not page.snapshot.whole:
        return f"{line}; list what it may read under `snapshot:`"
    patterns = ", ".join(f'"{glob}"' for glob in page.globs)
    return f"{line}, so the whole folder is included; `snapshot: [{patterns}]` in the step narrows it"


def _imports(unnamed: Sequence[Unnamed], files: Sequence[str]) -> list[str]:
    """Return a line for each import that the environment's files do not name, and one line for unknown ones."""
    names = f"which {' and '.join(files)} {'does' if len(files) == 1 else 'do'} not name"
    lines = []
    for needed, answer in unnamed:
        if answer.verdict != "perhaps":
            why = f"which comes with {answer.packages[0]}" if answer.packages else names
            lines.append(f"{needed.place.file}:{needed.place.line} imports {needed.module}, {why}")
    perhaps = [(needed, answer.packages) for needed, answer in unnamed if answer.verdict == "perhaps"]
    if perhaps:
        packages = perhaps[0][1]
        more = f" and {len(packages) - _EXAMPLES} more" if len(packages) > _EXAMPLES else ""
        modules = [f"{needed.module} ({needed.place.file}:{needed.place.line})" for needed, _ in perhaps]
        known = f"{', '.join(packages[:_EXAMPLES])}{more}, which this Python does not have"
        lines.append(f"imports, {names}, but which may come with {known}: {', '.join(modules)}")
    return lines


def _secret(secret: Secret) -> str:
    place = f"{secret.file}:{secret.line}" if secret.line else secret.file
    return f"{place} looks like {secret.what}. {secret.cure}"
