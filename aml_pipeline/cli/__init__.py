"""The command line: parses, calls, prints, exits. The only reader of argv and environ, without rules of its own.

Only here, exceptions become texts and exit statuses: 0 success, 1 a step failed, 2 the file or the command line is
wrong, 3 a bug in aml-pipeline, 4 Azure ML refused, 5 something to do (with ``--exit-code``), 6 a problem of this
machine, 129, 130 and 143 on HUP, INT and TERM, from which the process then dies.
"""

from __future__ import annotations

import _thread
import os
import sys
import time

from aml_pipeline.cli.exits import (
    EXIT_AZURE,
    EXIT_BUG,
    EXIT_MACHINE,
    EXIT_PIPE,
    EXIT_USAGE,
    SIGNALLED,
    Terminated,
    die_of,
    status_of,
)
from aml_pipeline.cli.screen.printing import Screened, is_coloured, steer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aml_pipeline.cli.options import Options

_MOMENT_SECONDS = 0.01


def main() -> int:
    """Run the program with this process's arguments and environment; return its exit status."""
    end_at_once()
    sys.unraisablehook = _raise_again
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # the caller closed it
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - as long as this process lives
        stream = getattr(sys, name)
        stream.reconfigure(errors="replace")  # a terminal without → still shows the rest
        if sys.platform == "win32" and not stream.isatty():
            stream.reconfigure(encoding="utf-8")  # a file is the same on each system
    status = run(sys.argv[1:], os.environ)
    if status > SIGNALLED and status != EXIT_PIPE:
        _leave(status - SIGNALLED)
    return status


def end_at_once() -> None:
    """Let INT end this process silently, as TERM does, unless it is ignored: there is nothing to clean up yet.

    During a command it raises KeyboardInterrupt; the imports before take a tenth of a second.
    """
    import _signal  # type: ignore[import-not-found] # the built-in half: the other takes a millisecond

    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


def _raise_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Resend a signal that arrived in a callback of Python itself, from which no exception is raised.

    A moment later, because the hook is such a callback too.
    """
    if isinstance(unraisable.exc_value, KeyboardInterrupt):
        number = status_of(unraisable.exc_value) - SIGNALLED

        def send() -> None:
            time.sleep(_MOMENT_SECONDS)
            if sys.platform == "win32":  # where os.kill ends the process at once
                _thread.interrupt_main(number)
            else:
                os.kill(os.getpid(), number)

        _thread.start_new_thread(send, ())
    else:
        sys.__unraisablehook__(unraisable)


def _leave(number: int) -> None:
    """End this process at once: Python would wait for SDK threads that upload files in vain."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        die_of(number)


def run(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command line; return its exit status."""
    with Screened():
        return _run(words, environ)


def _run(words: Sequence[str], environ: Mapping[str, str]) -> int:
    try:
        status = _dispatch(list(words), environ)
        sys.stdout.flush()
    except BrokenPipeError as error:
        closed = _closed_pipe()
        return next((status_of(cause) for cause in _behind(error) if isinstance(cause, KeyboardInterrupt)), closed)
    except KeyboardInterrupt as error:
        status = _stopped(error, words)
    except OSError as error:
        status = EXIT_MACHINE
        _say(_machine_words(error))
    except Exception as error:  # noqa: BLE001 - the one place that turns exceptions into exit statuses
        cause = error.__cause__  # Python before 3.12 wraps what is raised while a class is created in a RuntimeError
        status = _stopped(cause, words) if isinstance(cause, KeyboardInterrupt) else _reported(error, environ)
    return status


def _stopped(error: KeyboardInterrupt, words: Sequence[str]) -> int:
    import contextlib

    goes_on = "run" in words and "--debug" not in words
    with contextlib.suppress(BrokenPipeError):  # Ctrl-C ended the reader, too
        _say("Stopped. The next run will continue from here." if goes_on else "Stopped.")
    return status_of(error)


def _dispatch(words: list[str], environ: Mapping[str, str]) -> int:
    if words == ["--version"]:
        from aml_pipeline import __version__

        print(f"aml-pipeline {__version__}")
        return 0
    if words[:2] == ["completion", "--words"]:
        return _complete(words[3:])
    from aml_pipeline.cli.options import command_place, help_of, parse
    from aml_pipeline.cli.table import COMMANDS, overview

    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    bare = all(word.startswith("-") for word in words)
    asks = any(word in {"-h", "--help"} for word in (words[: words.index("--")] if "--" in words else words))
    if bare and (asks or not words):
        print(overview())
        return 0 if asks else EXIT_USAGE
    word = words.pop(command_place(words, COMMANDS))
    command = COMMANDS.get(word)
    if command is None:
        raise _unknown_command(word)
    if asks:
        print(help_of(command))
        return 0
    options = parse(command, words)
    if command.name not in _REMEMBERED:
        return _run_command(command.function, options, environ)
    return _run_remembered(command.name, options, [command.name, *words], environ)


def _complete(words: list[str]) -> int:
    """Answer a shell that asks what may stand at the cursor, and whatever happens, say nothing else."""
    try:
        from aml_pipeline.cli.completion import answer

        print(answer(words))
    except Exception:  # noqa: BLE001 - a Tab in a broken project completes nothing
        return EXIT_USAGE
    return 0


# Commands whose answer is cached while the metadata of their input files does not change.
_REMEMBERED = frozenset({"plan", "run"})


def _run_remembered(name: str, options: Options, words: list[str], environ: Mapping[str, str]) -> int:
    """Return the cached answer, if any, without importing what would compute it."""
    from aml_pipeline import __version__
    from aml_pipeline.cli.github import wants_summary
    from aml_pipeline.core import memo

    question = memo.question(words, environ, __version__)
    folder = os.path.join(os.path.dirname(os.path.abspath(options.text("file") or "")), ".aml_pipeline", ".memo")
    place = memo.place(folder, question)
    answer = None if name == "run" and wants_summary(environ) else memo.recall(place, question)
    if answer is not None:
        print(answer)
        return 0
    status = _run_command(name, options, environ)
    if options.answer is not None:
        from aml_pipeline.core.files import seen
        from aml_pipeline.pipeline.redaction import words as redacted

        if seen.lasting and redacted(words) == words:  # the question is cached, too
            memo.keep(place, question, seen.looks, seen.links, options.answer)
    return status


def _run_command(name: str, options: Options, environ: Mapping[str, str]) -> int:
    from aml_pipeline.cli.importing import imported

    command = getattr(imported(f"aml_pipeline.cli.commands.{name}"), name)
    with Heard():
        return int(command(options, environ))


class Heard:
    """Within the block, INT, TERM and HUP raise KeyboardInterrupt; before and after, they end the process."""

    def __enter__(self) -> None:
        """Handle them, except ignored ones, as under nohup or in a script's background."""
        import signal

        def terminate(number: int, _frame: object) -> None:
            raise Terminated(SIGNALLED + number)

        names = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no HUP
        numbers = [signal.Signals[name] for name in names if hasattr(signal, name)]
        self._before = {number: signal.getsignal(number) for number in numbers}
        if self._before[signal.SIGINT] == signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        for number in numbers[1:]:
            if self._before[number] != signal.SIG_IGN:
                signal.signal(number, terminate)

    def __exit__(self, *_: object) -> None:
        """Restore their previous handlers."""
        import signal

        for number, handler in self._before.items():
            if handler is not None:  # a handler that was not set from Python
                signal.signal(number, handler)


def _unknown_command(word: str) -> Exception:
    from aml_pipeline.cli.table import COMMANDS
    from aml_pipeline.core.errors import UsageError
    from aml_pipeline.core.problems import suggest

    if word.startswith("-"):
        meant = word.lstrip("-")
        hint = f'Did you mean "{meant}"? ' if meant in COMMANDS else ""
        return UsageError(f'Unknown option "{word}". {hint}See `aml-pipeline --help`.')
    hint = suggest(word, COMMANDS, noun="command")
    return UsageError(f'Unknown command "{word}". {hint} See `aml-pipeline --help`.')


def _foreign(module: str) -> str:
    """Return the package of a module that is neither ours nor Python's, else ""."""
    package = module.partition(".")[0]
    return "" if package in {"aml_pipeline", *sys.stdlib_module_names} else package


def _reported(error: Exception, environ: Mapping[str, str]) -> int:
    from aml_pipeline.core.errors import AzureError, MachineError, PipelineError, UserError

    if isinstance(error, ModuleNotFoundError) and (missing := _foreign(error.name or "")):
        from aml_pipeline.core.addresses import DISTRIBUTION

        _say(f'The module "{missing}" is missing in {sys.executable}. Install aml-pipeline again: '
             f"pip install --force-reinstall {DISTRIBUTION}.")  # fmt: skip
        return EXIT_MACHINE
    if not isinstance(error, UserError):
        import traceback

        traceback.print_exception(error)
        _say("This is a bug in aml-pipeline, not your mistake. Please report it with the lines above.")
        return EXIT_BUG
    if isinstance(error, PipelineError):
        from aml_pipeline.core.problems import as_text
        from aml_pipeline.core.wording import counted

        steer(sys.stderr, f"{as_text(error.problems, error.texts, colour=is_coloured(sys.stderr, environ))}\n")
        errors = sum(problem.severity == "error" for problem in error.problems)
        _say(f"{counted(errors, 'error')}; nothing was done.")
    else:
        _say(str(error))
    if isinstance(error, AzureError):
        return EXIT_AZURE
    return EXIT_MACHINE if isinstance(error, MachineError) else EXIT_USAGE


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _behind(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions during whose handling ``error`` was raised."""
    while error.__context__ is not None:
        error = error.__context__
        yield error


def _closed_pipe() -> int:
    """Stay silent if the reader of our output is gone, also when the interpreter flushes at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):  # the error does not say which one it was
        os.dup2(null, stream.fileno())
    return EXIT_PIPE


def _machine_words(error: OSError) -> str:
    import errno

    path = error.filename2 or error.filename  # the target of a failed rename
    blocked = _in_the_way(path) if error.errno == errno.ENOTDIR and path else path
    place = f": {blocked}" if blocked else ""
    words = {
        errno.ENOSPC: ("The disk is full", "Free some space (`aml-pipeline clean` removes old results)"),
        errno.EDQUOT: ("Your disk quota is used up", "Free some space (`aml-pipeline clean` removes old results)"),
        errno.EROFS: ("This file system is read-only", "Work in a writable folder"),
        errno.EACCES: ("Permission denied", "Work in a writable folder, or change the permissions"),
        errno.EPERM: ("Permission denied", "Work in a writable folder, or change the permissions"),
        errno.EMFILE: ("Too many open files", "Raise the limit with `ulimit -n 1024`"),
        errno.ENAMETOOLONG: ("A path is too long for this file system", "Move the project to a shorter path"),
        errno.EIO: ("The disk reported an I/O error", "Check the disk"),
        errno.EISDIR: ("A folder is in the place of a file", "Move it away"),
        errno.ENOTDIR: ("A file is in the place of a folder", "Move it away"),
        errno.EEXIST: ("A file is in the place of a folder", "Move it away"),
        errno.ENXIO: ("A pipe, a socket or a device is in the place of a file", "Move it away"),
        errno.ELOOP: ("A symbolic link points back to itself", "Remove it"),
        errno.ENOENT: ("A file was removed while it was needed", "If it is an input, restore it"),
    }
    what, cure = words.get(
        error.errno or 0, (f"The system reported an error ({error.strerror or error})", "Fix the cause")
    )
    return f"{what}{place}. {cure}, and run again."


def _in_the_way(path: str) -> str:
    """Return the part of ``path`` that should be a folder, but is not."""
    above = os.path.dirname(os.path.abspath(path))
    while not os.path.lexists(above):
        above = os.path.dirname(above)
    return above
