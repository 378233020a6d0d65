"""Every tier that works here, forced: the same commands leave the same layer, and nothing outlives a container."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import programs
import pytest
from programs import finish, until

from dockmagic.oci.errors import InvalidInput, NotSupported
from dockmagic.runtime.cannot_start import CannotStart
from dockmagic.runtime.commit import commit
from dockmagic.runtime.disk.orphans import sweep
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.drivers.table import DRIVERS
from dockmagic.runtime.listing import find
from dockmagic.runtime.machine.tiers import choose, explain
from dockmagic.runtime.transfer import copy_from_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]
    Force = Callable[[str], str]

# What every tier can do: files, owners, modes, links, removals, a directory in another's place, a renamed file that the
# image gives to somebody.
_SCRIPT = """
set -e
umask 022
mkdir -p /new/deep; echo x > /new/file; chown 33:44 /new/file; chmod 4711 /new/file
ln -s nowhere /new/link; chown -h 1:2 /new/link
echo y > /new/one; chown 5:6 /new/one; ln /new/one /new/two; chown 5:7 /new/two
mkfifo /new/pipe; chown 8 /new/pipe
chmod 2755 /new/deep; chown 0:9 /new/deep
rm /var/old; rm -r /var/dir; mkdir /var/dir; echo in > /var/dir/other
mv /home/user/own /home/user/mine; echo more >> /etc/group
cp /bin/busybox /new/tool; chown 10:10 /new/tool; chmod 6755 /new/tool; chown 11:10 /new/tool
"""


@pytest.fixture(params=list(DRIVERS), ids=lambda tier: tier)
def tier(request: pytest.FixtureRequest, force: Force) -> str:
    """One tier, forced; skipped with the reason where it does not work."""
    return force(request.param)


@pytest.fixture
def working(store: ContentStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tiers that work here and can commit."""
    found = []
    for chosen in DRIVERS:
        monkeypatch.setenv("DOCKMAGIC_TIER", chosen)
        try:
            choose(store.home)
        except NotSupported:
            continue
        found.append(chosen)
    if not set(found) - {"proot"}:
        pytest.skip("no tier that can commit works here")
    return [chosen for chosen in found if chosen != "proot"]


def test_a_program_runs_on_each_tier(tier: str, make: Make) -> None:
    """Its output, its exit code, its user, its folder and its environment are the same."""
    container = make(
        "sh", "-c", "echo $A; pwd; id -u; id -g; cat ~/own; echo no >&2; exit 7",
        network="host", user="user", env=["A=b"], workdir="/var/dir",
    )  # fmt: skip
    assert finish(container) == (7, "b\n/var/dir\n1000\n1000\nmine\n", "no\n")
    assert container.record.tier == tier


@pytest.mark.usefixtures("tier")
def test_a_missing_program_or_user_is_told(make: Make) -> None:
    """With docker's exit codes, whoever starts the program in the end."""
    with pytest.raises(CannotStart, match="executable file not found") as caught:
        finish(make("nothing", network="host"))
    assert caught.value.exit_code == 127
    with pytest.raises(CannotStart, match="unable to find user nobody") as caught:
        finish(make("true", network="host", user="nobody"))
    assert caught.value.exit_code == 125


def test_the_same_commands_give_the_same_layer(
    store: ContentStore, make: Make, working: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte under SOURCE_DATE_EPOCH: owners, set-id bits, links, removals, whoever owns the files on disk."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1500000000")
    layers, tables = {}, {}
    for chosen in working:
        monkeypatch.setenv("DOCKMAGIC_TIER", chosen)
        container = make("sh", "-c", _SCRIPT, network="host")
        assert finish(container) == (0, "", "")
        layer = commit(find(store, container.id)).layers[-1]
        layers[chosen], tables[chosen] = layer.diff_id, layer.table
    reference = tables[working[0]].entries
    for chosen in working[1:]:
        assert tables[chosen].entries == reference, chosen
    assert len(set(layers.values())) == 1
    owners = {entry.path: (entry.uid, entry.gid, entry.mode) for entry in reference}
    assert owners["/new/file"] == (33, 44, 0o4711)
    assert owners["/new/link"][:2] == (1, 2)
    assert owners["/new/one"] == owners["/new/two"] == (5, 7, 0o644)
    assert owners["/new/pipe"][:2] == (8, 0)
    assert owners["/new/deep"] == (0, 9, 0o2755)
    assert owners["/new/tool"] == (11, 10, 0o755)
    assert owners["/home/user/mine"] == (1000, 1000, 0o600)


@pytest.mark.usefixtures("tier")
def test_changes_are_the_same_on_each_tier(make: Make) -> None:
    """In docker's letters, with the files that had to be put there to run it left out."""
    container = make("sh", "-c", "echo x > /new; rm /var/old; echo more >> /etc/group", network="host")
    finish(container)
    assert [(change.letter, change.path) for change in container.changes()] == [
        ("C", "/etc"), ("C", "/etc/group"), ("A", "/new"), ("C", "/var"), ("D", "/var/old"),
    ]  # fmt: skip


def _marked(mark: str) -> list[int]:
    """Processes that have `mark` as an argument."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in words:
            found.append(int(process.name))
    return found


def _gone(mark: str) -> bool:
    return until(lambda: not _marked(mark), seconds=5)


@pytest.mark.parametrize("victim", ["shim", "first", "owner"])
def test_nothing_outlives_a_kill(tier: str, make: Make, victim: str) -> None:
    """Neither a daemon that left its session nor a mount, whoever is killed; and the container can be removed."""
    mark = f"9{os.getpid()}{len(victim)}{list(DRIVERS).index(tier)}"
    nap = f"sleep {mark}"
    container = make("sh", "-c", f"(setsid {nap} &); (trap '' TERM INT HUP; {nap}) & {nap}", network="host")
    owner = subprocess.Popen(["sleep", "100"])
    session = container.start(owner=owner.pid)
    assert until(lambda: len(_marked(mark)) >= 3, seconds=5)
    pids = {"shim": _shim_of(container), "first": container.state.pid, "owner": owner.pid}
    os.kill(pids[victim], signal.SIGKILL)
    assert _gone(mark)
    session.close()
    owner.kill()
    owner.wait()
    assert container.wait(timeout=5) == 137
    mounts = Path("/proc/self/mountinfo").read_text()
    assert container.id not in mounts
    container.remove()
    assert not container.folder.exists()


def _shim_of(container: Container) -> int:
    import json

    return int(json.loads((container.folder / "state.json").read_bytes())["shim"])


def test_what_a_kill_left_is_swept_away(tier: str, make: Make, store: ContentStore) -> None:
    """A container that was being removed, with overlay's closed folder and files of others; not one of just now."""
    container = make("sh", "-c", "mkdir -m 700 /own; touch /own/file; chown -R 5:5 /own", network="host")
    finish(container)
    gone = container.folder.rename(container.folder.with_name(f".gone-{container.id}"))
    sweep(store, container.isolation)
    assert gone.exists(), tier
    sweep(store, container.isolation, age=0)
    assert not gone.exists()


def test_a_container_of_work_that_was_killed_is_swept_away(make: Make, store: ContentStore) -> None:
    """Not while the work goes on, and not while it runs itself."""
    with store.lease() as lease:
        container = make("sleep", "100", lease=lease.name)
        sweep(store, container.isolation)
        assert container.folder.exists()
        container.start(owner=os.getpid()).close()
    sweep(store, container.isolation)
    assert container.folder.exists()
    container.kill()
    container.wait()
    sweep(store, container.isolation)
    assert not container.folder.exists()


def test_a_program_that_ends_takes_its_children_along(tier: str, make: Make) -> None:
    """Also one that left its session, as the end of a pid namespace would."""
    if tier == "proot":
        pytest.skip("proot itself waits for every child")
    mark = f"8{os.getpid()}{list(DRIVERS).index(tier)}"
    assert finish(make("sh", "-c", f"(setsid sleep {mark} >/dev/null 2>&1 &); exit 3", network="host"))[0] == 3
    assert _gone(mark)


def test_further_groups_are_joined_or_it_is_said_that_they_are_not(tier: str, make: Make) -> None:
    """--group-add needs more than one user."""
    notices: list[str] = []
    container = make("id", "-G", group_add=["extra"], network="host", on_notice=notices.append)
    joined = "2000" in finish(container)[1].split()
    assert joined == DRIVERS[tier].keeps_owners
    assert [notice.split()[0] for notice in notices] == ([] if joined else ["--group-add"])


@pytest.mark.usefixtures("tier")
def test_a_program_hears_the_signal_that_stops_it(make: Make) -> None:
    """It ends in its own way, and nobody else says a word about it."""
    script = "trap 'echo bye; exit 9' TERM; echo up; while :; do sleep 0.05; done"
    container = make("sh", "-c", script, network="host")
    pieces: list[tuple[int, bytes]] = []
    with container.start(owner=os.getpid()) as session:
        assert until(lambda: b"up" in (container.folder / "log").read_bytes())
        container.kill(signal.SIGTERM)
        assert session.follow(lambda stream, data: pieces.append((stream, data))) == 9
    assert b"".join(data for stream, data in pieces if stream == 1) == b"up\nbye\n"
    assert b"".join(data for stream, data in pieces if stream == 2) == b""


@pytest.mark.usefixtures("tier")
def test_a_program_hears_a_real_time_signal_that_stops_it(make: Make) -> None:
    """As systemd does, whose images say SIGRTMIN+3."""
    script = "trap 'echo bye; exit 9' 37; echo up; while :; do sleep 0.05; done"
    container = make("sh", "-c", script, network="host", stop_signal="SIGRTMIN+3")
    assert container.record.stop_signal == 37
    with container.start(owner=os.getpid()) as session:
        assert until(lambda: b"up" in (container.folder / "log").read_bytes())
        container.stop()
        assert session.follow(lambda _stream, _data: None) == 9


@pytest.mark.usefixtures("tier")
def test_a_working_folder_is_made_inside_only(make: Make, tmp_path: Path) -> None:
    """Links of the image lead nowhere else; what cannot be a folder is refused."""
    container = make("pwd", network="host", workdir="/var/new/deep")
    assert finish(container)[1] == "/var/new/deep\n"
    (tmp_path / "link").symlink_to(tmp_path)
    linked = make("true", network="host", workdir=f"/out/{tmp_path.name}/made")
    copy_from_host(linked, tmp_path / "link", "/out")
    with contextlib.suppress(CannotStart):
        finish(linked)
    assert not (tmp_path / tmp_path.name).exists()
    assert not (tmp_path / "made").exists()
    with pytest.raises(CannotStart, match="working folder /etc/passwd"):
        make("true", network="host", workdir="/etc/passwd").start()


def test_what_a_tier_cannot_hold_is_refused(tier: str, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be mounted and no network kept away, a container is not made as if it could.

    The reason is the tier, not a program that is not installed: it would not help.
    """
    monkeypatch.setattr("dockmagic.runtime.shim.reaper._KNOWN", ())
    if tier not in ("chroot", "proot"):
        pytest.skip("this one can")
    with pytest.raises(NotSupported, match="--network none cannot be held"):
        make("true", network="none")
    with pytest.raises(NotSupported, match="--read-only cannot be held"):
        make("true", network="host", read_only=True)
    with pytest.raises(NotSupported, match="--init cannot be held"):
        make("true", network="host", init=True)
    with pytest.raises(NotSupported, match="nothing of the type tmpfs"):
        make("true", network="host", mounts=[Mount(type="tmpfs", target="/mnt")])


def test_an_unknown_tier_is_told(store: ContentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the names that there are."""
    monkeypatch.setenv("DOCKMAGIC_TIER", "best")
    with pytest.raises(InvalidInput, match="best") as caught:
        choose(store.home)
    assert "subid" in caught.value.hint


def test_each_tier_says_whether_it_works(store: ContentStore) -> None:
    """One line each, with the reason where it does not."""
    lines = explain(store.home)
    assert len(lines) == len(DRIVERS)
    assert any(answer.startswith("yes") for _, answer in lines)
    assert all(answer for _, answer in lines)


# Docker's default profile for a container without CAP_SYS_ADMIN, as far as it matters here: no namespaces, no mounts.
_CONFINED = """
import errno, os, sys
from dockmagic.linux import bpf, kernel
from dockmagic.linux.capabilities import DEFAULT, mask
NUMBERS = {
    "x86_64": {"unshare": 272, "mount": 165, "umount2": 166, "setns": 308, "pivot_root": 155, "clone": 56},
    "aarch64": {"unshare": 97, "mount": 40, "umount2": 39, "setns": 268, "pivot_root": 41, "clone": 220},
}[os.uname().machine]
clone = NUMBERS.pop("clone")
program = [bpf.load(0), bpf.equal(435, 0, 1), bpf.fail(errno.ENOSYS)]
for number in (*NUMBERS.values(), 428, 429, 430, 431, 432, 433, 442):
    program += [bpf.equal(number, 0, 1), bpf.fail(errno.EPERM)]
program += [bpf.equal(clone, 0, 4), bpf.argument(0), bpf.mask(0x7E020000), bpf.equal(0, 1, 0), bpf.fail(errno.EPERM)]
if os.geteuid() == 0:
    kernel.drop_bounding(mask(DEFAULT))
    kernel.set_capabilities(mask(DEFAULT))
kernel.no_new_privileges()
kernel.install_filter(bpf.assemble([*program, bpf.give(bpf.ALLOW)]))
from dockmagic.oci.errors import DockmagicError
from dockmagic.runtime.machine.tiers import choose
from dockmagic.store.home import Home
try:
    print(choose(Home(sys.argv[1])).tier)
except DockmagicError as error:
    print(error.message, "|", error.hint)
"""


def test_without_namespaces_the_next_best_is_taken(tmp_path: Path) -> None:
    """Root gets a chroot; anybody else proot if it is there, and else one line that says what is missing."""
    environment = {name: value for name, value in os.environ.items() if name != "DOCKMAGIC_TIER"}
    done = subprocess.run(
        [sys.executable, "-c", _CONFINED, str(tmp_path / "home")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answer = done.stdout.strip()
    if os.geteuid() == 0:
        assert answer == "chroot"
    elif answer != "proot":
        assert answer.startswith("no container can run here: a seccomp profile forbids user namespaces | Who starts")


def test_programs_run_where_namespaces_are_forbidden(tmp_path: Path, store: ContentStore) -> None:
    """The whole way, from an unpacked image to the committed layer, in a process that may neither mount nor unshare."""
    script = _CONFINED.rpartition("try:")[0] + _RUN
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "home"), str(Path(programs.__file__).parent)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "no container can run here" in done.stdout:
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] in ("chroot 0 x 33", "proot 0 x None")
    assert store


_RUN = """
import io
sys.path.append(sys.argv[2])
from minimal_rootfs import rootfs
from programs import finish
from dockmagic.image.archive import import_rootfs
from dockmagic.oci.reference import Reference
from dockmagic.runtime.commit import commit
from dockmagic.runtime.container_spec import ContainerSpec
from dockmagic.runtime.creation import create
from dockmagic.store.content import ContentStore
store = ContentStore(Home(sys.argv[1]))
store.home.prepare()
try:
    tier = choose(store.home).tier
except DockmagicError as error:
    print(error)
    sys.exit()
image = import_rootfs(io.BytesIO(rootfs()), store, Reference.parse("small:1"))
command = ("sh", "-c", "echo x > /new; chown 33 /new; cat /new")
container = create(store, image, ContainerSpec(command=command, network="host"))
code, out, _ = finish(container)
owner = None
if tier != "proot":
    owner = (commit(container) / "new").entry.uid
container.remove()
print(tier, code, out.strip(), owner)
"""
