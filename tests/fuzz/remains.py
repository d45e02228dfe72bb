"""What runs leave behind, and what is shown of it, as targets: logs, the state, records and their pages, any text.

Files are written below one temporary folder of the process; what they say never leads out of it.
"""

from __future__ import annotations

import atexit
import codecs
import json
import marshal
import os
import shutil
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from aml_pipeline.core import files, text, wording
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.masking import without_secrets
from aml_pipeline.local import cleaning, tail
from aml_pipeline.local.store import Store
from aml_pipeline.project.snapshot import snapshot
from aml_pipeline.project.snapshot.program import of_script
from aml_pipeline.project.snapshot.source import SourceFolder
from aml_pipeline.report.reading import read
from aml_pipeline.report.run_page import page
from aml_pipeline.report.series import series_of
from aml_pipeline.report.table.forms import as_csv, as_markdown
from aml_pipeline.report.table.rows import table_of
from aml_pipeline.report.table.text import lines_of
from aml_pipeline.runs import record
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.events import MetricLogged, as_data
from aml_pipeline.runs.metrics import Metric, MetricReader, without_metrics
from aml_pipeline.runs.record import RunRecord
from aml_pipeline.runs.summaries import summary_of

# Between the files of one input of ``state`` and ``record``; they come in the order of these names.
SPLIT = b"\n%%%%\n"
STEP, KEY = "train", "0" * 64
STATE = (
    f"steps/{STEP}/last",
    f"steps/{STEP}/result.{KEY}",
    f"steps/{STEP}/result.{'1' * 64}",
    "digests",
    f"code/{KEY}",
)
RECORD = ("run.json", "short.json", "events.jsonl", f"steps/{STEP}.log")
# The length of the pieces in which a log is read; a line that is cut must come to the same as a whole one.
_PIECES = (1, 2, 3, 7, 64)


@cache
def _folder() -> Path:
    made = tempfile.mkdtemp(prefix="fuzz-remains-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made).resolve()


def _emptied(name: str) -> Path:
    folder = _folder() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def log(raw: bytes) -> None:
    """What a step printed → metrics, which any record and page can hold; and the lines that are shown of a failure."""
    printed = raw.decode("utf-8", "replace")
    whole = _metrics([raw])
    size = _PIECES[len(raw) % len(_PIECES)]
    assert _metrics(raw[at : at + size] for at in range(0, len(raw), size)) == whole
    logged = [_recorded(one) for one in whole]
    series_of(logged)
    for one in logged:
        text.visible(text.number_in_words(one["value"])).encode()
    lines = without_metrics(printed.splitlines())
    tail.shown(lines, ["/folder"])
    tail.last_failure(lines)


def _metrics(pieces: Iterable[bytes]) -> list[Metric]:
    reader, decoder = MetricReader(), codecs.getincrementaldecoder("utf-8")("replace")
    found = [metric for piece in pieces for metric in reader.feed(decoder.decode(piece))]
    return [*found, *reader.feed(decoder.decode(b"", final=True), end=True)]


def _recorded(metric: Metric) -> dict[str, object]:
    """Return a metric as the record of a run has it, read again."""
    row = as_data(MetricLogged(1.0, STEP, metric.name, metric.kind, metric.value))
    line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    assert b"\n" not in line
    again: dict[str, object] = json.loads(line)
    return again


def state(raw: bytes) -> None:
    """Files of state → results, and what may be removed; as they are, and sealed whatever they say."""
    for sealed in (False, True):
        folder = _emptied("state")
        for name, content in zip(STATE, raw.split(SPLIT), strict=False):
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(_sealed(content) if sealed else content)
        _kept(str(folder))


def _sealed(content: bytes) -> bytes:
    """Return a text under its seal, whatever it says."""
    return files.digest_of(content).encode() + b"\n" + content + b"\n"


def _kept(folder: str) -> None:
    kept = Store(folder, Digests(os.path.join(folder, "digests")))
    for step in kept.steps():
        kept.last(step)
        kept.latest(step)
        kept.facts(step)
        kept.kept_parts(step)
        result, damage = kept.result(step, KEY)
        assert result is None or not damage
        assert result is None or result.contents
    kept.environments()
    cleaning.makers(kept)
    for removable in cleaning.unused(kept):
        assert all(os.path.realpath(place).startswith(f"{folder}/steps/") for place in removable.places)
    Contents(folder).parts(KEY)


def recorded(raw: bytes) -> None:
    """Files of a record → its row among the runs, and its page."""
    runs = _emptied("runs")
    for name, content in zip(RECORD, raw.split(SPLIT), strict=False):
        place = runs / "2026-01-01" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    for run in record.records(str(runs)):
        _told(run)


def _told(run: RunRecord) -> None:
    summary = summary_of(run)
    json.dumps(summary, ensure_ascii=False)
    marshal.dumps(summary)
    rows = table_of([summary], now=0.0, busy=False)
    assert len(list(lines_of(rows, [run.id], room=60))) >= 2
    as_csv(rows)
    as_markdown(rows)
    assert all(isinstance(key, str) for key in run.keys)
    assert all(isinstance(parts, dict) for parts in run.parts.values())
    markup = page(read(run, run.state))
    markup.encode()
    assert markup.count("<script") == markup.count("</script>")


def shown(raw: bytes) -> None:
    """Any text → what a terminal and a page show of it, and what is masked."""
    some = raw.decode("utf-8", "surrogateescape")
    assert wording.printable(some).isprintable()
    text.visible(text.cut(text.printed(some))).encode()
    assert len(text.visible(text.tail_that_fits(some, 100)).encode()) <= 100
    assert len(text.shortened(some, 30)) <= max(30, 1)
    assert _PLANTED not in without_secrets(f"{some}\nAccountKey={_PLANTED}\n{some}")
    without_secrets(some)


_PLANTED = "Zm9vYmFyYmF6"


def patterns(raw: bytes) -> None:
    """The lines of an ignore file, and of ``snapshot:`` → which files they match."""
    lines = raw.decode("utf-8", "replace").splitlines()
    source = SourceFolder(str(_tree()), Digests())
    assert source.found_by(lines) <= set(lines)
    if b"\0" not in raw:
        snapshot.take(source, of_script("one.py"), tuple(lines))


@cache
def _tree() -> Path:
    folder = _emptied("source")
    for name in ("one.py", "a" * 40, "data/x.csv", "data/[b].txt", "data/deep/er/!z", "data/ space ", "é/#.md"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return folder
