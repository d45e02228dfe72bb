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
from aml_pipeline.pipeline.plan import graph
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
    if form == "github":
        raise UsageError("--snapshot does not support --format github. Use --format text or json.")
    with asking_python(options, environ) as asked:
        opened = checked(options, environ, asked)
        chosen = (
            graph.select(opened.plan.upstream, options.operands, only=bool(options.operands)) if opened.plan else []
        )
        python = asked()
    if opened.plan is None or opened.project is None:
        found: dict[str, Report | None] = {}
    else:
        found = {name: report(opened.project, opened.plan.step(name), python) for name in chosen}
    if form == "json":
        steps = [one.as_data() for one in found.values() if one]
        rows = json.loads(problems.as_json(opened.loaded.problems))
        print_json({"problems": rows, "steps": steps})
    else:
        _print_pages(opened, found)
    return count(opened, form)


def _print_pages(opened: Opened, found: Mapping[str, Report | None]) -> None:
    first = [one for one in opened.loaded.problems if not _is_told_later(opened, one, found)]
    if first:
        print(problems.as_text(first, opened.texts()), end="\n\n")
    for name, one in found.items():
        lines = _page(one, opened) if one else [f"{name}: no snapshot, because of the problems above."]
        print(*map(on_one_line, lines), sep="\n", end="\n\n")
    unknown = [name for name, one in found.items() if one and not one.declared]
    if unknown:
        why = "their environment declares no packages in the project"
        print(f"Imports of {', '.join(unknown)} not checked: {why}.", end="\n\n")


def _is_told_later(opened: Opened, one: problems.Problem, found: Mapping[str, Report | None]) -> bool:
    """Whether a problem is shown on the page of a step."""
    folder = os.path.dirname(opened.loaded.name)
    for name, page in found.items():
        if page is None or one.code not in _TOLD_THERE:
            continue
        if one.code == "open-snapshot":
            told = one.message.startswith(f'step "{name}": ')
        elif one.code == "secret-file":
            told = one.file in {os.path.join(folder, _path(page, secret.file)) for secret in page.secrets}
        else:
            places = [each.needed.place for each in page.unnamed or ()]
            lines = {(os.path.join(folder, _path(page, place.file)), place.line) for place in places}
            told = one.position is not None and (one.file, one.position.line) in lines
        if told:
            return True
    return False


def _path(page: Report, name: str) -> str:
    return os.path.normpath(os.path.join(page.step.source_directory, name))


def _page(one: Report, opened: Opened) -> list[str]:
    members = one.origins.members
    size = f"{counted(len(members), 'file')}, {size_in_words(one.bytes)}"
    lines = [f"{one.step.name}: {_path(one, one.step.script)}, {size}", *_table(members), _limits(one)]
    groups = _groups(one, os.path.basename(opened.plan.file) if opened.plan else "")
    lines += [f"  {group}" for group in groups]
    if one.opening:
        lines.append(f"  {_opening(one)}")
    lines += [f"  {line}" for line in _imports(one.unnamed or (), one.declared)]
    return lines + [f"  {_secret(secret)}" for secret in one.secrets]


def _limits(one: Report) -> str:
    number = len(one.origins.members)
    verb = "takes" if number <= MOST_FILES and one.bytes <= MOST_BYTES else "refuses"
    size = f"{one.bytes / _MEGABYTE:.1f} of {MOST_BYTES / _MEGABYTE:.0f} MB"
    return f"  Azure ML {verb} it: {number} of {MOST_FILES} files, {size}"


def _table(members: Sequence[Member]) -> list[str]:
    sizes = [size_in_words(one.bytes) for one in members]
    widest = max(map(len, sizes), default=0)
    longest = max((len(one.name) for one in members), default=0)
    rows = zip(sizes, members, strict=True)
    return [f"    {size:>{widest}}  {one.name:<{longest}}  {_rule(one)}" for size, one in rows]


def _rule(one: Member) -> str:
    place = f"{one.place.file}:{one.place.line}" if one.place else ""
    if one.rule == "pattern":
        return f'pattern "{one.pattern.text if one.pattern else ""}"'
    return {"script": "script", "import": f"imported by {place}", "named": f"named in {place}"}.get(
        one.rule, "whole folder"
    )


def _groups(page: Report, pipeline_file: str) -> list[str]:
    """Return what is excluded, one line per reason."""
    groups: dict[str, list[str]] = {}
    for one in page.origins.left_out:
        groups.setdefault(_why(page, one, pipeline_file), []).append(one.name)
    return [f"excluded ({why}): {_some(names)}" for why, names in groups.items()]


def _why(page: Report, one: LeftOut, pipeline_file: str) -> str:
    if one.why == "ignored" and one.pattern and one.pattern.place:
        return f"{one.pattern.place.file}:{one.pattern.place.line} {one.pattern.text}"
    if one.why == "declared":
        return "the pipeline file" if one.name == pipeline_file else "local data"
    if one.why == "not needed":
        return "not imported" if page.step.snapshot is None else "not imported and not in a pattern"
    return one.why


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
    patterns = ", ".join(f'"{one}"' for one in page.globs)
    return f"{line}, so the whole folder is included; `snapshot: [{patterns}]` in the step narrows it"


def _imports(unnamed: Sequence[Unnamed], files: Sequence[str]) -> list[str]:
    """Return a line for each import that the environment's files do not name, and one line for unknown ones."""
    names = f"which {' and '.join(files)} {'does' if len(files) == 1 else 'do'} not name"
    lines = []
    for one in unnamed:
        if one.answer.verdict != "perhaps":
            why = f"which comes with {one.answer.packages[0]}" if one.answer.packages else names
            lines.append(f"{one.needed.place.file}:{one.needed.place.line} imports {one.needed.module}, {why}")
    perhaps = [one for one in unnamed if one.answer.verdict == "perhaps"]
    if perhaps:
        packages = perhaps[0].answer.packages
        more = f" and {len(packages) - _EXAMPLES} more" if len(packages) > _EXAMPLES else ""
        modules = [f"{one.needed.module} ({one.needed.place.file}:{one.needed.place.line})" for one in perhaps]
        known = f"{', '.join(packages[:_EXAMPLES])}{more}, which this Python does not have"
        lines.append(f"imports, {names}, but which may come with {known}: {', '.join(modules)}")
    return lines


def _secret(one: Secret) -> str:
    place = f"{one.file}:{one.line}" if one.line else one.file
    return f"{place} looks like {one.what}. {one.cure}"
