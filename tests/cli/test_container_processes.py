"""The command as a process with a container behind it: signals, pipes, and what is left when it is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from programs import limit_log, until

from dockmagic.engine import Engine

COMMAND = (sys.executable, "-m", "dockmagic")


def running() -> list[str]:
    """Names of the containers that run."""
    with Engine() as engine:
        return [row.names for row in engine.containers.rows()]


def begin(*words: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """Start the command; it can be interrupted though the one who runs the tests may not."""
    return subprocess.Popen(
        [*COMMAND, *words],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509  (nothing else forks)
    )


def ends_by(command: subprocess.Popen[bytes], number: signal.Signals) -> bool:
    """Send a signal, and say whether the command ends; one that comes before the last was heard is the same one."""
    command.send_signal(number)
    try:
        command.wait(0.7)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_ctrl_c_ends_a_program_that_made_no_provision(box: str) -> None:
    """The kernel keeps SIGINT from a process 1 without a handler; the user's wish is clear all the same."""
    command = begin("run", "--name", "plain", box, "sh", "-c", "echo ready; exec sleep 1000")
    assert command.stdout is not None
    assert command.stdout.readline() == b"ready\n"
    command.send_signal(signal.SIGINT)
    _, err = command.communicate(timeout=15)
    assert command.returncode == 128 + signal.SIGKILL
    assert err == b""
    assert running() == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_reaches_the_program(box: str, number: signal.Signals) -> None:
    """It decides itself what to do; its exit code is the command's."""
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 7' {name}; echo ready; while :; do sleep 0.1; done"
    command = begin("run", "--rm", box, "sh", "-c", script)
    assert command.stdout is not None
    assert command.stdout.readline() == b"ready\n"
    command.send_signal(number)
    out, _ = command.communicate(timeout=15)
    assert (command.returncode, out) == (7, f"got {name}\n".encode())


def test_a_program_that_ignores_every_signal_can_be_ended(box: str) -> None:
    """Not by the first ones; who goes on pressing Ctrl-C is heard."""
    command = begin("run", "--rm", box, "sh", "-c", "trap '' INT TERM; echo ready; while :; do sleep 0.1; done")
    assert command.stdout is not None
    assert command.stdout.readline() == b"ready\n"
    for _ in range(2):
        command.send_signal(signal.SIGINT)
        time.sleep(0.2)
    assert command.poll() is None

    assert until(lambda: ends_by(command, signal.SIGINT))
    command.communicate(timeout=15)
    assert command.returncode == 137
    assert running() == []


def test_the_third_ctrl_c_is_the_last(box: str) -> None:
    """Also for a program that hears each of them."""
    script = "trap 'echo heard' INT; trap '' TERM; echo ready; while :; do sleep 0.1; done"
    command = begin("run", "--rm", box, "sh", "-c", script)
    assert command.stdout is not None
    assert command.stdout.readline() == b"ready\n"
    for _ in range(2):
        command.send_signal(signal.SIGINT)
        assert command.stdout.readline() == b"heard\n"
    assert command.poll() is None
    command.send_signal(signal.SIGINT)
    command.communicate(timeout=15)
    assert command.returncode == 137
    assert running() == []


def test_a_killed_command_takes_its_container_along(box: str) -> None:
    """What runs in the foreground never outlives the command, however that ends."""
    command = begin("run", "--name", "orphan", box, "sleep", "1000")
    assert until(lambda: running() == ["orphan"])
    command.kill()
    command.communicate()
    assert until(lambda: running() == [])


def test_a_detached_container_outlives_the_command(box: str) -> None:
    """And --rm lets it go when it ends, with nobody looking."""
    done = subprocess.run(
        [*COMMAND, "run", "-d", "--rm", "--name", "long", box, "sleep", "1000"], capture_output=True, check=True
    )
    assert len(done.stdout.strip()) == 64
    assert running() == ["long"]
    subprocess.run([*COMMAND, "kill", "long"], check=True, capture_output=True)
    with Engine() as engine:
        assert until(lambda: not (engine.home.containers / done.stdout.decode().strip()).exists())


def test_a_reader_that_leaves_ends_the_program(box: str) -> None:
    """`run … yes | head -1` comes back, and --rm leaves nothing."""
    left, right = os.pipe()
    command = subprocess.Popen(
        [*COMMAND, "run", "--rm", box, "yes"], stdin=subprocess.DEVNULL, stdout=right, stderr=subprocess.PIPE
    )
    os.close(right)
    assert os.read(left, 2) == b"y\n"
    os.close(left)
    _, err = command.communicate(timeout=20)
    assert err == b""
    assert until(lambda: running() == [])
    with Engine() as engine:
        assert engine.containers.list() == ()


def test_much_output_arrives_whole(box: str) -> None:
    """Nothing is lost on the way to a slow reader."""
    command = begin("run", "--rm", box, "sh", "-c", "head -c 20000000 /dev/zero; echo end")
    assert command.stdout is not None
    size = 0
    while data := command.stdout.read(1 << 20):
        size += len(data)
        last = data
    assert command.wait() == 0
    assert (size, last[-4:]) == (20_000_004, b"end\n")
    command.communicate()


def test_output_that_finds_no_room_for_its_log_is_shown_all_the_same(box: str) -> None:
    """The command says once that the log lacks it; its exit code is the program's."""
    script = "echo ready; read go; seq 1 100000; exit 4"
    command = begin("run", "-i", "--name", "crowded", box, "sh", "-c", script, stdin=subprocess.PIPE)
    assert command.stdout is not None
    assert command.stdout.readline() == b"ready\n"
    with Engine() as engine:
        limit_log(engine.containers.get("crowded"), 1 << 13)
    out, err = command.communicate(b"go\n", timeout=30)
    assert out == b"".join(b"%d\n" % number for number in range(1, 100_001))
    assert err == b"the log of crowded lacks some of this: File too large\n"
    assert command.returncode == 4


def test_following_logs_ends_with_ctrl_c(box: str) -> None:
    """The command ends, the container goes on, and nothing is complained of."""
    with Engine() as engine:
        container = engine.containers.create(box, ["sh", "-c", "echo ready; sleep 1000"], name="served")
        container.start().close()
    command = begin("logs", "-f", "served")
    assert command.stdout is not None
    assert command.stdout.readline() == b"ready\n"
    command.send_signal(signal.SIGINT)
    _, err = command.communicate(timeout=15)
    assert (command.returncode, err) == (130, b"")
    assert running() == ["served"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_who_is_only_attached_leaves_a_program_that_does_not_heed_a_signal(box: str, number: signal.Signals) -> None:
    """It was there before, and goes on; the command says so. Ctrl-C has to be meant: it is the third that leaves."""
    ignored = "trap '' INT; " if number == signal.SIGINT else ""
    script = f"{ignored}while :; do echo ready; sleep 0.1; done"
    with Engine() as engine:
        engine.containers.create(box, ["sh", "-c", script], name="base").start().close()
    attached = begin("attach", "base")
    assert attached.stdout is not None
    assert attached.stdout.readline() == b"ready\n"

    assert until(lambda: ends_by(attached, number))
    _, err = attached.communicate(timeout=15)
    assert (attached.returncode, err) == (0, b"base goes on: dockmagic stop base ends it\n")
    assert running() == ["base"]


def test_attach_and_exec_leave_the_container_alone(box: str) -> None:
    """Killed, they take nothing along; an interrupted exec ends its own program only."""
    with Engine() as engine:
        engine.containers.create(box, ["sleep", "1000"], name="base").start().close()
    attached = begin("attach", "base")
    entered = begin("exec", "base", "sh", "-c", "echo ready; exec sleep 999")
    assert entered.stdout is not None
    assert entered.stdout.readline() == b"ready\n"
    with Engine() as engine:
        base = engine.containers.get("base")
        assert until(lambda: "sleep 999" in [row.command for row in engine.containers.processes(base)])
        entered.send_signal(signal.SIGINT)
        entered.communicate(timeout=15)
        assert entered.returncode == 130
        assert [row.command for row in engine.containers.processes(base)] == ["sleep 1000"]
    attached.kill()
    attached.communicate()
    assert running() == ["base"]


_BLOCKS = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("ready", flush=True)
"""
# As a program does that blocks every signal while it forks: longer, so that it is hit.
_FOR_A_MOMENT = f"""{_BLOCKS}
end = time.monotonic() + 0.6
while time.monotonic() < end:
    pass
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
time.sleep(1000)
"""
_TO_WAIT_FOR_IT = f"""{_BLOCKS}
while not signal.sigtimedwait([signal.SIGINT], 1000):
    pass
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
time.sleep(0.3)
print("gracefully")
"""


@pytest.mark.skipif(not os.access("/usr/bin/python3", os.X_OK), reason="needs /usr/bin/python3")
@pytest.mark.parametrize(
    ("script", "code", "said"), [(_FOR_A_MOMENT, 137, b""), (_TO_WAIT_FOR_IT, 0, b"gracefully\n")], ids=["spin", "wait"]
)
def test_ctrl_c_is_not_lost_on_who_blocks_it(box: str, script: str, code: int, said: bytes) -> None:
    """For a moment: it counts when that is over. To wait for it: the program takes it, and ends as it likes."""
    folders = [folder for folder in ("/usr", "/lib", "/lib64") if Path(folder).exists()]
    mounts = [word for folder in folders for word in ("-v", f"{os.path.realpath(folder)}:{folder}:ro")]
    command = begin("run", "--rm", "--name", "blocks", *mounts, box, "/usr/bin/python3", "-c", script)
    assert command.stdout is not None
    line = command.stdout.readline()
    if line != b"ready\n":
        pytest.skip("this tier cannot mount")
    if said:
        with Engine() as engine:
            status = Path(f"/proc/{engine.containers.get('blocks').state.pid}/status")
        assert until(lambda: "State:\tS" in status.read_text())
    command.send_signal(signal.SIGINT)
    out, _ = command.communicate(timeout=20)
    assert (command.returncode, out) == (code, said)
