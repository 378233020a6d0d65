"""From the first start to the last trace: names, restarts, --rm, kills at bad moments, and what is cleaned up."""

from __future__ import annotations

import io
import json
import os
import random
import signal
import subprocess
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from programs import finish, until

from dockmagic.image import local
from dockmagic.oci.errors import Conflict, InvalidInput, NotFound, PathNotFound
from dockmagic.oci.reference import Reference
from dockmagic.runtime import transfer
from dockmagic.runtime.cannot_start import CannotStart
from dockmagic.runtime.commit import commit
from dockmagic.runtime.creation import rename
from dockmagic.runtime.disk.layer_gc import collect_layers
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.disk.references import roots, uses
from dockmagic.runtime.disk.volumes import create_volume, find_volume, remove_volume, volumes
from dockmagic.runtime.listing import containers, find
from dockmagic.runtime.machine.tiers import choose

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]


def test_rm_takes_a_container_away_when_it_ends(store: ContentStore, make: Make) -> None:
    """With its anonymous volumes; its name is free as soon as its end is known, and its output is complete."""
    before = {volume.name for volume in volumes(store.home)}
    for _ in range(5):
        volume = Mount(type="volume", target="/v", anonymous=True)
        container = make("sh", "-c", "echo out; exit 3", name="brief", rm=True, mounts=[volume])
        assert finish(container) == (3, "out\n", "")
        assert not container.folder.exists()
    _gone(store)
    assert {volume.name for volume in volumes(store.home)} <= before


def _gone(store: ContentStore) -> None:
    assert until(lambda: not list(store.home.containers.glob(".gone-*")), seconds=4)


def test_rm_is_acted_on_when_nobody_is_left(store: ContentStore, make: Make) -> None:
    """The one who started it is killed; also what could not be started goes."""
    container = make("sleep", "98763", rm=True)
    script = (
        "import os, signal\n"
        "from dockmagic.runtime.listing import find\n"
        "from dockmagic.store.content import ContentStore\n"
        "from dockmagic.store.home import Home\n"
        f"find(ContentStore(Home({str(store.home.root)!r})), {container.id!r}).start(owner=os.getpid())\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", script], check=False, env=environment)
    assert until(lambda: not container.folder.exists(), seconds=4)
    broken = make("nosuch", rm=True)
    with pytest.raises(CannotStart):
        broken.start()
    assert not broken.folder.exists()
    _gone(store)


def test_a_name_can_be_taken_over_and_changed(store: ContentStore, make: Make) -> None:
    """``--replace`` removes who has it, running or not; ``rename`` gives another one."""
    first = make("sleep", "100", name="wanted")
    first.start(owner=os.getpid()).close()
    second = make("true", name="wanted", replace=True)
    assert not first.folder.exists()
    assert find(store, "wanted").id == second.id
    assert rename(second, "other").name == find(store, second.id).name == "other"
    with pytest.raises(Conflict, match="same name as its current name"):
        rename(find(store, "other"), "other")
    make("true", name="third")
    with pytest.raises(Conflict, match='container name "/third" is already in use'):
        rename(find(store, "other"), "third")


def test_two_starts_at_once_are_one(make: Make) -> None:
    """The second hears that it runs."""
    container = make("sleep", "100")
    heard: list[object] = []

    def go() -> None:
        try:
            heard.append(container.start(owner=os.getpid()))
        except (Conflict, CannotStart) as error:
            heard.append(str(error))

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(answer, str) for answer in heard) == 1
    assert all("running" in answer for answer in heard if isinstance(answer, str))
    for answer in heard:
        if not isinstance(answer, str):
            answer.close()  # type: ignore[attr-defined]


def test_a_container_is_restarted(make: Make) -> None:
    """Stopped first if it runs."""
    container = make("sh", "-c", "echo up; sleep 100")

    def written() -> list[bytes]:
        return [frame.data for frame in container.logs()]

    container.start(owner=os.getpid()).close()
    assert until(lambda: written() == [b"up\n"])
    first = container.state.pid
    container.restart(0.1, owner=os.getpid()).close()
    assert container.state.pid not in (0, first)
    assert until(lambda: written() == [b"up\n"] * 2)
    container.kill()
    container.wait()


def test_a_paused_container_stands_still(make: Make) -> None:
    """All its processes; it goes on where it was, and can be removed while it is paused."""
    container = make("sh", "-c", "while :; do echo x; sleep 0.01; done")
    container.start(owner=os.getpid()).close()

    def size() -> int:
        return (container.folder / "log").stat().st_size

    container.pause()
    assert container.state.status == "paused"
    time.sleep(0.2)  # what was in the pipe
    still = size()
    time.sleep(0.1)
    assert size() == still
    with pytest.raises(Conflict, match="already paused"):
        container.pause()
    assert container.unpause()
    assert not container.unpause()
    assert until(lambda: size() > still)
    container.pause()
    container.remove(force=True)
    assert not container.folder.exists()


@pytest.mark.parametrize("whom", ["shim", "pid"])
@pytest.mark.usefixtures("commits")
def test_a_kill_at_any_moment_leaves_a_container_that_is_whole(make: Make, whom: str) -> None:
    """It is seen as exited, its files can be listed and committed, and it starts again."""
    script = "i=0; while :; do i=$((i+1)); echo $i > /tmp/f$((i % 50)); rm -f /tmp/f$((i % 7)); done"
    container = make("sh", "-c", script)
    for _ in range(4):
        container.start(owner=os.getpid()).close()
        time.sleep(random.random() / 10)  # noqa: S311  (any moment is as good)
        state = json.loads((container.folder / "state.json").read_bytes())
        os.kill(state[whom], signal.SIGKILL)
        assert container.wait(5) == 137
        assert container.state.status == "exited"
        container.changes()
    assert b"tmp" in commit(container).files.nodes
    assert str(container.folder) not in Path("/proc/self/mounts").read_text()


@pytest.mark.usefixtures("commits")
def test_an_image_in_use_is_not_removed(store: ContentStore, make: Make) -> None:
    """A container that does not run keeps it, too; when that goes, it can be removed with its unpacked layers."""
    collect_layers(store)  # what other tests have left
    base = make("sh", "-c", "head -c 1000000 /dev/zero > /big")
    finish(base)
    image = commit(base, Reference.parse("used:1"))
    container = make("cat", "/big", image=image)
    assert finish(container)[0] == 0
    with pytest.raises(Conflict, match=r"unable to remove repository reference .used:1. \(must force\) - container"):
        local.remove(store, "used:1", uses=uses(store), roots=[lambda: roots(store)])
    assert collect_layers(store, dry_run=True) == 0
    container.remove()
    local.remove(store, "used:1", uses=uses(store), roots=[lambda: roots(store)])
    assert collect_layers(store, dry_run=True) >= 1_000_000
    assert collect_layers(store) >= 1_000_000
    assert collect_layers(store) == 0
    assert finish(make("true"))[0] == 0


@pytest.mark.usefixtures("commits")
def test_a_forced_removal_leaves_a_container_its_files(store: ContentStore, make: Make) -> None:
    """The image has no name any more; what it stands on is kept."""
    collect_layers(store)  # what other tests have left
    base = make("sh", "-c", "echo kept > /kept")
    finish(base)
    image = commit(base, Reference.parse("forced:1"))
    container = make("cat", "/kept", image=image)
    local.remove(store, "forced:1", force=True, uses=uses(store), roots=[lambda: roots(store)])
    assert collect_layers(store) == 0
    assert finish(container)[1] == "kept\n"
    assert container.image.digest == image.digest


def test_volumes_have_labels_and_users(store: ContentStore, make: Make) -> None:
    """One that a container uses is not removed."""
    made = create_volume(store.home, "labelled", labels={"a": "b"})
    assert find_volume(store.home, "labelled") == made
    assert made.labels == {"a": "b"}
    assert not made.anonymous
    assert create_volume(store.home).anonymous
    with pytest.raises(Conflict, match=r"remove labelled: volume is in use - \[abc\]"):
        remove_volume(store.home, "labelled", ["abc"])
    assert remove_volume(store.home, "labelled", []).name.startswith(".gone-labelled")
    with pytest.raises(NotFound, match="no such volume"):
        find_volume(store.home, "labelled")
    with pytest.raises(InvalidInput, match="invalid characters for a local volume name"):
        create_volume(store.home, "a/b")
    del make


@pytest.mark.usefixtures("namespaces")
def test_an_export_is_the_whole_tree(make: Make) -> None:
    """As the container sees it, without volumes and without what mounts needed."""
    container = make(
        "sh", "-c", "echo new > /new; rm /var/old; ln /new /hard; touch /v/x",
        mounts=[Mount(type="volume", target="/v", anonymous=True)],
    )  # fmt: skip
    finish(container)
    out = io.BytesIO()
    transfer.export(container, out)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        members = {member.name: member for member in tar}
    assert {"new", "hard", "bin/busybox", "home/user/own"} <= members.keys()
    assert not {"var/old", "v", "v/x", "etc/hostname"} & members.keys()
    assert members["home/user/own"].uid == 1000
    assert members["tmp"].mode == 0o1777
    assert {members["hard"].type, members["new"].type} == {tarfile.REGTYPE, tarfile.LNKTYPE}


# Where docker puts what is copied (docker cp, "Extended description"): source, target, what is there then.
_COPIES = [
    ("file", "new", {"new": "f"}),
    ("file", "dir", {"dir/file": "f", "dir/old": "o"}),
    ("file", "dir/", {"dir/file": "f", "dir/old": "o"}),
    ("file", "there", {"there": "f"}),
    ("tree", "new", {"new/a": "a", "new/sub/b": "b"}),
    ("tree/.", "new", {"new/a": "a", "new/sub/b": "b"}),
    ("tree", "dir", {"dir/old": "o", "dir/tree/a": "a", "dir/tree/sub/b": "b"}),
    ("tree/.", "dir", {"dir/old": "o", "dir/a": "a", "dir/sub/b": "b"}),
]
_REFUSED = [
    ("file", "new/", "the destination directory .*new/ must exist"),
    ("file", "there/", "is not a directory"),
    ("tree", "there", "cannot copy directory"),
    ("nosuch", "dir", "nosuch"),
    ("file", "no/such", "is not there|Could not find the file"),
]


def _source(place: Path) -> None:
    (place / "tree" / "sub").mkdir(parents=True)
    (place / "tree" / "a").write_text("a")
    (place / "tree" / "sub" / "b").write_text("b")
    (place / "file").write_text("f")


def _target(place: Path) -> None:
    (place / "dir").mkdir(parents=True)
    (place / "dir" / "old").write_text("o")
    (place / "there").write_text("t")


def _found(place: Path, below: str) -> dict[str, str]:
    top = place / below.split("/", maxsplit=1)[0]
    files = [top] if top.is_file() else [path for path in top.rglob("*") if path.is_file()]
    return {str(path.relative_to(place)): path.read_text() for path in files}


@pytest.fixture
def ready(make: Make, tmp_path: Path) -> tuple[Container, Path]:
    """A container with sources and targets in /s and /t, and a folder with the same."""
    container = make("true")
    _source(tmp_path / "s")
    _target(tmp_path / "t")
    for name in ("s", "t"):
        transfer.copy_from_host(container, tmp_path / name, "/")
    return container, tmp_path


@pytest.mark.parametrize(("source", "target", "found"), _COPIES)
def test_a_copy_goes_where_docker_would_put_it(
    ready: tuple[Container, Path], source: str, target: str, found: dict[str, str]
) -> None:
    """Out of a container, and into one."""
    container, folder = ready
    transfer.copy_to_host(container, f"/s/{source}", f"{folder}/t/{target}")
    assert _found(folder / "t", target) == found
    transfer.copy_from_host(container, f"{folder}/s/{source}", f"/t/{target}")
    out = folder / "out"
    out.mkdir()
    transfer.copy_to_host(container, f"/t/{target.split('/', maxsplit=1)[0]}", out)
    assert _found(out, target) == found


@pytest.mark.parametrize(("source", "target", "words"), _REFUSED)
def test_a_copy_that_docker_refuses_is_refused(
    ready: tuple[Container, Path], source: str, target: str, words: str
) -> None:
    """Both ways, and nothing is changed."""
    container, folder = ready
    with pytest.raises((InvalidInput, PathNotFound), match=words):
        transfer.copy_to_host(container, f"/s/{source}", f"{folder}/t/{target}")
    with pytest.raises((InvalidInput, PathNotFound), match=words):
        transfer.copy_from_host(container, f"{folder}/s/{source}", f"/t/{target}")
    assert _found(folder / "t", "dir") == {"dir/old": "o"}
    assert _found(folder / "t", "there") == {"there": "t"}


def test_links_are_copied_or_followed(make: Make, tmp_path: Path) -> None:
    """As links, or with `follow` what they lead to inside the root; hard links stay one file."""
    container = make("sh", "-c", "mkdir /d; echo x > /d/a; ln /d/a /d/b; ln -s a /d/s; ln -s /etc/passwd /abs")
    finish(container)
    transfer.copy_to_host(container, "/d", tmp_path / "d")
    assert (tmp_path / "d" / "a").stat().st_ino == (tmp_path / "d" / "b").stat().st_ino
    assert (tmp_path / "d" / "s").is_symlink()
    transfer.copy_to_host(container, "/abs", tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    transfer.copy_to_host(container, "/abs", tmp_path / "content", follow=True)
    assert (tmp_path / "content").read_text().startswith("root:x:0:0::/root")
    transfer.copy_from_host(container, tmp_path / "d", "/back")
    assert finish(make("true"))[0] == 0
    again = tmp_path / "again"
    transfer.copy_to_host(container, "/back", again)
    assert (again / "a").stat().st_ino == (again / "b").stat().st_ino


def test_what_the_kernel_shows_is_copied_as_it_is_read(make: Make, tmp_path: Path) -> None:
    """Files of /proc and /sys have sizes that say nothing; of their folders nothing could be kept."""
    container = make("sleep", "1000")
    container.start(owner=os.getpid()).close()
    transfer.copy_from_host(container, "/proc/version", "/version")
    transfer.copy_to_host(container, "/version", tmp_path)
    assert (tmp_path / "version").read_text() == Path("/proc/version").read_text()
    if not container.isolation.driver.mounts:
        return  # it has none of its own
    transfer.copy_to_host(container, "/proc/1/cmdline", tmp_path)
    assert (tmp_path / "cmdline").read_bytes() == b"sleep\0001000\0"
    transfer.copy_to_host(container, "/sys/kernel/mm/transparent_hugepage/enabled", tmp_path)
    assert "\0" not in (tmp_path / "enabled").read_text()
    for path in ("/proc", "/sys/kernel"):
        with pytest.raises(InvalidInput, match="not kept anywhere"):
            transfer.copy_to_host(container, path, tmp_path / "folder")
    with pytest.raises(InvalidInput, match="mem cannot be read"):
        transfer.copy_to_host(container, "/proc/1/mem", tmp_path)


def test_listed_containers_are_the_newest_first(store: ContentStore, make: Make, image: Image) -> None:
    """And know their image."""
    older, newer = make("true"), make("true")
    listed = [container.id for container in containers(store)]
    assert listed.index(newer.id) < listed.index(older.id)
    assert newer.image.id == image.id
    assert newer.isolation == choose(store.home)
