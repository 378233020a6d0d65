"""Programs on a real terminal: the chapter's own command, keys, sizes, leaving and coming back."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from programs import until

from dockmagic.engine import Engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Screen

    Open = type[Screen]
    Typed = Callable[..., Any]

_PROMPT = "# "


def state(name: str) -> str:
    """How a container goes; empty while there is none."""
    with Engine() as engine:
        return next((found.state.status for found in engine.containers.list() if found.name == name), "")


def test_the_chapters_command_gives_a_shell(box: str, screen: Open) -> None:
    """`run -i -t --name test IMAGE /bin/sh`: what is typed is run, and the shell's exit code is the command's."""
    with screen("run", "-i", "-t", "--name", "test", box, "/bin/sh") as shell:
        shell.expect(_PROMPT)
        shell.type("echo $((6*7)) > /answer; cat /answer\n")
        shell.expect("\n42")
        shell.type("exit 3\n")
        assert shell.wait() == 3
    with Engine() as engine:
        test = engine.containers.get("test")
        assert (test.state.status, test.state.exit_code) == ("exited", 3)
        assert "/answer" in {row.path for row in engine.containers.changes(test)}


def test_the_terminal_is_as_it_was_afterwards(box: str, screen: Open) -> None:
    """Raw while the program has it; echo and lines come back."""
    with screen("run", "-it", "--rm", box, "sh") as shell:
        before = shell.settings()
        shell.expect(_PROMPT)
        assert shell.settings() != before
        shell.type("exit\n")
        assert shell.wait() == 0
        assert shell.settings() == before


def test_the_programs_terminal_has_the_size_of_ours(box: str, screen: Open) -> None:
    """From the beginning, and when ours changes."""
    with screen("run", "-it", "--rm", box, "sh", rows=33, columns=99) as shell:
        shell.expect(_PROMPT)
        shell.type("stty size\n")
        shell.expect("33 99")
        shell.resize(44, 111)
        shell.type("while ! stty size | grep 111; do sleep 0.1; done\n")
        shell.expect("44 111")


@pytest.mark.parametrize("flags", ["-it", "-t"])
def test_the_size_is_right_from_the_first_look(box: str, screen: Open, flags: str) -> None:
    """A program that asks at once, and never again, is told the truth; without -i, too."""
    with screen("run", flags, "--rm", box, "stty", "size", rows=33, columns=99) as shell:
        shell.expect("33 99")
        assert shell.wait() == 0


def test_a_watched_terminal_changes_its_size(box: str, screen: Open) -> None:
    """Without -i the program's terminal is the container's alone; it hears of ours all the same."""
    with screen(
        "run", "-t", "--rm", box, "sh", "-c", "while sleep 0.1; do stty size; done", rows=33, columns=99
    ) as shell:
        shell.expect("33 99")
        shell.resize(44, 111)
        shell.expect("44 111")


def test_ctrl_c_goes_to_the_program_in_front(box: str, screen: Open) -> None:
    """It ends a job of the shell, and the shell goes on."""
    with screen("run", "-it", "--rm", box, "sh") as shell:
        shell.expect(_PROMPT)
        shell.type("sh -c 'echo be$((1+1))gun; exec sleep 1000'\n")
        shell.expect("be2gun")
        shell.type("\x03")
        shell.expect(_PROMPT)
        shell.type("echo still $((1+1))\n")
        shell.expect("still 2")


def test_jobs_are_stopped_and_go_on(box: str, screen: Open) -> None:
    """The shell has a controlling terminal of its own: ctrl-Z, jobs and fg work."""
    with screen("run", "-it", "--rm", box, "sh") as shell:
        shell.expect(_PROMPT)
        shell.type("sh -c 'echo be$((1+1))gun; exec sleep 1000'\n")
        shell.expect("be2gun")
        shell.type("\x1a")
        shell.expect("Stopped")
        shell.type("kill %1; fg; echo over $((1+1))\n")
        shell.expect("over 2")


def test_keys_leave_a_shell_and_attach_comes_back(box: str, screen: Open) -> None:
    """ctrl-p ctrl-q: the container outlives the command, and what was set in the shell is still there."""
    with screen("run", "-it", "--name", "left", box, "sh") as shell:
        shell.expect(_PROMPT)
        shell.type("WORD=kept\n")
        shell.expect(_PROMPT)
        shell.type("\x10\x11")
        shell.expect("read escape sequence")
        assert shell.wait() == 0
    assert state("left") == "running"
    with screen("attach", "left") as again:
        again.type("echo $WORD\n")
        again.expect("\nkept")
        again.type("exit 5\n")
        assert again.wait() == 5


def test_other_keys_leave_if_one_says_so(box: str, screen: Open) -> None:
    """--detach-keys; then docker's reach the program, the first of them alone, too."""
    with screen("run", "-it", "--name", "other", "--detach-keys", "ctrl-a,x", box, "cat", "-v") as shell:
        assert until(shell.is_raw)
        shell.type("\x10\x11\x01y\n")
        shell.expect("^P")
        shell.type("\x01x")
        shell.expect("read escape sequence")
        assert shell.wait() == 0
    assert state("other") == "running"


def test_exec_gives_a_second_shell(box: str, screen: Open, typed: Typed) -> None:
    """`exec -it`: with a terminal of its own, in the same container."""
    assert typed(f"run -d --name two {box} sleep 1000").code == 0
    with screen("exec", "-it", "-e", "A=b", "-w", "/var", "two", "sh", rows=20, columns=50) as shell:
        shell.expect(_PROMPT)
        shell.type("echo $A $PWD; stty size; tty; exit 9\n")
        shell.expect("b /var")
        shell.expect("20 50")
        shell.expect("/dev/pts/")
        assert shell.wait() == 9
    assert state("two") == "running"


def test_a_terminal_that_is_closed_takes_its_program_along(box: str, screen: Open) -> None:
    """Nothing goes on unseen; what was written is kept."""
    with screen("run", "-it", "--name", "shut", box, "sh") as shell:
        shell.expect(_PROMPT)
        shell.type("echo before > /kept; echo do$((1+1))ne\n")
        shell.expect("do2ne")
        shell.hang_up()
        assert shell.wait() == 128 + signal.SIGHUP
    assert until(lambda: state("shut") == "exited")
    with Engine() as engine:
        assert "/kept" in {row.path for row in engine.containers.changes(engine.containers.get("shut"))}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_command_is_its_exit_code(box: str, screen: Open, number: signal.Signals) -> None:
    """128 and its number, as a shell has it, for who began the program and for who looks on, whose program goes on."""
    with screen("run", "-it", "--name", "begun", box, "sh") as shell:
        before = shell.settings()
        shell.expect(_PROMPT)
        with screen("attach", "begun") as second:
            assert until(second.is_raw)
            second.process.send_signal(number)
            assert second.wait() == 128 + number
        assert state("begun") == "running"
        shell.process.send_signal(number)
        assert shell.wait() == 128 + number
        assert shell.settings() == before


def test_start_brings_an_ended_shell_back(box: str, screen: Open) -> None:
    """`start -a -i`: a new shell on the same writable layer."""
    with screen("run", "-it", "--name", "again", box, "sh") as shell:
        shell.expect(_PROMPT)
        shell.type("echo 1 > /file; exit\n")
        assert shell.wait() == 0
    with screen("start", "-a", "-i", "again") as shell:
        shell.expect(_PROMPT)
        shell.type("cat /file; exit 2\n")
        shell.expect("1")
        assert shell.wait() == 2


def test_colours_and_binary_output_come_as_they_are(box: str, screen: Open) -> None:
    """What is no text is not changed on its way."""
    with screen("run", "-t", "--rm", box, "printf", r"\033[31mred\033[0m \377end") as shell:
        shell.expect("end")
        assert shell.wait() == 0


def test_the_command_asks_for_a_terminal_where_there_is_none(box: str, typed: Typed) -> None:
    """-i -t without one is an error, as with docker; -t alone is none."""
    run = typed(f"run -i -t --rm {box} true")
    assert (run.code, run.err.count("\n")) == (1, 1)
    assert "the input device is not a TTY" in run.err
    assert typed(f"run -t --rm {box} true").code == 0


def test_nothing_of_ours_is_left_open(box: str, typed: Typed) -> None:
    """Runs and looks leave no descriptor behind in the process that asked."""
    typed(f"run --rm {box} true")
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    for _ in range(3):
        typed(f"run --rm {box} true")
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) <= before + 1
