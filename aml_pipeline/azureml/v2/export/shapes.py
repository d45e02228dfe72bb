"""Steps → the components that they run: one for all steps that differ only in the values of options. Pure.

The values that differ are inputs of the component, which the nodes set; all others are in its command.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aml_pipeline.azureml.v2.export import command
from aml_pipeline.azureml.v2.export.command import Word
from aml_pipeline.azureml.v2.export.ports import Port, ports
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.ports import node


@dataclass(frozen=True, slots=True)
class Component:
    """What ``steps`` run.

    ``ports`` has those of each step, with the ``values`` that differ, which are inputs of these names. ``lines`` is the
    command.
    """

    name: str
    steps: tuple[Step, ...]
    ports: Mapping[str, Sequence[Port]]
    lines: Sequence[str]
    values: Sequence[str]


def components(plan: Plan) -> list[Component]:
    """Return the components of ``plan``, in the order of their first steps."""
    own = {step.name: ports(plan, step) for step in plan.steps}
    words = {step.name: command.lines(step, own[step.name]) for step in plan.steps}
    groups = _grouped((_shape(step, own[step.name], words[step.name]), step) for step in plan.steps)
    names = named([[node(step.name) for step in steps] for steps in groups], [_snake(stem(steps)) for steps in groups])
    return [_component(name, steps, own, words) for name, steps in zip(names, groups, strict=True)]


def folders(plan: Plan, snapshots: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Return the name of each step's code folder; ``snapshots`` are the digests of its files. Equal ones share it."""
    groups = _grouped((frozenset(snapshots[step.name].items()), step) for step in plan.steps)
    wanted = [stem(steps) or posixpath.basename(posixpath.normpath(steps[0].source_directory)) for steps in groups]
    names = named([[step.name for step in steps] for steps in groups], wanted)
    return {step.name: name for name, steps in zip(names, groups, strict=True) for step in steps}


def named(groups: Sequence[Sequence[str]], wanted: Sequence[str]) -> list[str]:
    """Return a name for each group of names: the wanted one if no other group has it, else that of its first.

    A group of one has its name. Cases are not told apart, as on some disks.
    """
    members = Counter(name.lower() for group in groups for name in group)
    shared = Counter(name.lower() for group, name in zip(groups, wanted, strict=True) if len(group) > 1)

    def is_free(name: str, group: Sequence[str]) -> bool:
        others = members - Counter(member.lower() for member in group)
        return bool(_NAME.fullmatch(name)) and shared[name.lower()] == 1 and name.lower() not in others

    return [
        name if len(group) > 1 and is_free(name, group) else group[0]
        for group, name in zip(groups, wanted, strict=True)
    ]


def stem(steps: Sequence[Step]) -> str:
    """Return the name of the Python file or module that all ``steps`` run, as a command too; "" if there is none."""
    stems = {_program(*step.words[:3]) for step in steps}
    return stems.pop() if len(stems) == 1 else ""


def _program(command: str = "", first: str = "", second: str = "") -> str:
    if command != "python":
        return ""
    return second.rpartition(".")[2] if first == "-m" else posixpath.splitext(posixpath.basename(first))[0]


_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


def _snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _grouped(rows: Iterable[tuple[Hashable, Step]]) -> list[tuple[Step, ...]]:
    groups: dict[Hashable, list[Step]] = {}
    for key, step in rows:
        groups.setdefault(key, []).append(step)
    return [tuple(steps) for steps in groups.values()]


def _shape(step: Step, ports: Sequence[Port], lines: Sequence[Sequence[Word]]) -> Hashable:
    """Return what steps of one component have in common; their snapshots then are the same too."""
    is_closed = step.script is not None or step.module is not None  # the snapshot of a command has all files
    source = (is_closed, step.words, step.source_directory, step.snapshot, step.environment, step.allow_reuse)
    declared = tuple((port.kind, port.name, repr(port.declared)) for port in ports)
    return source, declared, tuple(tuple((word.name, word.name or word.shell) for word in line) for line in lines)


def _component(
    name: str,
    steps: tuple[Step, ...],
    ports: Mapping[str, Sequence[Port]],
    lines: Mapping[str, Sequence[Sequence[Word]]],
) -> Component:
    """Return the component ``name`` of ``steps``, which have the same shape.

    Of variants, all values of axes are inputs. These are texts: another value must not change what the others run.
    """
    columns = list(zip(*([word for line in lines[step.name] for word in line] for step in steps), strict=True))
    differing = {words[0].name: [word.text for word in words] for words in columns if _differ(words, steps)}

    def values(at: int) -> list[Port]:
        return [Port("inputs", value, {"type": "string"}, texts[at]) for value, texts in differing.items()]

    bindings = {port.name: port.binding for port in values(0)}
    texts = [" ".join(bindings.get(word.name, word.shell) for word in line) for line in lines[steps[0].name]]
    own = {step.name: _in_order([*ports[step.name], *values(at)], " ".join(texts)) for at, step in enumerate(steps)}
    return Component(name, steps, own, texts, list(differing))


def _differ(words: Sequence[Word], steps: Sequence[Step]) -> bool:
    """Whether a word is another one in some of the ``steps``, or would be with another value of an axis."""
    is_axis = all(word.name and word.text in step.variant.values() for word, step in zip(words, steps, strict=True))
    return is_axis or len(set(words)) > 1


def _in_order(ports: Sequence[Port], text: str) -> list[Port]:
    """Return the inputs and then the outputs, both in the order of the command ``text``, those without a place last."""
    return sorted(ports, key=lambda port: (port.kind, port.binding not in text, text.find(port.binding)))
