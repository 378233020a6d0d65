"""Programs in containers: how they start, what they see, how they end."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from programs import finish, until

from dockmagic.oci.errors import Conflict, InvalidInput, NotSupported
from dockmagic.runtime.cannot_start import CannotStart
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.listing import find

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]
    Run = Callable[..., tuple[int, str, str]]

_REFUSED = 125


def test_output_errors_and_exit_code_come_back(run: Run) -> None:
    """Both streams are told apart, and the exit code is the program's."""
    assert run("sh", "-c", "echo out; echo err >&2; exit 7") == (7, "out\n", "err\n")


def test_a_program_killed_by_a_signal_has_128_more(run: Run) -> None:
    """As a shell and docker report it."""
    assert run("sh", "-c", "sh -c 'kill -9 $$'; echo $?") == (0, "137\n", "Killed\n")


@pytest.mark.usefixtures("namespaces")
def test_the_first_process_is_the_command_itself(run: Run) -> None:
    """Nothing of ours runs inside: the command is process 1, and sees no other."""
    code, out, _ = run("sh", "-c", "echo $$; ls -d /proc/[0-9]* | wc -l")
    assert (code, out.split()[0]) == (0, "1")


def test_input_reaches_the_program_and_ends(run: Run) -> None:
    """Standard input is passed on with its end, binary as it is."""
    assert run("cat", stdin=b"hello\n") == (0, "hello\n", "")
    assert run("wc", "-c", stdin=bytes(range(256)) * 4096)[1].strip() == str(256 * 4096)


def test_who_is_far_behind_still_hears_of_the_end(make: Make) -> None:
    """Thousands of pieces of output, and nobody reads until the program has ended."""
    container = make("sh", "-c", "i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i+1)); done; exit 3")
    pieces: list[bytes] = []
    with container.start(owner=os.getpid()) as session:
        while container.state.status == "running":
            time.sleep(0.01)
        assert session.follow(lambda _, data: pieces.append(data)) == 3
    assert b"".join(pieces).split() == [b"%d" % number for number in range(5000)]


def test_output_is_complete(make: Make) -> None:
    """Nothing of a hundred megabytes is lost."""
    size = 0

    def count(_stream: int, data: bytes) -> None:
        nonlocal size
        size += len(data)

    with make("sh", "-c", "head -c 100000000 /dev/zero").start(owner=os.getpid()) as session:
        assert session.follow(count) == 0
    assert size == 100_000_000


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (("nosuch",), 127, "executable file not found in $PATH"),
        (("/nosuch",), 127, "no such file or directory"),
        (("/etc",), 126, "permission denied"),
        (("/etc/passwd",), 126, "permission denied"),
    ],
)
def test_a_command_that_cannot_start_is_dockers_code(make: Make, command: tuple[str], code: int, words: str) -> None:
    """127 and 126, with the reason in one line."""
    container = make(*command)
    with pytest.raises(CannotStart, match=re.escape(words)) as caught:
        container.start()
    assert caught.value.exit_code == code
    assert container.state.status == "created"


def test_users_and_folders_that_do_not_exist_are_refused(make: Make) -> None:
    """Each with its own line."""
    with pytest.raises(CannotStart, match="unable to find user nobody"):
        make("true", user="nobody").start()
    with pytest.raises(CannotStart, match="working folder /etc/passwd"):
        make("true", workdir="/etc/passwd").start()


@pytest.mark.parametrize("number", range(3, 12))
@pytest.mark.usefixtures("namespaces")
def test_no_working_folder_leads_out_of_the_container(make: Make, number: int) -> None:
    """A descriptor of the host that was left open could be a way out (CVE-2024-21626)."""
    with pytest.raises(CannotStart):
        make("true", workdir=f"/proc/self/fd/{number}").start()


@pytest.mark.usefixtures("several_users")
def test_a_user_of_the_image_runs_with_its_groups(run: Run) -> None:
    """By name, with home and supplementary groups; it may not write where only root may."""
    code, out, _ = run("sh", "-c", "id -u; id -G; echo $HOME; cat ~/own; touch /x || echo no", user="user")
    assert (code, out) == (0, "1000\n1000 2000\n/home/user\nmine\nno\n")


@pytest.mark.usefixtures("namespaces")
def test_environment_and_working_folder(run: Run) -> None:
    """The image's variables, docker's own and the user's; a missing working folder is made."""
    code, out, _ = run(
        "sh", "-c", "echo $FROM_IMAGE $X $HOSTNAME; pwd; hostname", env=["X=y z"], workdir="/new/place", hostname="box"
    )
    assert (code, out) == (0, "1 y z box\n/new/place\nbox\n")


@pytest.mark.usefixtures("namespaces")
def test_rights_are_dockers(run: Run) -> None:
    """Fourteen capabilities, a filter, and no way to mount or to make namespaces."""
    _, out, _ = run(
        "sh", "-c", "grep -E 'Cap(Eff|Bnd)|Seccomp:' /proc/self/status; mount -t tmpfs x /tmp; unshare -U true"
    )
    lines = out.split()
    assert lines[:6] == ["CapEff:", "00000000a80425fb", "CapBnd:", "00000000a80425fb", "Seccomp:", "2"]


@pytest.mark.usefixtures("namespaces")
def test_capabilities_can_be_added_and_dropped(run: Run) -> None:
    """``ALL`` too."""
    _, out, _ = run("sh", "-c", "grep CapEff /proc/self/status", cap_drop=["ALL"], cap_add=["chown"])
    assert out.split()[1] == "0000000000000001"


def test_a_capability_that_is_none_is_refused(make: Make) -> None:
    """With a clear line."""
    with pytest.raises(InvalidInput, match='unknown capability: "FLY"'):
        make("true", cap_add=["FLY"])


@pytest.mark.usefixtures("namespaces")
def test_the_hosts_secrets_are_hidden(run: Run) -> None:
    """What docker masks is empty or read-only, and no mount of the host is to be seen."""
    script = "cat /proc/kcore /proc/keys | wc -c; echo 1 > /proc/sys/kernel/hostname; touch /sys/x; cat /proc/mounts"
    _, out, err = run("sh", "-c", script)
    assert out.split()[0] == "0"
    assert "/merged" not in "".join(line.split()[1] for line in out.splitlines()[1:])
    assert err.count("Read-only file system") + err.count("Permission denied") + err.count("nonexistent") >= 2


@pytest.mark.usefixtures("namespaces")
def test_without_a_network_there_is_only_loopback(run: Run) -> None:
    """And it is up."""
    _, out, _ = run("sh", "-c", "ls /sys/class/net; ping -c 1 127.0.0.1 | grep received")
    assert out.split()[0] == "lo"
    assert "1 packets received" in out


def test_on_the_hosts_network_its_servers_are_seen(run: Run) -> None:
    """And names are resolved as on the host."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = f":{server.getsockname()[1]:04X}"
        assert port in run("cat", "/proc/net/tcp", network="host")[1]
    assert run("cat", "/etc/resolv.conf", network="host")[1] == Path("/etc/resolv.conf").read_text()


def test_other_networks_are_refused(make: Make) -> None:
    """There is no daemon that could make one."""
    with pytest.raises(NotSupported, match="no network 'bridge'"):
        make("true", network="bridge")


def test_a_terminal_has_job_control_and_a_size(make: Make) -> None:
    """A shell stops and resumes a job, and learns its window's size."""
    container = make("sh", tty=True, interactive=True)
    written: list[bytes] = []
    with container.start(owner=os.getpid(), stdin=True) as session:
        session.resize(33, 111)
        lines = (b"stty size", b"sleep 100 & ", b"jobs", b"kill %1", b"tty", b"exit 5")
        session.write(b"\n".join(lines) + b"\n")
        assert session.follow(lambda _, data: written.append(data)) == 5
    text = b"".join(written).decode()
    assert "33 111" in text
    assert "/dev/pts/0" in text
    assert "Running" in text
    assert "can't access tty" not in text


@pytest.mark.usefixtures("namespaces")
def test_more_programs_run_inside(make: Make) -> None:
    """``exec``: with input, errors and exit code of its own, in the same namespaces."""
    container = make("sleep", "100", env=["A=1"])
    container.start(owner=os.getpid()).close()
    pieces: list[tuple[int, bytes]] = []
    with container.exec(["sh", "-c", "cat; echo $A >&2; ls /proc/1/exe; exit 3"], stdin=True) as session:
        assert session.follow(lambda stream, data: pieces.append((stream, data)), stdin=b"in\n") == 3
    assert b"".join(data for stream, data in pieces if stream == 1) == b"in\n/proc/1/exe\n"
    assert b"".join(data for stream, data in pieces if stream == 2) == b"1\n"
    for _ in range(20):
        with pytest.raises(CannotStart, match="not found") as caught:
            container.exec(["nosuch"])
        assert caught.value.exit_code == 127
    with container.exec(["sh", "-c", "tty; id -u"], tty=True, user="user") as session:
        written: list[bytes] = []
        assert session.follow(lambda _, data: written.append(data)) == 0
    assert b"".join(written).split() == [b"/dev/pts/0", b"1000"]
    container.stop(0.1)
    assert container.state.status == "exited"


def test_nothing_can_be_asked_of_a_container_that_does_not_run(make: Make) -> None:
    """Each request says so."""
    container = make("true")
    for request in (lambda: container.exec(["true"]), container.kill, container.attach):
        with pytest.raises(Conflict, match="not running"):
            request()
    container.stop()


def test_a_container_can_be_started_again_and_keeps_its_files(make: Make) -> None:
    """Its writable layer and its log stay."""
    container = make("sh", "-c", "ls /mark; touch /mark")
    assert finish(container)[0] == 0
    assert finish(container)[1] == "/mark\n"
    frames = list(container.logs())
    assert [frame.stream for frame in frames] == [2, 1]  # first ls complained
    assert frames[0].time < frames[1].time


def test_stop_asks_before_it_kills(make: Make) -> None:
    """A program that listens ends in its own way; one that ignores every signal is killed in the end."""
    polite = make("sh", "-c", "trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done")
    with polite.start(owner=os.getpid()) as session:
        # A process 1 that has no handler yet ignores SIGTERM.
        assert until(lambda: b"up" in (polite.folder / "log").read_bytes())
        polite.stop(5)
        written: list[bytes] = []
        assert session.follow(lambda _, data: written.append(data)) == 9
    assert b"bye" in b"".join(written)
    deaf = make("sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done")
    deaf.start(owner=os.getpid()).close()
    deaf.stop(0.2)
    assert deaf.state.exit_code == 137


def test_several_can_attach_and_a_late_one_sees_what_follows(make: Make) -> None:
    """Output goes to all; the first input wins no race, for it goes into one pipe."""
    container = make("sh", "-c", "echo early; while read line; do echo got $line; done", interactive=True)
    with container.start(owner=os.getpid(), stdin=False) as first:
        while not list(container.logs()):
            time.sleep(0.01)
        with container.attach() as second:
            second.write(b"one\n")
            second.close_input()
            assert until(lambda: len(list(container.logs())) == 2)
        container.kill(signal.SIGKILL)
        pieces: list[bytes] = []
        assert first.follow(lambda _, data: pieces.append(data)) == 137
    assert b"".join(pieces) == b"early\ngot one\n"


def test_wait_gives_the_exit_code_to_everyone(make: Make) -> None:
    """While it runs, after it ended, and with a limit."""
    container = make("sh", "-c", "sleep 1; exit 4")
    container.start(owner=os.getpid()).close()
    assert container.wait(0.01) is None
    assert container.wait() == 4
    assert container.wait() == 4


def test_a_container_dies_with_its_owner(store: ContentStore, make: Make) -> None:
    """However the owner ends, and whatever the program ignores."""
    container = make("sh", "-c", "trap '' TERM INT HUP; setsid sleep 98765 & sleep 98765")
    script = (
        "import os, sys, signal\n"
        "from dockmagic.runtime.listing import find\n"
        "from dockmagic.store.content import ContentStore\n"
        "from dockmagic.store.home import Home\n"
        f"find(ContentStore(Home({str(store.home.root)!r})), {container.id!r}).start(owner=os.getpid())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run(
        [sys.executable, "-c", script], check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    container.wait(5)
    assert find(store, container.name).state.exit_code == 137
    assert not _sleepers("98765")


def test_a_container_dies_with_its_shim(make: Make) -> None:
    """Even if that is killed and can do nothing about it; then it is seen as killed."""
    container = make("sh", "-c", "trap '' TERM; setsid sleep 98764 & sleep 98764")
    container.start().close()
    os.kill(int(re.search(rb'"shim": (\d+)', (container.folder / "state.json").read_bytes())[1]), signal.SIGKILL)  # type: ignore[index]
    assert until(lambda: container.state.status == "exited" and not _sleepers("98764"), seconds=2)
    assert container.state.exit_code == 137


def _sleepers(mark: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if line.startswith(b"sleep\0" + mark.encode()):
                found.append(entry.name)
    return found


@pytest.mark.usefixtures("namespaces")
def test_folders_of_the_host_and_tmpfs_can_be_mounted(run: Run, tmp_path: Path) -> None:
    """Writable, read-only, and a link in the image cannot send them elsewhere."""
    (tmp_path / "in").write_text("host\n")
    script = "cat /mnt/a/in; echo new > /mnt/a/out; touch /mnt/b/x; touch /t/x && stat -f -c %T /t"
    code, out, err = run(
        "sh",
        "-c",
        script,
        mounts=[
            Mount(type="bind", target="/mnt/a", source=str(tmp_path)),
            Mount(type="bind", target="/mnt/b", source=str(tmp_path), read_only=True),
            Mount(type="tmpfs", target="/t"),
        ],
    )
    assert (code, out) == (0, "host\ntmpfs\n")
    assert "Read-only file system" in err
    assert (tmp_path / "out").read_text() == "new\n"


@pytest.mark.usefixtures("namespaces")
def test_a_read_only_root_refuses_writes(run: Run) -> None:
    """But /dev/shm and mounts can be written to."""
    code, _, err = run("sh", "-c", "touch /dev/shm/x && touch /x", read_only=True)
    assert code == 1
    assert "Read-only file system" in err


def test_names_are_checked_and_taken_once(make: Make, store: ContentStore) -> None:
    """A taken name is a clear error that suggests what to do."""
    first = make("true", name="taken_name")
    with pytest.raises(Conflict, match=r"""container name "/taken_name" is already in use by container.*--replace"""):
        make("true", name="taken_name")
    with pytest.raises(InvalidInput, match="Invalid container name"):
        make("true", name="bad name")
    assert find(store, "taken_name").id == first.id == find(store, first.id[:8]).id


def test_a_running_container_is_removed_by_force_only(make: Make) -> None:
    """And then nothing of it is left."""
    container = make("sleep", "100")
    container.start(owner=os.getpid()).close()
    with pytest.raises(Conflict, match="is running"):
        container.remove()
    container.remove(force=True)
    assert not container.folder.exists()
    assert not list(container.folder.parent.glob(".*"))
    assert str(container.folder) not in Path("/proc/self/mounts").read_text()
