"""Commands that are killed at any moment: what they had begun can be listed, checked and removed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from programs import until

if TYPE_CHECKING:
    from collections.abc import Callable

    Typed = Callable[..., Any]

COMMAND = (sys.executable, "-m", "dockmagic")
_MARK = f"97{os.getpid()}"
_WRITES = f"seq 1 3000 | while read i; do echo $i > /f$i; done; sleep {_MARK}"


def left() -> list[str]:
    """Command lines of programs of these containers."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = place.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if line.startswith(f"sleep {_MARK}"):
            found.append(line)
    return found


@pytest.mark.parametrize(
    "words",
    [
        ("create", "box", "true"),
        ("run", "box", "sh", "-c", _WRITES),
        ("run", "-d", "--rm", "box", "sh", "-c", _WRITES),
        ("exec", "base", "sleep", _MARK),
        ("commit", "base", "made"),
        ("cp", "/proc/self/exe", "base:/copied"),
        ("rm", "-f", "base"),
    ],
    ids=lambda words: "-".join(words[:2]),
)
def test_a_killed_command_leaves_nothing_that_cannot_be_removed(
    box: str, containers_home: Path, typed: Typed, words: tuple[str, ...]
) -> None:
    """At whatever moment: no mount, no program, no container that is half there."""
    for _ in range(2):
        begun = typed("run -d --name base", box, "sh", "-c", f"head -c 1000000 /dev/urandom > /big; sleep {_MARK}")
        assert begun.code == 0
        command = subprocess.Popen(
            [*COMMAND, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(random.random())  # noqa: S311  (any moment is as good)
        os.killpg(command.pid, signal.SIGKILL)
        command.wait()
        for name in typed("ps -aq").lines:
            done = typed("rm -f -v", name)
            assert done.code == 0 or "No such container" in done.err  # it was about to go by itself
        assert typed("ps -a").lines[1:] == []
        assert until(lambda: not left()), left()
        assert str(containers_home) not in Path("/proc/self/mounts").read_text()
        for line in (f"validate {box}", "gc", "container prune -f", f"run --rm {box} true"):
            done = typed(line)
            assert done.code == 0, done.err
