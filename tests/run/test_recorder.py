"""Owners where there is one user only: what programs ask for is noted down, and layers have it."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import tempfile
from typing import TYPE_CHECKING

import pytest
from minimal_rootfs import rootfs
from programs import finish

from dockmagic.image.archive import import_rootfs
from dockmagic.layer.disk_format import OWNER
from dockmagic.layer.entry import EntryType
from dockmagic.runtime.commit import commit
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.init import recorder
from dockmagic.runtime.transfer import copy_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dockmagic.layer.entry import Entry
    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]
    Force = Callable[[str], str]
    Layer = Callable[..., dict[str, Entry]]


@pytest.fixture(autouse=True)
def single(force: Force) -> None:
    """Every container here has one user; skipped where no user namespace can be made."""
    force("single")


@pytest.fixture
def layer(make: Make) -> Layer:
    """Runs a script and commits: the entries of the layer, by path."""

    def one(script: str, **flags: object) -> dict[str, Entry]:
        container = make("sh", "-ec", script, **flags)
        assert finish(container) == (0, "", "")
        return {entry.path: entry for entry in commit(container).layers[-1].table.entries}

    return one


def _owners(entries: dict[str, Entry]) -> dict[str, tuple[int, int]]:
    return {path: (entry.uid, entry.gid) for path, entry in entries.items()}


def test_owners_are_noted_whatever_the_path(layer: Layer) -> None:
    """Absolute, relative, through links and back up; of a link itself; of a folder with all in it."""
    entries = layer(
        "mkdir -p /a/b; cd /a; touch x b/y /a/z t; ln -s t follow; ln -s t link;"
        "chown 1:2 x; chown 3:4 b/../b/y; chown 5:6 /a/z; chown 7:8 follow; chown -h 9:10 link; cd b; chown 11 .;"
        "mkdir -p /r/s; touch /r/s/f; chown -R 12:13 /r"
    )
    owners = _owners(entries)
    assert [owners["/a/" + name] for name in ("x", "b/y", "z", "t", "follow", "link", "b")] == [
        (1, 2), (3, 4), (5, 6), (7, 8), (0, 0), (9, 10), (11, 0),
    ]  # fmt: skip
    assert {owners[path] for path in ("/r", "/r/s", "/r/s/f")} == {(12, 13)}


def test_a_later_owner_counts_and_a_new_file_has_none(layer: Layer) -> None:
    """Even where it has the name, or by chance the inode, of one that is gone."""
    owners = _owners(
        layer("touch /x /y; chown 1:1 /x /y; chown 2:2 /x; chown 0:0 /y; touch /z; chown 9 /z; rm /z; touch /z")
    )
    assert (owners["/x"], owners["/y"], owners["/z"]) == ((2, 2), (0, 0), (0, 0))


def test_owners_follow_files_that_are_renamed(layer: Layer) -> None:
    """Links, too, which cannot carry a note: package managers give them away before they put them in place."""
    owners = _owners(
        layer(
            "touch /f; ln -s x /l; mkdir /d; chown 1:2 /f; chown -h 3:4 /l; chown 5:6 /d; mv /f /F; mv /l /L; mv /d /D"
        )
    )
    assert (owners["/F"], owners["/L"], owners["/D"]) == ((1, 2), (3, 4), (5, 6))


def test_files_of_the_image_keep_their_owners(layer: Layer) -> None:
    """When they are written to or renamed; a changed owner is the only change that is needed for a copy-up."""
    entries = layer("echo more >> /home/user/own; mv /home/user/own /home/user/other; chown 4:5 /var/old")
    owners = _owners(entries)
    assert owners["/home/user/other"] == (1000, 1000)
    assert owners["/home/user"] == (1000, 1000)
    assert owners["/var/old"] == (4, 5)
    assert entries["/var/old"].mtime == 1_000_000_000


def test_a_change_of_owner_takes_set_id_bits(layer: Layer) -> None:
    """As the kernel does it, also for root (chown(2)); a folder keeps them."""
    entries = layer("touch /f /g; mkdir /d; chmod 6755 /f /g /d; chown 1:1 /f /d; chown 0:0 /g")
    assert [entries[path].mode for path in ("/f", "/g", "/d")] == [0o755, 0o755, 0o6755]


def test_device_nodes_are_devices_in_the_layer(layer: Layer) -> None:
    """With numbers, mode by umask, and owner; one that is written to is a file after all."""
    entries = layer(
        "umask 027; mknod /c c 10 200; mknod /b b 7 300; chown 1:6 /b; mknod /p p; mknod /f c 1 3; echo x > /f; rm /p;"
        "! mknod /c c 1 1 2>/dev/null; ! mknod /none/c c 1 1 2>/dev/null"
    )
    c, b = entries["/c"], entries["/b"]
    assert (c.type, c.major, c.minor, c.mode, c.uid) == (EntryType.CHARACTER, 10, 200, 0o640, 0)
    assert (b.type, b.major, b.minor, b.uid, b.gid) == (EntryType.BLOCK, 7, 300, 1, 6)
    assert (entries["/f"].type, entries["/f"].size) == (EntryType.REGULAR, 2)


def test_a_program_with_a_root_of_its_own_is_understood(layer: Layer) -> None:
    """Paths are looked up in the caller's root, so a link there does not lead elsewhere."""
    owners = _owners(
        layer(
            "mkdir -p /jail/bin /jail/etc; cp /bin/busybox /jail/bin/sh; touch /jail/etc/x /etc/x;"
            "ln -s /etc/x /jail/link; cp /bin/busybox /jail/bin/chown; chroot /jail /bin/chown 7:8 /link"
        )
    )
    assert (owners["/jail/etc/x"], owners["/etc/x"]) == ((7, 8), (0, 0))


def test_volumes_get_the_kernels_own_answer(make: Make, tmp_path: Path) -> None:
    """What is noted down concerns the layer only: on a folder of the host nothing is pretended."""
    (tmp_path / "folder").mkdir()
    mount = Mount(type="bind", target="/mnt", source=str(tmp_path / "folder"))
    code, _, complaint = finish(make("sh", "-c", "touch /mnt/x; chown 7:7 /mnt/x", mounts=[mount]))
    assert code != 0
    assert "Invalid argument" in complaint
    assert not (make().folder / "owners").exists()


def test_failures_are_those_of_the_real_call(make: Make) -> None:
    """No such file, no folder, a descriptor that is closed, a file system that is read-only."""
    script = "chown 1 /none; chown 1 /etc/passwd/x; chown 1 /var/old; chown -h 1 /none"
    code, _, complaint = finish(make("sh", "-c", script, read_only=True))
    assert code != 0
    assert [line.rpartition(": ")[2] for line in complaint.splitlines()] == [
        "No such file or directory", "Not a directory", "Read-only file system", "No such file or directory",
    ]  # fmt: skip


def test_without_the_capability_nothing_is_pretended(make: Make) -> None:
    """As under docker, --cap-drop CHOWN has chown fail."""
    code, _, complaint = finish(make("sh", "-c", "touch /x; chown 7 /x", cap_drop=["CHOWN"]))
    assert code != 0
    assert "denied" in complaint or "not permitted" in complaint or "Invalid argument" in complaint


def test_programs_of_exec_are_recorded_too(make: Make) -> None:
    """And what they did is there when the container has ended."""
    container = make("sleep", "100")
    with container.start():
        with container.exec(["sh", "-c", "touch /x; chown 33:44 /x"]) as session:
            assert session.follow(lambda *_: None) == 0
        with container.exec(["sh", "-c", "touch /home/user/y && id -u"], user="user") as session:
            assert session.follow(lambda *_: None) == 0
        container.kill()
        container.wait()
    assert {(change.path, change.new.uid) for change in container.changes() if change.letter == "A" and change.new} == {
        ("/x", 33), ("/home/user/y", 0),
    }  # fmt: skip


def test_files_of_a_container_with_a_user_are_that_users(layer: Layer) -> None:
    """It has that number inside, and what it makes is its own in the layer."""
    owners = _owners(layer("mkdir /home/user/mine; touch /home/user/mine/x /var/x", user="user"))
    assert owners["/home/user/mine"] == owners["/home/user/mine/x"] == (1000, 1000)
    assert owners["/home"] == owners["/var"] == (0, 0)


def test_copies_out_of_a_container_have_the_owners(make: Make) -> None:
    """Those that were noted, and those of the image."""
    container = make("sh", "-c", "touch /home/user/x; chown 33:44 /home/user/x")
    finish(container)
    with tempfile.TemporaryFile() as file:
        copy_out(container, "/home/user", file)
        file.seek(0)
        with tarfile.open(fileobj=file) as tar:
            assert {(m.name, m.uid, m.gid) for m in tar} == {
                ("user", 1000, 1000), ("user/own", 1000, 1000), ("user/x", 33, 44),
            }  # fmt: skip


def test_an_image_of_it_runs_again_with_its_owners(make: Make) -> None:
    """A second layer on top of a noted one starts from its owners."""
    first = make("sh", "-c", "mkdir /d; touch /d/f; chown -R 7:8 /d")
    finish(first)
    second = make("sh", "-c", "echo x >> /d/f; touch /d/g", image=commit(first))
    finish(second)
    entries = {entry.path: entry for entry in commit(second).layers[-1].table.entries}
    assert _owners(entries) == {"/d": (7, 8), "/d/f": (7, 8), "/d/g": (0, 0)}


def test_a_program_that_copies_the_owner_it_sees_keeps_that_of_the_image(layer: Layer) -> None:
    """As useradd replaces /etc/shadow; what is given to root where it stands is root's, and what nobody gives, too."""
    copies = "cd /home/user; cp own new; chown $(stat -c %u:%g own) new; mv new own"
    assert _owners(layer(copies))["/home/user/own"] == (1000, 1000)
    backs_up = "cd /home/user; cp own own-; chown $(stat -c %u:%g own) own-"
    assert _owners(layer(backs_up))["/home/user/own-"] == (1000, 1000)
    assert _owners(layer("chown 0:0 /home/user/own"))["/home/user/own"] == (0, 0)
    assert _owners(layer("cd /home/user; cp own new; mv new own"))["/home/user/own"] == (0, 0)


def test_a_backup_over_an_older_one_keeps_the_owner_of_the_original(make: Make) -> None:
    """As of the second useradd, which opens the ``/etc/shadow-`` that the first has left."""
    script = "cd /home/user; cat own > own-; chown $(stat -c %u:%g own) own-"
    first = make("sh", "-ec", script)
    finish(first)
    second = make("sh", "-ec", script, image=commit(first))
    finish(second)
    entries = {entry.path: entry for entry in commit(second).layers[-1].table.entries}
    assert _owners(entries)["/home/user/own-"] == (1000, 1000)


def test_files_of_the_image_that_become_roots_are_warned_of(make: Make) -> None:
    """For a program may have meant another."""
    container = make("sh", "-c", "cd /home/user; cp own new; mv new own; echo > other")
    finish(container)
    notices: list[str] = []
    commit(container, on_notice=notices.append)
    assert [notice.partition(" changed")[0] for notice in notices] == ["/home/user/own"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_fits_the_processor(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both tables give a program that the kernel would load: jumps inside, and an end."""
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "h", "6", "v", machine)))
    code = recorder.compile_filter((1 << 41) - 1)
    instructions = list(struct.iter_unpack("HBBI", code))
    assert len(instructions) < 200
    assert instructions[-1][0] == 0x06
    for place, (kind, hit, miss, _) in enumerate(instructions):
        if kind & 7 == 5:
            assert place + 1 + max(hit, miss) < len(instructions)


_SET = (
    "for f in /tmp/set /tmp/group /tmp/other; do echo evil > $f; done; rm /var/old; echo evil > /var/old; mkdir /tmp/d;"
    "chmod 4755 /tmp/set /var/old; chmod 2755 /tmp/group; chmod 3777 /tmp/d"
)
_FORGED = {"/tmp/set": "0:0", "/tmp/group": "1000:0", "/tmp/other": "7:7", "/var/old": "0:0", "/tmp/d": "0:0"}  # noqa: S108


def _forge(container: Container) -> dict[str, tuple[int, int]]:
    """Mark files as a program would by setxattr(2), for which the image has no tool; whose they are in the layer."""
    for path, owner in _FORGED.items():
        os.setxattr(f"{container.folder}/upper{path}", OWNER, owner.encode())
    entries = {entry.path: entry for entry in commit(container).layers[-1].table.entries}
    return {path: owner for path, owner in _owners(entries).items() if path in _FORGED}


@pytest.mark.parametrize(
    ("flags", "owner"),
    [({"user": "1000:1000"}, (1000, 1000)), ({"user": "1000:5"}, (1000, 5)), ({"cap_drop": ["CHOWN"]}, (0, 0))],
    ids=["user", "user of a group", "root without CAP_CHOWN"],
)
def test_a_program_cannot_forge_a_note(make: Make, flags: dict[str, object], owner: tuple[int, int]) -> None:
    """Who may not give files away could else leave a set-id file to root, or to anybody, by an attribute of its own."""
    container = make("sh", "-ec", _SET, **flags)
    assert finish(container) == (0, "", "")
    assert _forge(container) == dict.fromkeys(_FORGED, owner)


def test_a_program_that_came_in_cannot_forge_a_note(make: Make) -> None:
    """By ``exec`` as another user, in a container of root's."""
    container = make("sleep", "100")
    container.start(owner=os.getpid()).close()
    with container.exec(["sh", "-ec", _SET], user="1000") as session:
        assert session.follow(lambda *_: None) == 0
    assert _forge(container)["/tmp/other"] == (0, 0)  # noqa: S108


def test_files_of_the_image_stay_whose_they_were(layer: Layer) -> None:
    """Also where programs of a user's own run: at their place, written to, and moved."""
    entries = layer("echo more >> /home/user/own", user="2000")
    assert _owners(entries)["/home/user/own"] == (1000, 1000)
    entries = layer("mv /home/user/own /home/mine", user="2000")
    assert _owners(entries)["/home/mine"] == (1000, 1000)
    entries = layer("mv /home/user/own /home/mine; echo more >> /home/mine", user="2000")
    assert _owners(entries)["/home/mine"] == (2000, 0)


def test_the_settings_of_apt_can_be_removed(store: ContentStore, make: Make) -> None:
    """What keeps apt from a user who is not there is no mount: ``rm -rf /etc/apt`` ended with EBUSY."""
    data = io.BytesIO(rootfs())
    with tarfile.open(fileobj=data, mode="a") as tar:
        for name in ("etc/apt", "etc/apt/apt.conf.d"):
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(info)
    image = import_rootfs(io.BytesIO(data.getvalue()), store)
    container = make("sh", "-c", "cat /etc/apt/apt.conf.d/*; rm -rf /etc/apt && ls -d /etc/apt", image=image)
    _, out, _ = finish(container)
    assert out == 'Debug::NoDropPrivs "true";\n'
    assert [(change.letter, change.path) for change in container.changes()] == [
        ("C", "/etc"), ("D", "/etc/apt"),
    ]  # fmt: skip
    container = make("sh", "-c", "rm /etc/apt/apt.conf.d/*; echo mine > /etc/apt/apt.conf.d/own", image=image)
    assert finish(container) == (0, "", "")
    entries = commit(container).layers[-1].table
    assert [entry.path for entry in entries.entries if entry.is_file] == ["/etc/apt/apt.conf.d/own"]
    assert not entries.whiteouts
