"""Runs the command line in this process and does one thing to it at the n-th moment that touches the disk.

A program of its own, ``python breaker.py AT ACTION WORD...``. The moments are Python's own audit events: every file
that is opened, moved, made or removed below the current folder, and every process that is started. ACTION is the
number of a signal; or ``list``: write every moment to the file that LISTED names; or ``fill``: use up the disk with the
file that FILL names, at the first moment that FILL_AT is part of.
"""

import os
import sys
import time

_CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.symlink", "os.chmod"}


def main() -> None:
    at, action, here = int(sys.argv[1]), sys.argv[2], os.getcwd() + os.sep
    sys.argv[1:] = sys.argv[3:]
    if os.environ.get("CLOCK"):
        _set_back(float(os.environ["CLOCK"]))
    moments: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        moment = _moment(event, arguments, here)
        if moment:
            moments.append(moment)
            if action != "list" and len(moments) == at:
                os.kill(os.getpid(), int(action))
            if action == "fill" and os.environ["FILL_AT"] in moment and not os.path.exists(os.environ["FILL"]):
                _fill(os.environ["FILL"])

    sys.addaudithook(watch)
    from aml_pipeline.cli import main as command_line

    status = command_line()
    if action == "list":
        listed, moments = "\n".join(moments), []
        with open(os.environ["LISTED"], "w", encoding="utf-8") as stream:
            stream.write(listed)
    sys.exit(status)


def _moment(event: str, arguments: tuple[object, ...], here: str) -> str | None:
    """Return the event and the path below ``here`` that it is about, or None when it is of no interest."""
    if event == "subprocess.Popen":
        return f"{event} {'step' if '/attempt.' in str(arguments[1]) else 'other'}"
    if event not in _CHANGES and event != "open":
        return None
    path = next((str(one) for one in reversed(arguments[:2]) if isinstance(one, str) and one.startswith(here)), "")
    reads = event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR))
    if not path or (reads and "/attempt." not in path):
        return None
    return f"{'read' if reads else event} {path[len(here) :]}"


def _fill(path: str) -> None:
    """Use up the disk that ``path`` is on."""
    try:
        with open(path, "wb", buffering=0) as stream:
            while True:
                stream.write(b"x" * 4096)
    except OSError:
        return


def _set_back(seconds: float) -> None:
    """Put the clock that Python code reads back."""
    now, now_ns, localtime, strftime = time.time, time.time_ns, time.localtime, time.strftime
    time.time = lambda: now() - seconds
    time.time_ns = lambda: now_ns() - int(seconds * 1e9)

    def patched(form: str, when: time.struct_time | None = None) -> str:
        return strftime(form, when or time.localtime())

    time.localtime = lambda when=None: localtime(now() - seconds if when is None else when)
    time.strftime = patched  # type: ignore[assignment]  # as far as we call it


if __name__ == "__main__":
    main()
