"""The processes of a distributed step here: how many, with which variables and logs.

All are on this machine, as if it were one of the nodes. Their variables are those that Azure ML documents (azure-docs,
articles/machine-learning/how-to-train-distributed-gpu.md): with ``pytorch`` those of torchrun, with ``mpi`` those of
Open MPI, with ``tensorflow`` the variable ``TF_CONFIG``.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.wording import counted
from aml_pipeline.local.follower import Follower
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import Distribution
from aml_pipeline.runs.recorder import Recorder

_ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Log:
    """The log of a process: its path, where this attempt begins in it, and a file descriptor for writing."""

    path: str
    start: int
    descriptor: int


def limited(plan: Plan, processes: int) -> Plan:
    """Return ``plan`` with this number of processes in each distributed step. Raises UsageError if there is none."""
    if processes < 1:
        raise UsageError(f"processes must be 1 or more, got {processes}.")
    if not any(step.distribution for step in plan.steps):
        raise UsageError("No step has `distribution:`, so the number of processes cannot be set. Omit --processes.")
    return replace(plan, steps=tuple(_limited(step, processes) for step in plan.steps))


def _limited(step: Step, processes: int) -> Step:
    if step.distribution is None:
        return step
    return replace(step, distribution=step.distribution.model_copy(update={"processes_per_node": processes}))


def in_words(step: Step) -> str:
    """Return how many processes a distributed step has here, as a part of a sentence; "" for any other step."""
    distribution = step.distribution
    if distribution is None:
        return ""
    rest = f", one of {distribution.nodes} nodes" if distribution.nodes > 1 else ""
    return f" as {counted(distribution.processes_per_node, 'process', 'processes')}{rest}"


def subject(step: Step, rank: int) -> str:
    """Return what failed, as the subject of a sentence."""
    processes = step.distribution.processes_per_node if step.distribution else 1
    return f"Rank {rank} of its {processes} processes" if processes > 1 else f"Its {step.place[-1]}"


def part(step: Step) -> dict[str, dict[str, str | int]]:
    """Return the part of a key about the processes here: their number may change the last bits of a result."""
    if step.distribution is None:
        return {}
    return {"distribution": {"distribution": step.distribution.type, "processes": step.distribution.processes_per_node}}


@contextlib.contextmanager
def logs(follower: Follower, recorder: Recorder, step: Step) -> Iterator[list[Log]]:
    """Give the logs of a step's processes; the first is that of ``follower``, the others are closed at the end."""
    count = step.distribution.processes_per_node if step.distribution else 1
    with ExitStack() as stack:
        others = [_opened(recorder.log(step.name, rank), stack) for rank in range(1, count)]
        yield [Log(recorder.log(step.name), follower.start, follower.descriptor), *others]


def _opened(path: str, stack: ExitStack) -> Log:
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    stack.callback(os.close, descriptor)
    return Log(path, os.fstat(descriptor).st_size, descriptor)


def variables(distribution: Distribution | None, processes: int | None = None) -> list[dict[str, str]]:
    """Return the variables of each process of a step, by rank; ``processes`` replaces their number."""
    if distribution is None:
        return [{}]
    count = processes or distribution.processes_per_node
    variables_of = {"pytorch": _pytorch, "mpi": _mpi, "tensorflow": _tensorflow}[distribution.type]
    ports = _free_ports(count if distribution.type == "tensorflow" else 1)
    return [variables_of(rank, count, ports) for rank in range(count)]


def _pytorch(rank: int, count: int, ports: Sequence[int]) -> dict[str, str]:
    return {
        "MASTER_ADDR": _ADDRESS,
        "MASTER_PORT": str(ports[0]),
        "WORLD_SIZE": str(count),
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "NODE_RANK": "0",
    }


def _mpi(rank: int, count: int, ports: Sequence[int]) -> dict[str, str]:
    return {
        "AZ_BATCH_MASTER_NODE": f"{_ADDRESS}:{ports[0]}",
        "OMPI_COMM_WORLD_SIZE": str(count),
        "OMPI_COMM_WORLD_RANK": str(rank),
        "OMPI_COMM_WORLD_LOCAL_SIZE": str(count),
        "OMPI_COMM_WORLD_LOCAL_RANK": str(rank),
    }


def _tensorflow(rank: int, _count: int, ports: Sequence[int]) -> dict[str, str]:
    workers = [f"{_ADDRESS}:{port}" for port in ports]
    task = {"type": "worker", "index": rank}
    return {"TF_CONFIG": json.dumps({"cluster": {"worker": workers}, "task": task, "environment": "cloud"})}


def _free_ports(count: int) -> list[int]:
    """Return ports that are free now; all are held until the last is known, so that they differ."""
    import socket  # most pipelines have no distributed step

    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((_ADDRESS, 0))
        return [int(one.getsockname()[1]) for one in sockets]
