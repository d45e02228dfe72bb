"""Attempts, results, and acceptance by one rename. Independent of plans and processes.

    steps/STEP/attempt.ID/NAME   an output of an attempt; never moved, so paths in it stay true
    steps/STEP/attempt.ID/NAME/NAME   an output that is a file, alone in a folder of its own
    steps/STEP/attempt.ID/working-copy   where the attempt's process works
    steps/STEP/result.KEY        the manifest of an accepted result: written last, by one rename
    steps/STEP/last              the last attempt: its parts and how it ended
    outputs/STEP/NAME            a link to the accepted output, for people

An attempt that no manifest names does not count, whatever it contains. Each state file is sealed with its own digest
and names what it belongs to: a torn, altered or renamed file counts as missing. There are no folders just for order,
because creating one takes a tenth of the time of starting a process.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from aml_pipeline.core import durability, files, removal
from aml_pipeline.core.digests import Digests, Tree
from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.plain import mapping
from aml_pipeline.core.removal import Refusal
from aml_pipeline.core.wording import printable, shortened
from aml_pipeline.runs import reuse

_ROOM_BYTES = 1 << 16
RESULT, ATTEMPT, DEBUG = "result.", "attempt.", "debug."
WORKING_COPY = "working-copy"
_MANIFEST = frozenset({"attempt", "contents", "parts", "facts"})
_ALWAYS_NOTED = frozenset({"parts", "outcome", "key", "attempt", "accepted"})
_OF_OTHERS = frozenset({"outcome", "key", "pid", "started"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a step in its own ``folder``; each output has a folder in it, initially empty."""

    step: str
    key: str
    id: str
    folder: str
    parts: Mapping[str, Any]
    outputs: Mapping[str, str]

    @property
    def files(self) -> frozenset[str]:
        """The outputs that are files, which the step has to write."""
        return frozenset(self.parts.get("files", ()))

    @property
    def working_copy(self) -> str:
        """The folder in which its process works; outputs cannot have this name."""
        return os.path.join(self.folder, WORKING_COPY)


@dataclass(frozen=True, slots=True)
class Result:
    """An accepted attempt: its output folders, their contents, and ``facts`` about how it was produced."""

    step: str
    key: str
    attempt: str
    outputs: Mapping[str, str]
    contents: Mapping[str, Tree]
    parts: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """The last attempt of a step; ``accepted`` is the key of the newest result in use, if any.

    ``pid`` and ``started`` distinguish its process from any later one with the same id. ``others`` are attempts of runs
    beside this one that may have left a folder, by id: how each ended, its key, and its process.
    """

    parts: Mapping[str, Any]
    outcome: str
    key: str
    attempt: str
    accepted: str | None
    pid: int = 0
    started: str | None = None
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def unaccepted(self) -> dict[str, Mapping[str, Any]]:
        """The attempt itself, if it was not accepted, and the others."""
        own = {"outcome": self.outcome, "key": self.key, "pid": self.pid, "started": self.started}
        return {**self.others, **({} if self.outcome == "accepted" else {self.attempt: own})}


def _last_attempt(step: str, data: object) -> LastAttempt | None:
    """Return the content of the file ``last`` of a step; None if it is invalid or of another step."""
    if not isinstance(data, dict) or data.pop("step", step) != step:
        return None
    names = {field.name for field in fields(LastAttempt)}
    others = {attempt: row for attempt, row in mapping(data.get("others")).items() if mapping(row).keys() >= _OF_OTHERS}
    return LastAttempt(**{**data, "others": others}) if _ALWAYS_NOTED <= data.keys() <= names else None


class Store:
    """The results of one pipeline in ``folder``; ``digests`` reads contents.

    ``durable``: accepted results survive a power cut.
    """

    def __init__(self, folder: str, digests: Digests, *, durable: bool = False) -> None:
        self.folder = folder
        self.durable = durable
        self._digests = digests
        self._last: dict[str, LastAttempt | None] = {}
        self.at_work: set[str] = set()  # the attempts of this process that still use their folders

    def _step(self, step: str, *names: str) -> str:
        return os.path.join(self.folder, "steps", step, *names)

    def result(self, step: str, key: str) -> tuple[Result | None, str]:
        """Return the result with ``key`` if it is intact, else what happened to it ("" if it never existed)."""
        data = self.manifest(step, key)
        if data is None:
            return None, ""
        contents = {name: Tree(*tree) for name, tree in data["contents"].items()}
        outputs = {name: self.output(step, data["attempt"], name, data["parts"]) for name in contents}
        for name, tree in contents.items():
            is_file = name in data["parts"].get("files", ())
            now = self._digests.tree(content_place(outputs[name], tree, is_file=is_file))
            if now is None:
                return None, f"output {name} was deleted"
            if now.digest != tree.digest:
                return None, f"output {name} was edited"
            if is_file and (others := beside(outputs[name])):
                return None, f"output {name} is a file, but {others[0]} was written beside it"
        return Result(step, key, data["attempt"], outputs, contents, data["parts"], data["facts"]), ""

    def kept_parts(self, step: str) -> list[Mapping[str, Any]]:
        """Return the parts of each result of a step, intact or not."""
        manifests = (self.manifest(step, key) for key in self.keys(step))
        return [manifest["parts"] for manifest in manifests if manifest is not None]

    def keys(self, step: str) -> list[str]:
        """Return the keys of a step's manifests, without temporary files of a killed run."""
        names = files.names(self._step(step))
        return [name.removeprefix(RESULT) for name in names if name.startswith(RESULT) and not name.endswith(".tmp")]

    def manifest_place(self, step: str, key: str) -> str:
        """Return the path of a result's manifest."""
        return self._step(step, RESULT + key)

    def last_place(self, step: str) -> str:
        """Return the path of the file about the last attempt of a step."""
        return self._step(step, "last")

    def manifest(self, step: str, key: str) -> Mapping[str, Any] | None:
        """Return the manifest of a result, or None if it is missing, damaged or of another result.

        Its key is the digest of its parts; manifests of earlier versions do not name the step.
        """
        data = files.read_sealed(self.manifest_place(step, key))
        is_manifest = isinstance(data, dict) and data.keys() >= _MANIFEST
        return data if is_manifest and data.get("step", step) == step and reuse.key(data["parts"]) == key else None

    def environments(self) -> set[str]:
        """Return the digests of the environments of results and last attempts."""
        last = [attempt.parts for attempt in map(self.last, self.steps()) if attempt]
        kept = [parts for step in self.steps() for parts in self.kept_parts(step)]
        return {str(parts.get("environment")) for parts in [*last, *kept]}

    def latest(self, step: str) -> Result | None:
        """Return the newest result in use of a step, if it is intact."""
        last = self.last(step)
        return self.result(step, last.accepted)[0] if last and last.accepted else None

    def facts(self, step: str) -> Mapping[str, Any]:
        """Return the facts about the newest result in use of a step, intact or not; empty if there is none."""
        last = self.last(step)
        manifest = self.manifest(step, last.accepted) if last and last.accepted else None
        return manifest["facts"] if manifest else {}

    def last(self, step: str) -> LastAttempt | None:
        """Return the last attempt of a step."""
        if step not in self._last:
            data = files.read_sealed(self.last_place(step))
            last = _last_attempt(step, data)
            self._last[step] = self._healed(step, last) if last else None
        return self._last[step]

    def _healed(self, step: str, last: LastAttempt) -> LastAttempt:
        """Return ``last`` as accepted if its result was accepted, but the run ended before that was noted."""
        if last.outcome == "accepted" or not self._is_accepted(step, last.attempt, last.key):
            return last
        return replace(last, outcome="accepted", accepted=last.key)

    def _is_accepted(self, step: str, attempt: str, key: str) -> bool:
        manifest = self.manifest(step, key)
        return manifest is not None and bool(manifest["attempt"] == attempt)

    def forget(self) -> None:
        """Read the last attempts from disk again: another run may have changed them."""
        self._last.clear()

    def output(self, step: str, attempt: str, name: str, parts: Mapping[str, Any]) -> str:
        """Return the path of an output of an attempt with these ``parts``, which say whether it is a file."""
        return self._step(step, ATTEMPT + attempt, name, *([name] if name in parts.get("files", ()) else []))

    def begin(self, step: str, key: str, parts: Mapping[str, Any], outputs: Sequence[str]) -> Attempt:
        """Create the folders of a new attempt; the folder of an earlier failed attempt is removed."""
        self.remove_failed(step)
        attempt = f"{time.strftime('%Y%m%dT%H%M%S')}-{os.urandom(4).hex()}"
        folder = self.attempt_folder(step, attempt)
        places = {name: self.output(step, attempt, name, parts) for name in outputs}
        begun = Attempt(step, key, attempt, folder, parts, places)
        os.makedirs(self._step(step), exist_ok=True)
        self._note(
            begun, "running"
        )  # before anything of it exists, so that the next run finds everything that a killed run leaves
        os.mkdir(folder)
        for name in outputs:
            os.mkdir(os.path.join(folder, name))
        return begun

    def note_process(self, attempt: Attempt, pid: int, started: str | None) -> None:
        """Note that the process ``pid`` works at ``attempt``."""
        self._note(attempt, "running", pid, started)

    def remove_failed(self, step: str) -> list[Refusal]:
        """Remove the last attempts at a step if they failed; return what cannot be removed."""
        failed = [
            attempt
            for attempt, row in self._unaccepted(step).items()
            if not self._is_accepted(step, attempt, str(row.get("key")))
        ]
        return [refusal for attempt in failed for refusal in removal.remove(self.attempt_folder(step, attempt))]

    def survivors(self, step: str) -> list[tuple[str, int, str | None]]:
        """Return the attempts at a step that a killed run did not end: each with its process and when that began."""
        rows = self._unaccepted(step).items()
        return [(attempt, row["pid"], row["started"]) for attempt, row in rows if row["outcome"] == "running"]

    def _unaccepted(self, step: str) -> dict[str, Mapping[str, Any]]:
        """Return the last attempts at a step that were not accepted, without those that this process is at."""
        last = self.last(step)
        rows = last.unaccepted.items() if last else ()
        return {attempt: row for attempt, row in rows if attempt not in self.at_work}

    def _note(self, attempt: Attempt, outcome: str, pid: int = 0, started: str | None = None) -> None:
        before = self.last(attempt.step)
        accepted = attempt.key if outcome == "accepted" else before.accepted if before else None
        last = LastAttempt(attempt.parts, outcome, attempt.key, attempt.id, accepted, pid, started)
        if before and (others := self._others(attempt, before)):
            last = replace(last, others=others)
        row = {"step": attempt.step, **{field.name: getattr(last, field.name) for field in fields(last)}}
        if not last.others:
            del row["others"]
        files.write_sealed(self.last_place(attempt.step), row, durable=self.durable and outcome == "accepted")
        self._last[attempt.step] = last

    def _others(self, attempt: Attempt, before: LastAttempt) -> dict[str, Mapping[str, Any]]:
        """Return the attempts noted before that are not over: those of runs at the same time, and what they left."""
        return {
            other: row
            for other, row in before.unaccepted.items()
            if other != attempt.id and os.path.isdir(self.attempt_folder(attempt.step, other))
        }

    def contents(self, attempt: Attempt) -> dict[str, Tree]:
        """Return the contents of ``attempt``'s outputs, flushed to disk if results are durable.

        A file that was not written has those of its empty folder. Raises MachineError when an output is missing, or
        when a file is not alone.
        """
        contents = {}
        for name, place in attempt.outputs.items():
            if name in attempt.files and (others := beside(place)):
                raise MachineError(_not_alone(name, others))
            is_written = name not in attempt.files or os.path.lexists(place)
            is_right = os.path.isfile if name in attempt.files and is_written else os.path.isdir
            where = place if is_written else os.path.dirname(place)
            tree = self._digests.tree(where) if is_right(where) else None
            if tree is None:
                raise MachineError(_gone(attempt, name))
            contents[name] = tree
        if self.durable:
            self._settle(attempt)
        return contents

    def accept(self, attempt: Attempt, facts: Mapping[str, Any], contents: Mapping[str, Tree]) -> Result:
        """Make the outputs of ``attempt`` with these ``contents`` the result of its key; ``use`` follows later."""
        step, parts = attempt.step, attempt.parts
        manifest = {"step": step, "attempt": attempt.id, "contents": contents, "parts": parts, "facts": facts}
        files.write_sealed(self.manifest_place(step, attempt.key), manifest, durable=self.durable)
        return Result(step, attempt.key, attempt.id, attempt.outputs, contents, parts, facts)

    def _settle(self, attempt: Attempt) -> None:
        """Flush the outputs to disk, and the folders from that of the state down to them."""
        for place in attempt.outputs.values():
            durability.settle(place, attempt.folder)
        durability.settle_way(attempt.folder, os.path.dirname(os.path.dirname(self.folder)))

    def need_room(self, attempt: Attempt) -> None:
        """Raise OSError when the disk is full: a failed script could not even write that to its log."""
        probe = os.path.join(attempt.folder, "room-probe")
        try:
            files.write(probe, bytes(_ROOM_BYTES))
            os.unlink(probe)
        except FileNotFoundError:  # the script removed the folder
            return
        except OSError as error:
            raise OSError(error.errno, error.strerror, attempt.folder) from None

    def fail(self, attempt: Attempt, outcome: str = "failed") -> None:
        """Note that ``attempt`` failed; its outputs are kept for inspection until the step's next attempt."""
        self._note(attempt, outcome)

    def use(self, result: Result) -> None:
        """Note that a result, new or old, is the one in use, and point the links to it."""
        last = self.last(result.step)
        if last is None or (last.outcome, last.key, last.attempt) != ("accepted", result.key, result.attempt):
            attempt = Attempt(result.step, result.key, result.attempt, "", result.parts, {})
            self._note(attempt, "accepted")
        self._link(result)

    def attempt_folder(self, step: str, attempt: str) -> str:
        """Return the folder of an attempt, which need not exist."""
        return self._step(step, ATTEMPT + attempt)

    def scratch(self, step: str, name: str) -> str:
        """Return a folder for an output that is never accepted."""
        return self._step(step, DEBUG + name)

    def link(self, step: str, name: str) -> str:
        """Return the path of the link to an output for people."""
        return os.path.join(self.folder, "outputs", step, name)

    def _link(self, result: Result) -> None:
        for name, place in result.outputs.items():
            link = self.link(result.step, name)
            target = os.path.relpath(place, os.path.dirname(link))
            if files.link(link) == target:
                continue
            os.makedirs(os.path.dirname(link), exist_ok=True)
            temporary = f"{link}.tmp"  # always the same name, so that the next run removes what a killed one left
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            os.symlink(target, temporary)
            _replace(temporary, link)
            files.seen.links.pop(link)  # a cached answer refers to the current link, and is valid while it exists
            files.link(link)

    def steps(self) -> list[str]:
        """Return the steps that have any state."""
        return files.names(os.path.join(self.folder, "steps"))


def _replace(temporary: str, link: str) -> None:
    try:
        os.replace(temporary, link)
    except IsADirectoryError:
        os.unlink(temporary)
        raise MachineError(f"{link} is a folder, but should be the link to an output. Move it away.") from None


def content_place(place: str, tree: Tree, *, is_file: bool) -> str:
    """Return where an accepted output with this content was read: a file that was not written has an empty folder."""
    return os.path.dirname(place) if is_file and not tree.files else place


def beside(place: str) -> list[str]:
    """Return what else lies in the folder of an output that is a file: a step that reads it might read that too."""
    folder, name = os.path.split(place)
    return [other for other in files.names(folder) if other != name]


def _not_alone(name: str, others: Sequence[str]) -> str:
    return (
        f"Output {name} is a file, but the script also wrote {shortened([printable(other) for other in others], 3)} "
        "beside it. Write one file; or, to write several, delete `type: file` and write into the folder."
    )


def _gone(attempt: Attempt, name: str) -> str:
    step, place = attempt.step, attempt.outputs[name]
    if name in attempt.files:
        return (
            f"Output {name} of step {step} is not a file, but the settings say `type: file`: {place}. Write one file."
        )
    if os.path.lexists(place):
        return (
            f"Output {name} of step {step} was replaced by a file: {place}. Keep the folder, and write files into it; "
            f"or, if it should be a file, add to the step: `outputs: {{{name}: {{type: file}}}}`."
        )
    return f"The folder of output {name} of step {step} is missing: {place}. The script must not remove it."
