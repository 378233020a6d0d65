"""The command as a process: exit codes, signals, pipes, start-up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-m", "dockmagic")


def test_an_unknown_flag_is_code_125_with_the_usage() -> None:
    """As docker does; standard output stays clean."""
    run = subprocess.run([*COMMAND, "images", "--fromat", "x"], capture_output=True, text=True, check=False)
    assert run.returncode == 125
    assert run.stdout == ""
    assert run.stderr.splitlines() == [
        "dockmagic: unknown flag: --fromat. Did you mean --format? See dockmagic images --help.",
        "",
        "Usage:  dockmagic images [OPTIONS] [REPOSITORY[:TAG]]",
    ]


def test_a_reader_that_leaves_is_no_error() -> None:
    """`dockmagic help | head -0` complains of nothing."""
    left, right = os.pipe()
    os.close(left)
    try:
        run = subprocess.run([*COMMAND, "help"], stdout=right, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(right)
    assert run.stderr == ""


def test_ctrl_c_is_one_line_and_code_130(tmp_path: Path) -> None:
    """A registry that serves ends quietly; a command that waits says that it was interrupted."""
    server = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509  (the parent may ignore it)
    )
    assert server.stdout is not None
    assert server.stdout.readline().startswith("Serving ")
    time.sleep(0.1)
    server.send_signal(signal.SIGINT)
    _, err = server.communicate(timeout=20)
    assert server.returncode in (0, 130)
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 1


def test_an_archive_is_not_written_to_a_terminal(tmp_path: Path) -> None:
    """Save without -o is refused where a person would see it."""
    main_fd, terminal = os.openpty()
    try:
        run = subprocess.run(
            [*COMMAND, "save", "nosuch"], stdout=terminal, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(terminal)
        os.close(main_fd)
    assert run.returncode == 1


@pytest.mark.parametrize("line", ["images", "version", "info", "history nosuch:1"])
def test_local_verbs_import_nothing_heavy(line: str) -> None:
    """Neither pandas nor IPython nor an HTTP client; that is what makes the command quick."""
    script = (
        "import sys; from dockmagic.cli import main; main(sys.argv[1:2] if len(sys.argv) == 2 else []);"
        "print('HEAVY', sorted({'pandas', 'IPython', 'numpy', 'matplotlib', 'rich'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, line.split(maxsplit=1)[0]], capture_output=True, text=True, check=False
    )
    assert run.stdout.splitlines()[-1] == "HEAVY []"
    if line != "history nosuch:1":
        check = script.replace("'rich'", "'rich', 'urllib3', 'http.client', 'ssl'")
        run = subprocess.run([sys.executable, "-c", check, line], capture_output=True, text=True, check=False)
        assert run.stdout.splitlines()[-1] == "HEAVY []"


def test_the_command_leaves_nothing_undone_at_its_end() -> None:
    """It ends without Python taking itself apart; what was to be done at exit, and all output, comes before that."""
    script = (
        "import sys, weakref; from dockmagic.cli import main\n"
        "class Kept: pass\n"
        "class Late:\n"
        "    def write(self, text): weakref.finalize(kept, sys.stdout.write, 'at exit'); return out.write(text)\n"
        "    def __getattr__(self, name): return getattr(out, name)\n"
        "kept, out, sys.stderr = Kept(), sys.stderr, Late()\n"
        "sys.argv[1:] = ['rmi', 'nosuch:1']; sys.exit(main())"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "at exit" in run.stdout
    assert run.stderr.startswith("Error: ")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(("line", "code"), [("images", 0), ("version", 0), ("inspect nope.invalid/x", 1), ("help", 0)])
def test_a_closed_descriptor_changes_no_exit_code(line: str, code: int, closed: str) -> None:
    """As under docker: what cannot be told is not told, and no file of ours gets the number."""
    script = f'"$0" -m dockmagic {line} {closed}'
    run = subprocess.run(["sh", "-c", script, sys.executable], capture_output=True, text=True, check=False)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    assert (run.stdout == "") == (">&-" in closed.replace("2>&-", ""))


def test_a_full_disk_behind_standard_output_is_one_line() -> None:
    """``> /dev/full``."""
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run([*COMMAND, "version"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == "Error: No space left on device.\n"


_BROKEN = """
import sys
from dockmagic import cli
from dockmagic.engine import Engine
def fail(*_):
    raise KeyError("what nobody expected\\x1b[31m")
Engine.__enter__ = fail
sys.exit(cli.main(["images"]))
"""


def test_the_unexpected_is_one_line_with_a_name() -> None:
    """And where it arose is to be had."""
    run = subprocess.run([sys.executable, "-c", _BROKEN], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith("Error: internal error: KeyError: 'what nobody expected\\x1b[31m'. ")
    assert "DOCKMAGIC_TRACEBACK=1" in line
    environment = os.environ | {"DOCKMAGIC_TRACEBACK": "1"}
    told = subprocess.run([sys.executable, "-c", _BROKEN], capture_output=True, text=True, env=environment, check=False)
    assert told.returncode == 1
    assert 'raise KeyError("what nobody expected' in told.stderr or "in fail" in told.stderr
