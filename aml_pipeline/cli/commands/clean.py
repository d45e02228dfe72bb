"""``clean``: frees disk space of results, and on request removes run records."""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from aml_pipeline.cli.opened import open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import records_of
from aml_pipeline.cli.selected import patience, say
from aml_pipeline.core import files, removal
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.errors import MachineError, UsageError
from aml_pipeline.core.plain import mapping
from aml_pipeline.core.problems import errors
from aml_pipeline.core.wording import counted, listed, size_in_words
from aml_pipeline.local import cleaning, models, survivors
from aml_pipeline.local.cleaning import Removable
from aml_pipeline.local.store import RESULT, Store
from aml_pipeline.project.opening import Opened, open_pipeline
from aml_pipeline.runs import contents, formats, locks, retention
from aml_pipeline.runs.record import RunRecord, records, unreferenced_texts
from aml_pipeline.runs.retention import Limit

_RECORD, _EMPTY = "run record", "empty run record"
_PLURALS = {
    "attempt without a result": "attempts without a result",
    "output of --debug": "outputs of --debug",
    "working copy": "working copies",
    "step's results": "steps' results",
    "folder of links": "folders of links",
    "folder of models": "folders of models",
    "code text": "code texts",
}
_NAMED = {
    "mlruns": "MLflow store",
    "models": "folder of models",
    "outputs": "folder of links",
}  # what lies in the state; all else is a cache
_MANY_RECORDS = 10


def clean(options: Options, _environ: Mapping[str, str]) -> int:
    """Remove what is not in use, and report what was freed and kept; with ``--dry-run`` only report it."""
    limit = _limit(options)
    opened = open_readable(options)
    if not os.path.isdir(opened.state):
        print("Nothing to free.")
        return 0
    results = Store(opened.state, Digests())
    if options.flag("dry_run"):
        locks.require_unlocked(opened.state)
        removable, kept = _sorted(opened, results, limit, everything=options.flag("all"))
        _list(removable)
        _tell(removable, kept, "Would free", "Would keep")
        _tell_of_pinned(opened, removable, "Would free")
        return 0
    lock = locks.locked(opened.state, "aml-pipeline clean", patience=patience(options), say=say)
    with lock, locks.recording(opened.state):
        survivors.end_all(results)
        removable, kept = _sorted(opened, results, limit, everything=options.flag("all"))
        refused = {item: item.remove() for item in removable}
        _remove_empty(opened.state, "steps", "runs", contents.FOLDER)
    freed = [item for item in removable if not refused[item]]
    _tell(freed, kept, "Freed", "Kept")
    _tell_of_pinned(opened, freed, "Freed")
    if any(refused.values()):
        raise MachineError(removal.in_words([place for places in refused.values() for place in places]))
    return 0


def _remove_empty(state: str, *names: str) -> None:
    for name in names:
        with contextlib.suppress(OSError):  # it does not exist or is not empty
            os.rmdir(os.path.join(state, name))


def _limit(options: Options) -> Limit | None:
    text = options.text("runs")
    if text is None:
        return None
    if options.flag("all"):
        raise UsageError("--all removes all run records, but --runs keeps some. Use only one of them.")
    return retention.limit_of(text)


def _sorted(
    opened: Opened, results: Store, limit: Limit | None, *, everything: bool
) -> tuple[list[Removable], list[str]]:
    """Return what can be removed, and a description of what is kept."""
    records = records_of(opened)
    if everything:
        why = retention.pinned(records)
        kept = _records_in_words(why)
        kept = [f"{text}. To unpin one, use `aml-pipeline runs --unpin RUN`" for text in kept]
        return [*_everything(opened.state), *_records(opened.state, records, why)], kept
    removed = _removed_variants(opened, results)
    makers = cleaning.makers(results, removed)
    uploads = opened.project.uploads if opened.project else ""  # recreated when needed
    removable = cleaning.unused(results, removed)
    removable += [cleaning.removable("cache", uploads)] if os.path.isdir(uploads) else []
    kept = [f"the latest result of {counted(len(makers), 'step')}"] if makers else []
    removable += [cleaning.removable("leftover", path) for path in models.leftovers(opened.state)]
    removable += [cleaning.removable(_EMPTY, record.folder) for record in records if record.is_empty]
    records = [record for record in records if not record.is_empty]
    registered = models.versions(opened.state)
    kept += [counted(len(registered), "model version")] if registered else []
    environments = results.environments()
    if limit is None:
        all_runs = {record.id for record in records}
        kept += _all_in_words(len(records))
        return [*removable, *_records(opened.state, records, all_runs, environments)], kept
    why = retention.kept(records, limit, set(makers.values()), time.time())
    return [*removable, *_records(opened.state, records, why, environments)], [*kept, *_records_in_words(why)]


def _removed_variants(opened: Opened, results: Store) -> list[str]:
    """Return the variants with a result that the file has with none of its profiles; none if that is unknown."""
    steps: set[str] = set()
    root = opened.loaded.document.root
    for profile in (None, *mapping(mapping(root.value if root else {}).get("profiles"))):
        if not cleaning.removed_variants(results, steps):
            break
        known = open_pipeline(opened.loaded.name, profile)
        if known.plan is None or errors(known.loaded.problems):
            return []
        steps |= {step.name for step in known.plan.steps}
    return cleaning.removed_variants(results, steps)


def _records(
    state: str, records: Sequence[RunRecord], kept: Collection[str], environments: Collection[str] = ()
) -> list[Removable]:
    """Return the records that are not ``kept``, and the code that no other record refers to."""
    gone = [cleaning.removable(_RECORD, record.folder) for record in records if record.id not in kept]
    texts = unreferenced_texts(state, [record for record in records if record.id in kept], environments)
    return gone + [cleaning.removable("code text", path) for path in texts]


def _everything(state: str) -> list[Removable]:
    """Return everything in a pipeline's state except its format, the locks, and what belongs to records."""
    steps = os.path.join(state, "steps")
    items = [cleaning.removable("step's results", os.path.join(steps, name)) for name in files.names(steps)]
    others = {formats.NAME, locks.LOCK, locks.RECORDING, "runs", "steps", contents.FOLDER}
    names = [name for name in files.names(state) if name not in others]
    return items + [cleaning.removable(_NAMED.get(name, "cache"), os.path.join(state, name)) for name in names]


def _all_in_words(records: int) -> list[str]:
    hint = f" (`clean --runs {_MANY_RECORDS}` would keep the newest {_MANY_RECORDS})"
    text = f"{counted(records, _RECORD)}{hint if records > _MANY_RECORDS else ''}"
    return [text] if records else []


def _records_in_words(why: Mapping[str, str]) -> list[str]:
    """Return how many records are kept, in total and for each reason."""
    groups = ", ".join(reason.format(number) for reason, number in Counter(why.values()).items())
    return [f"{counted(len(why), _RECORD)}: {groups}"] if why else []


def _list(removable: Sequence[Removable]) -> None:
    """Print what would be removed, one per line: size, kind and path."""
    width = max((len(item.kind) for item in removable), default=0)
    for item in removable:
        print(f"{size_in_words(item.bytes):>10}  {item.kind:<{width}}  {os.path.relpath(item.places[0])}")


def _tell(removable: Sequence[Removable], kept: Sequence[str], freed: str, keeps: str) -> None:
    counts = Counter(item.kind for item in removable)
    kinds_in_words = listed([counted(number, kind, _PLURALS.get(kind, "")) for kind, number in counts.items()])
    total = sum(item.bytes for item in removable)
    print(f"{freed} {size_in_words(total)}: {kinds_in_words}." if removable else "Nothing to free.")
    print(f"{keeps} {listed(kept) or 'nothing'}.")


def _tell_of_pinned(opened: Opened, removable: Sequence[Removable], freed: str) -> None:
    """Say that a pin keeps the record of a run, where results of pinned runs are removed."""
    runs = os.path.join(opened.state, "runs")
    manifests = {RESULT + key for record in records(runs) if record.pinned for key in record.keys}
    count = sum(os.path.basename(place) in manifests for item in removable for place in item.places)
    if count:
        print(f"{freed} {counted(count, 'result')} of pinned runs: a pin keeps the record of a run, not its results.")
