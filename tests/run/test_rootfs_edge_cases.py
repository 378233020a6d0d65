"""Changes that are hard to tell: on every tier that works here they give the same layer, byte for byte."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from programs import finish
from rootfs_edge_cases import CAPABILITY, access_list

from dockmagic.layer.entry import EntryType
from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.commit import commit
from dockmagic.runtime.drivers.table import DRIVERS
from dockmagic.runtime.listing import find
from dockmagic.runtime.machine.tiers import choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.image import Image
    from dockmagic.layer.entry import Entry
    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]
    Force = Callable[[str], str]
    Layers = Callable[[str], dict[str, Entry]]

_EPOCH = 1_500_000_000


@pytest.fixture
def layers(store: ContentStore, hard: Image, make: Make, monkeypatch: pytest.MonkeyPatch) -> Layers:
    """Runs a script on each tier and commits: the entries of the layer, by path, the same of all."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(_EPOCH))

    def run(script: str, *, without: tuple[str, ...] = ()) -> dict[str, Entry]:
        found = {}
        for tier in DRIVERS:
            monkeypatch.setenv("DOCKMAGIC_TIER", tier)
            try:
                if tier in ("proot", *without) or not choose(store.home):
                    continue
            except NotSupported:
                continue
            container = make("sh", "-ec", script, image=hard, network="host")
            assert finish(container) == (0, "", ""), tier
            found[tier] = commit(find(store, container.id)).layers[-1]
        if not found:
            pytest.skip("no tier that can commit works here")
        reference = next(iter(found.values()))
        for tier, layer in found.items():
            assert layer.table.entries == reference.table.entries, tier
            assert layer.table.whiteouts == reference.table.whiteouts, tier
            assert layer.diff_id == reference.diff_id, tier
        entries = {entry.path: entry for entry in reference.table.entries}
        removed = {"-/" + os.fsdecode(name): None for name in reference.table.whiteouts}
        return entries | removed  # type: ignore[return-value]

    return run  # type: ignore[return-value]


def _meta(entry: Entry) -> tuple[int, int, int]:
    return entry.uid, entry.gid, entry.mode


def test_hard_links_stay_links(layers: Layers) -> None:
    """New ones, and one to a file of the image."""
    found = layers("echo x > /new; ln /new /newer; ln /srv/file /srv/file2; chown 40:41 /srv/file2")
    assert found["/newer"].link == b"new"
    assert _meta(found["/srv/file"]) == _meta(found["/srv/file2"]) == (40, 41, 0o644)
    assert found["/srv/file2"].link == b"srv/file"


def test_special_files_have_their_owners(layers: Layers) -> None:
    """Pipes, links and empty files; renamed as well."""
    found = layers(
        "mkfifo -m 600 /pipe; chown 8:9 /pipe; chmod 600 /srv/pipe; ln -s x /link; chown -h 1:2 /link; mv /link /moved;"
        "mv /srv/tree/link /srv/link"
    )
    assert (found["/pipe"].type, *_meta(found["/pipe"])) == (EntryType.FIFO, 8, 9, 0o600)
    assert _meta(found["/srv/pipe"]) == (3, 0, 0o600)
    assert _meta(found["/moved"])[:2] == (1, 2)
    assert _meta(found["/srv/link"])[:2] == (9, 9)


def test_device_nodes(layers: Layers) -> None:
    """Where the kernel allows them, and where they are noted down."""
    found = layers(
        "mknod -m 620 /tty9 c 4 9; chown 0:5 /tty9; mknod -m 660 /disk b 7 300; chown 0:6 /disk", without=("subid",)
    )
    tty, disk = found["/tty9"], found["/disk"]
    assert (tty.type, tty.major, tty.minor, *_meta(tty)) == (EntryType.CHARACTER, 4, 9, 0, 5, 0o620)
    assert (disk.type, disk.major, disk.minor, *_meta(disk)) == (EntryType.BLOCK, 7, 300, 0, 6, 0o660)


def test_sparse_files_are_whole(layers: Layers) -> None:
    """Holes are zeros in a layer."""
    found = layers("truncate -s 3000000 /hole; echo end >> /hole; truncate -s 100 /srv/file")
    assert found["/hole"].size == 3_000_004
    assert found["/srv/file"].size == 100


def test_attributes_and_capabilities_of_the_image_stay(layers: Layers) -> None:
    """When a file is renamed or its mode set; a change of owner takes capabilities away, and a write as well."""
    found = layers(
        "chmod 700 /srv/bound; mv /srv/bound /top; mv /srv/note /srv/noted; chown 3:4 /srv/given;"
        "chmod 600 /srv/closed/in"
    )
    assert found["/top"].xattrs == {"security.capability": CAPABILITY}
    assert found["/srv/noted"].xattrs == {"user.note": b"mine"}
    assert found["/srv/given"].xattrs is None
    assert _meta(found["/srv/closed/in"]) == (7, 8, 0o600)


def test_attributes_that_this_machine_cannot_set_stay(layers: Layers) -> None:
    """Those of root alone, and access lists with strangers: they come along when a file is renamed, and heed chmod."""
    found = layers("chmod 640 /srv/listed; mv /srv/private /moved; chmod 700 /srv/shared; touch /srv/closed/in")
    assert found["/srv/listed"].xattrs == {"system.posix_acl_access": access_list(4)}
    assert found["/moved"].xattrs == {"security.ima": b"\x01sum", "trusted.note": b"mine"}
    assert found["/srv/shared"].xattrs == {"system.posix_acl_default": access_list(7)}


def test_a_folder_whose_access_list_is_not_heeded_is_warned_of(hard: Image, make: Make, force: Force) -> None:
    """Where it names users who do not exist there, what is made in the folder does not get it."""
    force("single")
    container = make("touch", "/srv/shared/new", "/srv/folder/new", image=hard)
    assert finish(container) == (0, "", "")
    notices: list[str] = []
    commit(container, on_notice=notices.append)
    assert len(notices) == 1
    assert notices[0].startswith("/srv/shared/new has not the default access list of its folder")


def test_closed_folders_are_read(layers: Layers) -> None:
    """Of mode 000, the image's and new ones."""
    found = layers(
        "mkdir /shut; echo x > /shut/in; chmod 0 /shut/in /shut; echo y > /srv/closed/more; chown 5 /srv/closed"
    )
    assert _meta(found["/shut"]) == (0, 0, 0)
    assert _meta(found["/shut/in"]) == (0, 0, 0)
    assert _meta(found["/srv/closed"]) == (5, 0, 0)
    assert "/srv/closed/more" in found


def test_names_that_are_no_text(layers: Layers) -> None:
    """Any byte but a slash and a zero, and names that a tar header has no room for."""
    found = layers(
        r"""n=$(printf '\377\376 x'); echo x > "/$n"; chown 4:4 "/$n"; mkdir "/d$n"; ln -s "$n" "/d$n/l"
        touch "/$(printf 'line\nbreak')" "/$(printf '%0200d' 7)"; ln -s "$(printf '%0300d' 8)" /long"""
    )
    assert _meta(found["/\udcff\udcfe x"])[:2] == (4, 4)
    assert found["/d\udcff\udcfe x/l"].link == b"\xff\xfe x"
    assert "/line\nbreak" in found
    assert found["/" + "7".zfill(200)].size == 0
    assert found["/long"].link == b"8".zfill(300)


def test_times_beyond_what_a_header_holds(layers: Layers) -> None:
    """Before 1970 kept; later than SOURCE_DATE_EPOCH held down to it."""
    found = layers("touch -d '1901-12-14 00:00:00' /old /srv/file; touch -d '2106-02-07 00:00:00' /late /srv/set")
    if found["/old"].mtime >= 0:
        pytest.skip("the file system has no times before 1970")
    assert found["/old"].mtime == found["/srv/file"].mtime < -2_000_000_000
    assert found["/late"].mtime == _EPOCH


def test_directories_and_files_in_each_others_place(layers: Layers) -> None:
    """A file for a directory, a directory for a file, a link for either; what was below is gone."""
    found = layers(
        "rm -r /srv/folder; echo f > /srv/folder; rm /srv/file; mkdir /srv/file; echo g > /srv/file/in;"
        "rm -r /srv/tree; ln -s /etc /srv/tree; rm /srv/pipe; ln -s x /srv/pipe"
    )
    assert found["/srv/folder"].type is EntryType.REGULAR
    assert found["/srv/file"].is_dir
    assert found["/srv/tree"].is_symlink
    assert found["/srv/pipe"].is_symlink
    assert not any(path.startswith(("-/srv/folder/", "-/srv/tree/")) for path in found)


def test_what_was_removed_and_made_again(layers: Layers) -> None:
    """An opaque directory: only what is missing is removed, what came back as it was is not in the layer."""
    found = layers(
        "rm -r /srv/tree; mkdir -p /srv/tree/a/b; echo new > /srv/tree/a/b/file; chmod 750 /srv/tree;"
        "echo n > /srv/tree/n; rm /srv/one; echo again > /srv/one; rm /srv/set; touch -d @1000000000 /srv/set;"
        "chown 21:22 /srv/set"
    )
    assert _meta(found["/srv/tree"]) == (0, 0, 0o750)
    assert found["/srv/tree/a/b/file"].size == 4
    assert "-/srv/tree/link" in found
    assert "-/srv/tree/a" not in found
    assert (found["/srv/one"].size, *_meta(found["/srv/one"])) == (6, 0, 0, 0o644)


def test_a_directory_of_the_image_is_renamed(layers: Layers) -> None:
    """All of it is in the layer under its new name, with its owners, and the old name is removed."""
    # Overlay has mv copy it: busybox gives links a new time, and where programs see one user only all becomes root's.
    found = layers(
        "rm /srv/tree/link; mv /srv/tree /srv/moved; mv /srv/closed /shut; mv /srv/folder /srv/x; mkdir /srv/folder",
        without=("single",),
    )
    assert _meta(found["/srv/moved/a"]) == (33, 44, 0o750)
    assert _meta(found["/srv/moved/a/b/file"]) == (5, 6, 0o640)
    assert _meta(found["/shut/in"]) == (7, 8, 0)
    assert {"-/srv/tree", "-/srv/closed", "-/srv/folder/child"} <= found.keys()


def test_a_copy_that_loses_owners_is_warned_of(hard: Image, make: Make, force: Force) -> None:
    """Where programs see one user only: of a moved folder and of ``cp -a`` as well, for they copy what they see."""
    force("single")
    for script, told in (
        ("mkdir /x; mv /srv/tree /x; cp -a /srv/file /x; echo n > /x/new", "/x/file, /x/tree, /x/tree/a and 2 more"),
        ("chgrp 5 /srv/file", "/srv/file"),  # busybox gives the owner that it sees along
        ("echo n > /n; chown 5:6 /n; touch /e; chown 5 /e; mkdir /x; cp -a /n /e /x; touch /x/new", "/x/n"),
    ):
        container = make("sh", "-ec", script, image=hard)
        assert finish(container) == (0, "", "")
        notices: list[str] = []
        commit(container, on_notice=notices.append)
        assert len(notices) == 1
        assert notices[0].startswith(f"{told} changed hands to root")


def test_set_id_bits_are_lost_by_a_change_of_owner_only(layers: Layers) -> None:
    """As the kernel does it: of programs, not of directories; a mode set later stays."""
    found = layers(
        "chown 50:51 /srv/set; cp /bin/busybox /prog; chmod 6755 /prog; chgrp 3 /prog;"
        "mkdir -m 2775 /team; chown 5:6 /team; cp /bin/busybox /kept; chown 7:8 /kept; chmod 4711 /kept"
    )
    assert _meta(found["/srv/set"]) == (50, 51, 0o755)
    assert _meta(found["/prog"])[1:] == (3, 0o755)
    assert _meta(found["/team"]) == (5, 6, 0o2775)
    assert _meta(found["/kept"]) == (7, 8, 0o4711)


def test_what_is_put_back_is_no_change(layers: Layers) -> None:
    """Copied up and given back its owner, mode, time and content: nothing of it is in the layer."""
    found = layers(
        "touch /mark; chmod 600 /srv/file; chmod 644 /srv/file; chown 1:1 /srv/tree; chown 33:44 /srv/tree;"
        "mv /srv/set /srv/away; mv /srv/away /srv/set"
    )
    assert set(found) == {"/mark"}
