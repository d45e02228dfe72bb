"""Attempts, results, acceptance by one rename. Knows neither plans nor processes.

    steps/STEP/attempt.ID/NAME   an output of an attempt; never moved, so paths in it stay true
    steps/STEP/attempt.ID/working-copy   where the attempt's process works
    steps/STEP/result.KEY        the manifest of an accepted result: written last, by one rename
    steps/STEP/last              the last attempt: its parts and how it ended
    outputs/STEP/NAME            a link to the accepted folder, for people

An attempt that no manifest names does not count, whatever it wrote and whoever still writes into it. Every file of
state is sealed with its own digest, and tells what it is of: one that is torn, altered or under another name counts as
missing. No folder is there for order alone:
making one takes as long as a tenth of starting a process.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from aml_pipeline.core import durability, files, removal
from aml_pipeline.core.errors import MachineError
from aml_pipeline.core.files import Digests, Tree
from aml_pipeline.core.removal import Refusal
from aml_pipeline.runs import reuse

_ROOM_BYTES = 1 << 16
RESULT, ATTEMPT, DEBUG = "result.", "attempt.", "debug."
WORKING_COPY = "working-copy"
_MANIFEST = frozenset({"attempt", "contents", "parts", "facts"})
_ALWAYS_NOTED = frozenset({"parts", "outcome", "key", "attempt", "accepted"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try at a step: ``folder`` is its own; each output is a folder in it, there and empty from the start."""

    step: str
    key: str
    id: str
    folder: str
    parts: Mapping[str, Any]
    outputs: Mapping[str, str]

    @property
    def working_copy(self) -> str:
        """Where its process works; no output has such a name."""
        return os.path.join(self.folder, WORKING_COPY)


@dataclass(frozen=True, slots=True)
class Result:
    """An accepted attempt: where its outputs are, their content, and what ``facts`` its maker noted."""

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

    ``pid`` and ``started`` tell its process from any later one of the same number.
    """

    parts: Mapping[str, Any]
    outcome: str
    key: str
    attempt: str
    accepted: str | None
    pid: int = 0
    started: str | None = None


def _last_attempt(step: str, data: object) -> LastAttempt | None:
    """Return what the file ``last`` of a step says; None when it says nothing, or is of another step."""
    if not isinstance(data, dict) or data.pop("step", step) != step:
        return None
    known = {one.name for one in fields(LastAttempt)}
    return LastAttempt(**data) if _ALWAYS_NOTED <= data.keys() <= known else None


class Store:
    """The results of one pipeline in ``folder``; ``digests`` tells contents.

    ``durable``: what is accepted is there after a power cut, too.
    """

    def __init__(self, folder: str, digests: Digests, *, durable: bool = False) -> None:
        self.folder = folder
        self.durable = durable
        self._digests = digests
        self._last: dict[str, LastAttempt | None] = {}

    def _step(self, step: str, *names: str) -> str:
        return os.path.join(self.folder, "steps", step, *names)

    def result(self, step: str, key: str) -> tuple[Result | None, str]:
        """Return the result with ``key`` if it is there and whole, and else what became of it ("" if it never was)."""
        data = self.manifest(step, key)
        if data is None:
            return None, ""
        contents = {name: Tree(*tree) for name, tree in data["contents"].items()}
        outputs = {name: self.output(step, data["attempt"], name) for name in contents}
        for name, tree in contents.items():
            found = self._digests.tree(outputs[name])
            if found is None:
                return None, f"output {name} was deleted"
            if found.digest != tree.digest:
                return None, f"output {name} was edited"
        return Result(step, key, data["attempt"], outputs, contents, data["parts"], data["facts"]), ""

    def kept_parts(self, step: str) -> list[Mapping[str, Any]]:
        """Return the parts of every result of a step, whole or not."""
        found = (self.manifest(step, key) for key in self.keys(step))
        return [data["parts"] for data in found if data is not None]

    def keys(self, step: str) -> list[str]:
        """Return the keys by which the manifests of a step are named, without what a killed run left half written."""
        names = files.names(self._step(step))
        return [name.removeprefix(RESULT) for name in names if name.startswith(RESULT) and not name.endswith(".tmp")]

    def manifest_place(self, step: str, key: str) -> str:
        """Return the path of the manifest of a result."""
        return self._step(step, RESULT + key)

    def last_place(self, step: str) -> str:
        """Return the path of what is noted of the last attempt of a step."""
        return self._step(step, "last")

    def manifest(self, step: str, key: str) -> Mapping[str, Any] | None:
        """Return the manifest of a result, or None when it is missing, damaged, or that of another result.

        Its parts are what its key is the digest of; the step is not noted in manifests of earlier versions.
        """
        data = files.read_sealed(self.manifest_place(step, key))
        is_manifest = isinstance(data, dict) and data.keys() >= _MANIFEST
        return data if is_manifest and data.get("step", step) == step and reuse.key(data["parts"]) == key else None

    def environments(self) -> set[str]:
        """Return the digests of the environments that results and last attempts were made with."""
        last = [one.parts for one in map(self.last, self.steps()) if one]
        kept = [parts for step in self.steps() for parts in self.kept_parts(step)]
        return {str(parts.get("environment")) for parts in [*last, *kept]}

    def latest(self, step: str) -> Result | None:
        """Return the newest result in use of a step, if it is whole."""
        last = self.last(step)
        return self.result(step, last.accepted)[0] if last and last.accepted else None

    def last(self, step: str) -> LastAttempt | None:
        """Return the last attempt of a step."""
        if step not in self._last:
            data = files.read_sealed(self.last_place(step))
            last = _last_attempt(step, data)
            self._last[step] = self._healed(step, last) if last else None
        return self._last[step]

    def _healed(self, step: str, last: LastAttempt) -> LastAttempt:
        """Return ``last`` as accepted if its result was, and the run then ended before it could be noted here."""
        if last.outcome == "accepted":
            return last
        manifest = self.manifest(step, last.key)
        made = manifest is not None and manifest["attempt"] == last.attempt
        return replace(last, outcome="accepted", accepted=last.key) if made else last

    def forget(self) -> None:
        """Read the last attempts from the disk again: another run may have been here."""
        self._last.clear()

    def output(self, step: str, attempt: str, name: str) -> str:
        """Return the path of an output of an attempt."""
        return self._step(step, ATTEMPT + attempt, name)

    def begin(self, step: str, key: str, parts: Mapping[str, Any], outputs: Sequence[str]) -> Attempt:
        """Make the folders of a new attempt; the folder of an earlier one that failed is removed."""
        self.remove_failed(step)
        attempt = f"{time.strftime('%Y%m%dT%H%M%S')}-{os.urandom(4).hex()}"
        folder = self._step(step, ATTEMPT + attempt)
        places = {name: self.output(step, attempt, name) for name in outputs}
        begun = Attempt(step, key, attempt, folder, parts, places)
        os.makedirs(self._step(step), exist_ok=True)
        self._note(begun, "running")  # before anything of it exists, so that the next run finds all that a kill leaves
        os.mkdir(folder)
        for place in places.values():
            os.mkdir(place)
        return begun

    def note_process(self, attempt: Attempt, pid: int, started: str | None) -> None:
        """Note that the process ``pid`` works at ``attempt``."""
        self._note(attempt, "running", pid, started)

    def remove_failed(self, step: str) -> list[Refusal]:
        """Remove the last attempt at a step if it came to nothing; return what cannot be removed."""
        last = self.last(step)
        return removal.remove(self._step(step, ATTEMPT + last.attempt)) if last and last.outcome != "accepted" else []

    def _note(self, attempt: Attempt, outcome: str, pid: int = 0, started: str | None = None) -> None:
        before = self.last(attempt.step)
        accepted = attempt.key if outcome == "accepted" else before.accepted if before else None
        last = LastAttempt(attempt.parts, outcome, attempt.key, attempt.id, accepted, pid, started)
        row = {"step": attempt.step, **{one.name: getattr(last, one.name) for one in fields(last)}}
        files.write_sealed(self.last_place(attempt.step), row, durable=self.durable and outcome == "accepted")
        self._last[attempt.step] = last

    def contents(self, attempt: Attempt) -> dict[str, Tree]:
        """Return what the outputs of ``attempt`` hold, which is on the disk by then if results are to be durable.

        Raises MachineError when one of them is gone.
        """
        contents = {}
        for name, place in attempt.outputs.items():
            tree = self._digests.tree(place) if os.path.isdir(place) else None
            if tree is None:
                raise MachineError(_gone(attempt.step, name, place))
            contents[name] = tree
        if self.durable:
            self._settle(attempt)
        return contents

    def accept(self, attempt: Attempt, facts: Mapping[str, Any], contents: Mapping[str, Tree] | None = None) -> Result:
        """Make the outputs of ``attempt`` the result of its key; ``use`` follows when there is time.

        ``contents`` are theirs if that is known already. Raises MachineError when an output is gone.
        """
        contents = self.contents(attempt) if contents is None else contents
        manifest = {
            "step": attempt.step,
            "attempt": attempt.id,
            "contents": contents,
            "parts": attempt.parts,
            "facts": facts,
        }
        files.write_sealed(self.manifest_place(attempt.step, attempt.key), manifest, durable=self.durable)
        return Result(attempt.step, attempt.key, attempt.id, attempt.outputs, contents, attempt.parts, facts)

    def _settle(self, attempt: Attempt) -> None:
        """Wait until the disk holds the outputs, and the way to them from the folder that the state lies in."""
        for place in attempt.outputs.values():
            durability.settle(place, attempt.folder)
        durability.settle_way(attempt.folder, os.path.dirname(os.path.dirname(self.folder)))

    def need_room(self, attempt: Attempt) -> None:
        """Raise OSError when the disk is full: then a script that failed could not even say so in its log."""
        probe = os.path.join(attempt.folder, "room-probe")
        try:
            files.write(probe, bytes(_ROOM_BYTES))
            os.unlink(probe)
        except FileNotFoundError:  # the script removed the folder
            return
        except OSError as error:
            raise OSError(error.errno, error.strerror, attempt.folder) from None

    def fail(self, attempt: Attempt, outcome: str = "failed") -> None:
        """Note that ``attempt`` came to nothing; its outputs stay for a look until the step's next attempt."""
        self._note(attempt, outcome)

    def use(self, result: Result) -> None:
        """Note that a result, new or old, is the one in use, and let the links lead to it."""
        last = self.last(result.step)
        if last is None or (last.outcome, last.key, last.attempt) != ("accepted", result.key, result.attempt):
            attempt = Attempt(result.step, result.key, result.attempt, "", result.parts, {})
            self._note(attempt, "accepted")
        self._link(result)

    def attempt_folder(self, step: str, attempt: str) -> str:
        """Return the folder of an attempt, be it there or not."""
        return self._step(step, ATTEMPT + attempt)

    def scratch(self, step: str, name: str) -> str:
        """Return a folder for an output that is never accepted."""
        return self._step(step, DEBUG + name)

    def link(self, step: str, name: str) -> str:
        """Return the path of the link that people use for an output."""
        return os.path.join(self.folder, "outputs", step, name)

    def _link(self, result: Result) -> None:
        for name, place in result.outputs.items():
            link = self.link(result.step, name)
            target = os.path.relpath(place, os.path.dirname(link))
            if files.link(link) == target:
                continue
            os.makedirs(os.path.dirname(link), exist_ok=True)
            temporary = f"{link}.tmp"  # always the same, so that the next run removes what a killed one left
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            os.symlink(target, temporary)
            _replace(temporary, link)
            files.seen.links.pop(link)  # an answer tells of the link that is there now, and holds while it is
            files.link(link)

    def steps(self) -> list[str]:
        """Return the steps that have any state."""
        return files.names(os.path.join(self.folder, "steps"))


def _replace(temporary: str, link: str) -> None:
    try:
        os.replace(temporary, link)
    except IsADirectoryError:
        os.unlink(temporary)
        raise MachineError(f"{link} is a folder, where the link to an output belongs. Move it away.") from None


def _gone(step: str, name: str, place: str) -> str:
    if os.path.lexists(place):
        return (
            f"Output {name} of step {step} is a file now: {place}. Leave the folder as it is, and write files below it."
        )
    return f"The output folder {name} of step {step} is gone: {place}. A script must not remove it."
