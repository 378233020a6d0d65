"""A build as a process that is interrupted, killed, run twice at once, or runs out of disk: nothing stays behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from programs import until

from dockmagic.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = (sys.executable, "-m", "dockmagic", "build", "-t", "built", "-")
_MARK = "864213579"  # seconds that nobody else sleeps


def begin(dockerfile: str) -> subprocess.Popen[str]:
    """Start a build; it can be interrupted though the one who runs the tests may not."""
    build = subprocess.Popen(
        COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509  (nothing else forks)
    )
    assert build.stdin is not None
    build.stdin.write(dockerfile)
    build.stdin.close()
    build.stdin = None
    return build


def wait_for_output(build: subprocess.Popen[str], words: str) -> None:
    """Until a step's program has written `words`."""
    assert build.stderr is not None
    assert any(re.search(rf"[0-9] {words}$", line.rstrip()) for line in build.stderr)


def sleepers() -> list[str]:
    """Processes that a step of these tests has started."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if b"sleep\0" in command and _MARK.encode() in command:
            found.append(process.name)
    return found


def left() -> list[str]:
    """What a build must not leave: its names, containers, half-written files and mounts."""
    with Engine() as engine:
        named = [row.repository for row in engine.images.rows() if row.repository == "built"]
        half = [path.name for path in engine.home.root.glob(".*") if path.name.startswith((".commit", ".export"))]
        mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if f"{engine.home.root}/" in line]
        return named + [container.name for container in engine.containers.list()] + half + mounts


def test_ctrl_c_in_the_middle_of_a_step(box: str) -> None:
    """One line, docker's exit code, and no process, name, container or file; the next build takes up what was done."""
    text = f"FROM {box}\nRUN echo one > /one\nRUN echo ready; sleep "
    build = begin(f"{text}{_MARK}\n")
    wait_for_output(build, "ready")
    build.send_signal(signal.SIGINT)
    out, err = build.communicate(timeout=60)
    assert build.returncode == 130
    assert out == ""
    assert "Traceback" not in err
    assert sleepers() == []
    assert left() == []
    again = begin(f"{text}0\n")
    _, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    assert "#2 CACHED" in err


def test_a_killed_build_leaves_nothing_that_runs_or_counts(box: str) -> None:
    """Its step's program goes with it, and what it left half done is swept away by who comes next."""
    build = begin(f"FROM {box}\nRUN echo ready; sleep {_MARK}\n")
    wait_for_output(build, "ready")
    build.kill()
    build.communicate(timeout=60)
    assert until(lambda: not sleepers())
    again = begin(f"FROM {box}\nRUN echo ready\n")
    _, err = again.communicate(timeout=60)
    assert again.returncode == 0, err
    with Engine() as engine:
        assert [row.repository for row in engine.images.rows() if row.repository == "built"] == ["built"]


def test_two_builds_of_the_same_thing_at_once(box: str) -> None:
    """Both succeed with one image, and the step was done by one of them."""
    text = f"FROM {box}\nRUN echo ready; cat /proc/sys/kernel/random/uuid > /which\n"
    builds = [begin(text) for _ in range(2)]
    errors = [build.communicate(timeout=60)[1] for build in builds]
    assert [build.returncode for build in builds] == [0, 0], errors
    layers = {re.search(r"sha256:[0-9a-f]{64}", error.rpartition("naming to")[2]) for error in errors}
    assert None not in layers
    assert sum("#2 CACHED" in error for error in errors) == 1
    with Engine() as engine:
        assert len([row for row in engine.images.rows() if row.repository == "built"]) == 1


@pytest.fixture
def small(box: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The image in a home on a disk of few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder, archive = tmp_path / "small", tmp_path / "box.tar"
    command = (sys.executable, "-m", "dockmagic")
    subprocess.run([*command, "save", "-o", archive, box], check=True, capture_output=True)
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "none", folder]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this root may not mount")
    monkeypatch.setenv("DOCKMAGIC_HOME", str(folder))
    try:
        subprocess.run([*command, "load", "-i", archive], check=True, capture_output=True)
        yield box
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("megabytes", [12, 100])
def test_a_step_that_fills_the_disk(small: str, megabytes: int) -> None:
    """Of what the program wrote, or of the layer that comes of it: it is said in a line, and all of it goes."""
    build = begin(f"FROM {small}\nRUN head -c {megabytes << 20} /dev/urandom > /big\n")
    _, err = build.communicate(timeout=60)
    assert build.returncode == 1
    assert "Error: Dockerfile:2: " in err
    assert "no space is left on the disk" in err
    assert "Traceback" not in err
    assert left() == []
    again = begin(f"FROM {small}\nRUN echo 1 > /little\n")
    _, err = again.communicate(timeout=60)
    assert again.returncode == 0, err


def test_a_failing_step_that_fills_the_disk_says_both(small: str) -> None:
    """Why the program gave up, and why there is nothing to look into."""
    build = begin(f"FROM {small}\nRUN head -c 104857600 /dev/urandom > /big; exit 3\n")
    _, err = build.communicate(timeout=60)
    assert build.returncode == 1
    assert "exit code: 3; no space is left on the disk that holds the images, so what it left is not kept" in err
    assert left() == []
