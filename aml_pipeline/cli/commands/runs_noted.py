"""`runs --pin`, `--unpin`, `--note`, `--tag`: what people say about recorded runs."""

from __future__ import annotations

from aml_pipeline.cli.opened import by_name, open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.recorded import chosen, records_of
from aml_pipeline.core.errors import UsageError
from aml_pipeline.runs.record import RunRecord

_PINS = (("pin", True), ("unpin", False))


def annotate(options: Options) -> int:
    """Pin, unpin, note or tag the named runs, once all of them are known to exist."""
    if options.flag("remote"):
        raise UsageError("Only runs recorded on this machine can be pinned, noted or tagged. Delete --remote.")
    note, tags = _note(options), _tags(options)
    records = records_of(open_readable(options))
    pins = [(chosen(records, name), stays) for option, stays in _PINS for name in options.texts(option)]
    noted = [chosen(records, name) for name in (options.text("note"), options.text("tag")) if name is not None]
    for run, stays in pins:
        run.pin(stays=stays)
        print(
            f"Pinned {run.id}: `clean` will keep its record."
            if stays
            else f"Unpinned {run.id}: `clean --runs` may remove its record."
        )
    for run in noted:
        run.annotate(note, tags)
        print(f"{run.id}: {_in_words(run)}")
    return 0


def _note(options: Options) -> str | None:
    """Return the text for ``--note``; None without this option."""
    if options.text("note") is None:
        return None
    if options.text("tag") is not None:
        raise UsageError("--note and --tag cannot be combined. Use one after the other.")
    if len(options.operands) != 1:
        raise UsageError('--note needs a run and one text: `runs --note RUN "a text"`; "" removes the note.')
    return options.operands[0]


def _tags(options: Options) -> dict[str, str]:
    if options.text("tag") is None:
        return {}
    if not options.operands:
        raise UsageError("--tag needs a run and its tags: `runs --tag RUN NAME=VALUE`; NAME= removes a tag.")
    return by_name("--tag", options.operands, "purpose=baseline")


def _in_words(run: RunRecord) -> str:
    noted = run.notes
    texts = [noted["note"], ", ".join(f"{name}={value}" for name, value in noted["tags"].items())]
    return "; ".join(filter(None, texts)) or "no note, no tags"
