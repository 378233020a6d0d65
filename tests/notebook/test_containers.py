"""Programs in containers, from the cells of a live kernel."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

import pytest
from jupyter_client.manager import KernelManager
from programs import until

from dockmagic.runtime.purge import forget_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Run = Callable[..., list[Any]]


class Kernel:
    """A kernel with the extension that can be interrupted and killed."""

    def __init__(self, home: Path) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env={**os.environ, "DOCKMAGIC_HOME": str(home), "DOCKMAGIC_SAMPLES": "1"})
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self("%load_ext dockmagic")

    def end(self, *, politely: bool) -> None:
        """Shut it down, or kill it."""
        if not politely:
            os.kill(self.manager.provisioner.process.pid, signal.SIGKILL)
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=not politely)

    def __call__(self, code: str, *, interrupt_once: str = "", interrupts: int = 1) -> list[Any]:
        """Run a cell, and interrupt it once a program runs that has this command line; its outputs."""
        asked, began = self.client.execute(code), time.monotonic()
        due, pending = 0.0, interrupts if interrupt_once else 0
        found: list[Any] = []
        while time.monotonic() - began < 60:
            if not due and pending and _running(interrupt_once):
                due = time.monotonic() + 0.2  # until what waits for it listens, too
            if due and pending and time.monotonic() > due:
                pending, due = pending - 1, due + 0.4
                self.manager.interrupt_kernel()
            with suppress(Empty):
                message = self.client.get_iopub_msg(timeout=0.1)
                if message["parent_header"].get("msg_id") != asked:
                    continue
                if message["content"].get("execution_state") == "idle":
                    return found
                if message["msg_type"] in ("stream", "error", "execute_result", "display_data"):
                    found.append({"output_type": message["msg_type"], **message["content"]})
        pytest.fail(f"{code} did not end")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, tier: None) -> Iterator[Path]:
    """For all tests here; what is in it goes with them."""
    folder = tmp_path_factory.mktemp("home")
    yield folder
    forget_home(folder)


@pytest.fixture(scope="module")
def kernel(home: Path) -> Iterator[Kernel]:
    """One for all tests: each names its containers differently."""
    made = Kernel(home)
    made("%pull -q busybox;\n%pull -q ubuntu:12.04;")
    yield made
    made.end(politely=True)


@pytest.fixture
def run(kernel: Kernel) -> Run:
    """Runs cells; gives the outputs of each."""
    return lambda *cells: [kernel(cell) for cell in cells]


def _streams(outputs: list[Any], name: str = "stdout") -> str:
    return "".join(output["text"] for output in outputs if output.get("name") == name)


def _plain(outputs: list[Any]) -> str:
    return "\n".join(output["data"]["text/plain"] for output in outputs if "data" in output)


def _errors(outputs: list[Any]) -> list[str]:
    return [output["ename"] for output in outputs if output["output_type"] == "error"]


def test_output_is_shown_once_and_the_result_has_it_all(run: Run) -> None:
    """Both streams; the value of the cell shows nothing more, and reads as text, bytes and exit code."""
    shown, result, binary = run(
        "%docker run --rm busybox sh -c 'echo out; echo err >&2'",
        "r = %docker run --rm busybox sh -c 'echo out; echo err >&2'\n(r.text, r.stdout, r.stderr, r.exit_code)",
        "r = %docker run --rm busybox cat /bin/sh\nr.stdout == bytes(r), r.stdout[:4]",
    )
    assert (_streams(shown), _streams(shown, "stderr")) == ("out\n", "err\n")
    assert not [output for output in shown if output["output_type"] != "stream"]
    assert _plain(result) == "('out', b'out\\n', b'err\\n', 0)"
    assert _plain(binary) == "(True, b'\\x7fELF')"
    assert "not text" in _streams(binary)


def test_a_cells_body_is_the_programs_input(run: Run) -> None:
    """For run and exec; ``--into`` names the result; bytes pass as they are."""
    counted, named, entered = run(
        "%%docker run --rm -i --into r busybox wc -l\none\ntwo\nthrée",
        "r.text, r.frame()['Line'].tolist()",
        "%docker run -d --name fed busybox sleep 1000\n"
        "get_ipython().run_cell_magic('docker', 'exec -i fed sh', 'echo $((6 * 7))\\nhostname -f >/dev/null\\n')",
    )
    assert _streams(counted).strip() == "3"
    assert _plain(named) == "('3', ['3'])"
    assert _streams(entered) == "42\n"


def test_a_failing_program_is_an_error_unless_it_may_fail(run: Run) -> None:
    """One line, with the next thing to do; ``--into`` has the result all the same."""
    failed, kept, allowed, missing = run(
        "%%docker run --rm -i --into r busybox sh\necho before; exit 3",
        "r.exit_code, r.text",
        "r = %docker run --rm --check=false busybox sh -c 'kill -9 $$'\nr.exit_code",
        "%docker run --rm busybox nosuch",
    )
    assert _errors(failed) == ["CommandFailed"]
    assert failed[-1]["evalue"].startswith("the program ended with exit code 3. With --check=false")
    assert _plain(kept) == "(3, 'before')"
    assert not _errors(allowed)
    assert _errors(missing) == ["CannotStart"]


def test_much_output_leaves_the_page_alive(run: Run) -> None:
    """100 MB: a beginning and an end are sent, all is kept."""
    (shown,) = run(
        "r = %docker run --rm busybox sh -c 'yes 0123456789abcde | head -c 100000000'\nprint(len(r.stdout))",
    )
    assert _errors(shown) == []
    text = _streams(shown)
    assert len(text) < 500_000
    assert "99.6MB left out here" in text
    assert text.endswith("\n100000000\n")


def test_a_shell_goes_on_beside_the_kernel(run: Run) -> None:
    """The chapter's own command: its cell ends, later ones type, look and enter; it ends like any program."""
    begun, typed, entered, sent, ended, after = run(
        "s = %docker run -i -t --name test --hostname test ubuntu:12.04 /bin/bash\ns",
        "%%docker attach test\ncd /tmp\nfor i in 1 2\ndo\n  echo n$i\ndone",
        "%%docker exec -i test sh\ncat /proc/[0-9]*/comm | grep -c bash",
        "s.send('pwd').splitlines()[1], s.running, s.container.name",
        "%%docker attach test\nexit 4",
        "s.running, s.exit_code, s.container.state.exit_code",
    )
    assert _plain(begun).startswith("test: /bin/bash in ubuntu:12.04, running")
    assert "%%docker attach test" in begun[-1]["data"]["text/html"]
    lines = _streams(typed).splitlines()
    assert lines[0].endswith("cd /tmp")
    assert lines[-3:-1] == ["n1", "n2"]
    assert _streams(entered).strip() == "1"
    assert _plain(sent) == "('/tmp', True, 'test')"
    assert "exit 4" in _streams(ended)
    assert _plain(after) == "(False, 4, 4)"


def test_a_terminal_of_exec_is_closed_and_its_container_goes_on(run: Run) -> None:
    """``close`` ends the program, by force if need be; ``--rm`` removes a container with its terminal."""
    closed, states = run(
        "%docker run -d --name open busybox sleep 1000\n"
        "x = %docker exec -it open sh -c 'printf @; cat'\nanswer = x.send('hello', timeout=0.5)\n"
        "x.close()\nanswer, x.running",
        "y = %docker run -it --rm --name gone busybox sh\ny.close()\nimport time\ntime.sleep(0.5)\n"
        "%docker ps -a --filter name=open --filter name=gone --format '{{.Names}} {{.State}}'",
    )
    assert _plain(closed) == "('@hello\\nhello\\n', False)"
    assert _plain(states) == "open running"


def test_a_body_may_be_typed_at_a_new_terminal(run: Run) -> None:
    """``%%docker run -it``: what is shown is what a terminal would show."""
    shown, named = run(
        "%%docker run -it --rm --into said busybox sh\necho one\nexit",
        "'one' in said.text.splitlines()",
    )
    assert "one\n" in _streams(shown)
    assert _plain(named) == "True"


def _running(command: str) -> int:
    """How many processes of this machine have these words as their command line (proc(5))."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            found.append(process.read_bytes())
    return found.count(command.replace(" ", "\0").encode() + b"\0")


def test_an_interrupt_ends_the_program_and_leaves_nothing(kernel: Kernel) -> None:
    """One interrupt for a program that does not mind it, three for one that ignores all; the kernel goes on."""
    assert _errors(kernel("%docker run --rm busybox sleep 81234", interrupt_once="sleep 81234")) == ["CommandFailed"]
    stubborn = "%docker run --rm busybox sh -c 'trap \"\" INT TERM; sleep 81234; sleep 81234'"
    assert _errors(kernel(stubborn, interrupt_once="sleep 81234", interrupts=3)) == ["CommandFailed"]
    kernel("%docker run -d --name held busybox sleep 81235")
    entering = "%docker exec held sh -c 'trap \"\" INT; sleep 81234'"
    assert _errors(kernel(entering, interrupt_once="sleep 81234", interrupts=3)) == ["CommandFailed"]
    assert _running("sleep 81234") == 0
    assert _plain(kernel("%docker ps -a --filter name=held --format '{{.Names}} {{.State}}'")) == "held running"


def test_an_interrupt_ends_a_build_and_leaves_nothing(kernel: Kernel) -> None:
    """Whatever it was at: no process, no container, no name; the next build works."""
    assert _errors(kernel("%%build -t half -\nFROM busybox\nRUN sleep 81238", interrupt_once="sleep 81238")) == [
        "KeyboardInterrupt"
    ]
    assert _running("sleep 81238") == 0
    assert _plain(kernel("%docker images -q half")) == ""
    assert _errors(kernel("%%build -t half -\nFROM busybox\nRUN true")) == []


def test_an_interrupt_at_a_terminal_ends_what_runs_on_it_and_not_the_shell(
    kernel: Kernel,
) -> None:
    """As Ctrl-C does."""
    kernel("s = %docker run -it --name typed busybox sh")
    assert _errors(kernel("%%docker attach typed\nsleep 81236", interrupt_once="sleep 81236")) == ["KeyboardInterrupt"]
    assert _running("sleep 81236") == 0
    assert "alive" in _streams(kernel("%%docker attach typed\necho al''ive")).splitlines()


@pytest.mark.parametrize("politely", [True, False], ids=["shutdown", "killed"])
def test_containers_end_with_their_kernel_and_are_known_to_the_next(home: Path, *, politely: bool) -> None:
    """Names and states stay, what was written stays, no process does."""
    kernel = Kernel(home)
    kernel("%docker run -d --replace --name kept busybox sh -c 'echo kept > /file; sleep 81237'")
    kernel("s = %docker run -it --replace --name shell busybox sh")
    assert _running("sleep 81237") == 1
    kernel.end(politely=politely)
    assert until(lambda: not _running("sleep 81237"), seconds=5)
    following = Kernel(home)
    names = "--filter name=kept --filter name=shell"
    states = _plain(following(f"%docker ps -a {names} --format '{{{{.Names}}}} {{{{.State}}}}'"))
    assert sorted(states.splitlines()) == ["kept exited", "shell exited"]
    assert _streams(following("%docker start kept\n%docker exec kept cat /file")) == "kept\n"
    following.end(politely=True)
