"""A guard process that kills the process groups of the steps when the runner dies, for whatever reason.

It is a shell that reads the running groups, line by line, until its pipe is closed: by the runner at the end, or by the
kernel when the runner was killed. (The kernel's parent-death signal reaches only the child, not its group, exists only
on Linux, and must be requested between fork and exec, which makes each start 2 ms slower.)
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterable

from aml_pipeline.local.descendants import MARK

# It ignores signals meant for the runner. dash does not accept `kill -KILL -- -1`.
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
                env={MARK: "guard"},  # so that another run in this process does not mistake it for a stray process
                start_new_session=True,
            )
        except BaseException:
            os.close(self._writer)
            raise
        finally:
            os.close(reader)
        self.pid = self._process.pid

    def watch(self, groups: Iterable[int]) -> None:
        """Tell the guard which process groups are running."""
        self._watched = tuple(groups)
        # If someone killed the guard, the next run still finds what outlives this one.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writer, f"{' '.join(map(str, self._watched))}\n".encode())

    def close(self) -> None:
        """End the guard, which kills the groups of the last list."""
        os.close(self._writer)
        if not self._watched:
            self._process.kill()  # else it would wait for each copy of the pipe that a fork of this process holds
        self._process.wait()
