"""A guard beside the runner: when the runner dies, however that happens, it kills the process groups of its steps.

It is a shell that reads the groups alive, line by line, until its end of the pipe is closed: by the runner when all is
done, by the kernel when the runner was killed. (The kernel's own parent-death signal reaches the child alone, not its
group, exists on Linux alone, and has to be asked for between fork and exec, which makes each start 2 ms slower.)
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterable

from aml_pipeline.local.descendants import MARK

# Signals that are meant for the runner pass it by. `kill -KILL -- -1` is no form that dash knows.
_SCRIPT = """
trap '' HUP INT TERM
while read -r line; do groups=$line; done
for group in $groups; do kill -s KILL -- -$group; done 2>/dev/null
"""


class Guard:
    """The guard's process, and the pipe that it reads."""

    def __init__(self) -> None:
        self._watched: tuple[int, ...] = ()
        reader, self._writer = os.pipe()
        try:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _SCRIPT],
                stdin=reader,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={MARK: "guard"},  # so that another run in this process does not take it for a stray of its own
                start_new_session=True,
            )
        except BaseException:
            os.close(self._writer)
            raise
        finally:
            os.close(reader)
        self.pid = self._process.pid

    def watch(self, groups: Iterable[int]) -> None:
        """Tell the guard which process groups are alive now."""
        self._watched = tuple(groups)
        # When somebody killed the guard, the next run still finds what outlives this one.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writer, f"{' '.join(map(str, self._watched))}\n".encode())

    def close(self) -> None:
        """Let the guard go; it kills what is alive by what it was told last."""
        os.close(self._writer)
        if not self._watched:
            self._process.kill()  # it would wait for every copy of the pipe that a fork of this process holds
        self._process.wait()
