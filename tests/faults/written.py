"""The files of the project that trials are made in, and what its steps do on demand to make a run hard."""

_PIPELINE = """\
name: small
source_directory: src
parameters:
  factor: 3
steps:
  make:
    script: make.py
    arguments:
      --factor: ${{ parameters.factor }}
      --output: ${{ outputs.numbers }}
  add:
    script: add.py
    arguments:
      --numbers: ${{ steps.make.outputs.numbers }}
      --output: ${{ outputs.total }}
"""

_MAKE = """\
import argparse
import pathlib
import os
import time

import mischief

parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=int, required=True)
parser.add_argument("--output", type=pathlib.Path, required=True)
arguments = parser.parse_args()
mischief.make(os.environ.get("MISCHIEF", ""), str(arguments.output))
for name in ("a", "b", "c"):
    numbers = [arguments.factor * n for n in range(50)]
    (arguments.output / f"{name}.txt").write_text("\\n".join(map(str, numbers)))
(pathlib.Path("outputs") / "note.txt").write_text("kept with the run")
if os.environ.get("RUNNING"):
    pathlib.Path(os.environ["RUNNING"]).touch()
time.sleep(float(os.environ.get("NAP", "0")))
print("made")
"""

_ADD = """\
import argparse
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--numbers", type=pathlib.Path, required=True)
parser.add_argument("--output", type=pathlib.Path, required=True)
arguments = parser.parse_args()
total = sum(sum(map(int, one.read_text().split())) for one in arguments.numbers.glob("?.txt"))
(arguments.output / "total.txt").write_text(str(total))
"""

# What a step may do to make its end hard: processes that stay, and go on writing into its output.
MISCHIEF = '''\
import os
import pathlib
import signal
import subprocess
import sys
import time

FOREVER = """
import os, sys, time
until, n = time.monotonic() + 60, 0
while time.monotonic() < until:
    n += 1
    try:
        if "outputs" not in sys.argv[1] or os.path.isdir(sys.argv[1]):  # in the place of no link
            os.makedirs(os.path.join(sys.argv[1], "late"), exist_ok=True)
        with open(os.path.join(sys.argv[1], "late", str(n % 3)), "a") as stream:
            stream.write("late" * 1000)
    except OSError:
        pass
    time.sleep(0.002)
"""


def spawn(output, **options):
    subprocess.Popen([sys.executable, "-c", FOREVER, output], **options)


def wait_for(output):
    while not os.path.isdir(os.path.join(output, "late")):
        time.sleep(0.005)


def forget_everything(target, where):
    """Go on as a daemon that shows nothing of where it came from: no parent, no variables, in the end no folder."""
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    if where:
        os.chdir(where)
        os.closerange(0, 100)
    os.execve(sys.executable, [sys.executable, "-c", FOREVER, target], {})


def link(kind, folder):
    """Links that lead in circles, to everywhere and to nowhere."""
    os.makedirs(folder)
    if kind == "itself":
        os.symlink("loop", os.path.join(folder, "loop"))
    elif kind == "parent":
        os.makedirs(os.path.join(folder, "below"))
        os.symlink("..", os.path.join(folder, "below", "up"))
    elif kind == "pair":
        os.makedirs(os.path.join(folder, "a"))
        os.makedirs(os.path.join(folder, "b"))
        os.symlink("../b", os.path.join(folder, "a", "b"))
        os.symlink("../a", os.path.join(folder, "b", "a"))
    elif kind == "fan":
        for one in range(8):
            os.makedirs(os.path.join(folder, str(one)))
            for other in range(8):
                os.symlink(f"../{other}", os.path.join(folder, str(one), f"to{other}"))
    elif kind == "chain":
        os.makedirs(os.path.join(folder, "0"))
        for number in range(50):
            os.symlink(str(number), os.path.join(folder, str(number + 1)))
    else:
        os.symlink("nowhere", os.path.join(folder, "dangling"))


def make(kind, output):
    kind, _, more = kind.partition(":")
    if kind == "says":
        import hostile
        sys.stdout.buffer.write(hostile.LINES[more])
        sys.stdout.buffer.flush()
        return
    if kind == "links":
        link(more, os.path.join(output, "late"))
        return
    if kind == "unmarked":
        target = output
        if more == "links":  # the way that people take to the result that was there before
            state, _, _ = output.partition("/steps/")
            target = os.path.join(state, "outputs", "make", "numbers")
        forget_everything(target, "/" if more else "")
        return wait_for(target)
    if kind == "stubborn":
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if kind in ("stubborn", "grandchild"):
        spawn(output)
    elif kind in ("daemon", "bare-daemon"):
        if os.fork() == 0:
            os.setsid()
            spawn(output, start_new_session=True, env={} if kind == "bare-daemon" else None)
            os._exit(0)
    elif kind == "respawning":
        os.environ["SHELL_OUTPUT"] = output
        loop = 'while :; do mkdir -p "$SHELL_OUTPUT/late"; sleep 0.005; done'
        subprocess.Popen(["sh", "-c", loop, output], start_new_session=True)
    if kind == "fills":
        with open(os.path.join(output, "fill"), "wb", buffering=0) as stream:
            while True:
                stream.write(b"x" * 4096)
    elif kind:
        wait_for(output)
'''

# What a step may print that no reader of its output may stumble over, by name.
_HOSTILE = """\
def metric(kind, value, name=b"m"):
    return b"Attempted to log " + kind + b" metric " + name + b":\\n" + value + b"\\n"


LINES = {
    "hexadecimal digits": metric(b"list", b"[0x" + b"f" * 4000 + b"]"),
    "hexadecimal digits, open": metric(b"list", b"[0x" + b"f" * 4000),
    "hexadecimal keys": metric(b"row", b"{0x" + b"f" * 4000 + b": {0x" + b"f" * 4001 + b"}}"),
    "a number of terabytes": metric(b"scalar", b"9" * 900_000) + metric(b"list", b"[" + b"9" * 900_000 + b"]"),
    "numbers beyond floats": metric(b"scalar", b"1e999999999") + metric(b"list", b"[1e400, -1e400, 1e999999999j]"),
    "brackets": metric(b"list", b"[" * 100_000) + metric(b"list", b"[" * 100_000 + b"]" * 100_000),
    "braces": metric(b"row", b"{1:" * 30_000 + b"1" + b"}" * 30_000) + metric(b"row", b"(" * 150 + b")" * 150),
    "minus signs": metric(b"list", b"[" + b"-" * 100_000 + b"1]") + metric(b"list", b"1" + b"+1j" * 50_000),
    "lone surrogates": metric(b"scalar", b"1", b"\\xed\\xa0\\x80") + metric(b"row", b"{'\\\\ud800': '\\\\udfff'}"),
    "nulls": metric(b"scalar", b"\\0", b"m\\0") + metric(b"list", b"[\\0]") + b"\\0" * 10_000 + b"\\n",
    "half of a character": b"\\xe2\\x82\\n" + metric(b"scalar", b"\\xf0\\x9f\\x99", b"\\xc3") + b"\\xf0\\x9f",
    "no text at all": bytes(range(256)) * 200,
    "no line end": b"x" * 3_000_000,
    "a header without a value": b"Attempted to log scalar metric m:",
    "headers alone": b"Attempted to log list metric m:\\n" * 20_000,
    "a name without an end": metric(b"scalar", b"1", b"n" * 500_000),
    "escapes": metric(b"scalar", b"1", b"\\x1b]0;a\\x07\\x1b[2J\\x9b") + b"\\x1b]52;c;eA==\\x07\\x1bc\\r\\x1b[A" * 99,
    "other line ends": b"\\x85\\xe2\\x80\\xa8\\x0b\\x1c\\r".join([b"Attempted to log list metric m:", b"[1]", b"end"]),
    "tracebacks in a chain": b"Traceback (most recent call last):\\n  File \\"a.py\\", line 9\\n" * 5_000,
    "a name as of a class": metric(b"row", b"{'__proto__': 1, 'constructor': {}}", b"__proto__") * 3,
    "many metrics": b"".join(metric(b"scalar", b"%d" % n, b"m%d" % n) for n in range(3_000)),
    "an expression": metric(b"list", b"[__import__('os').kill(1, 9)]") + metric(b"list", b"[9**9**9, 'a' * 10**10]"),
}
"""

# No mischief: the files of the steps are the same in every run, so that no key differs.
FILES = {
    "pipeline.yaml": _PIPELINE,
    "src/make.py": _MAKE,
    "src/add.py": _ADD,
    "src/mischief.py": MISCHIEF,
    "src/hostile.py": _HOSTILE,
}
