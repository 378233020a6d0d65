"""The home: paths, locks, and files that are whole or not there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import StoreError, StoreTooNew
from dockmagic.store.content import ContentStore
from dockmagic.store.home import VERSION, Home

if TYPE_CHECKING:
    from collections.abc import Callable

HOLDER = """
import sys, time
from dockmagic.store.home import Home
with Home(sys.argv[1]).lock("index"):
    print(flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home that is not there yet."""
    return Home(tmp_path / "home")


def test_looking_creates_nothing(home: Home) -> None:
    """Only what is written makes folders."""
    store = ContentStore(home)
    home.check()
    assert store.names() == ()
    assert store.manifests() == ()
    assert not home.root.exists()


def test_the_environment_says_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``$DOCKMAGIC_HOME`` first, else the user's data folder."""
    monkeypatch.setenv("DOCKMAGIC_HOME", str(tmp_path / "mine"))
    assert Home().root == tmp_path / "mine"
    monkeypatch.delenv("DOCKMAGIC_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert Home().root == tmp_path / "xdg" / "dockmagic"


def test_what_is_made_is_an_image_layout(home: Home) -> None:
    """With its version beside it."""
    home.prepare()
    home.prepare()
    assert (home.store / "oci-layout").read_bytes() == b'{"imageLayoutVersion":"1.0.0"}'
    assert (home.root / "version").read_text() == f"{VERSION}\n"


@pytest.mark.parametrize("version", [f"{VERSION + 1}\n", "from the future\n"])
def test_a_home_of_a_later_version_is_left_alone(home: Home, version: str) -> None:
    """Neither read nor written."""
    home.root.mkdir()
    (home.root / "version").write_text(version)
    store = ContentStore(home)
    with pytest.raises(StoreTooNew, match="Upgrade dockmagic"):
        store.names()
    with pytest.raises(StoreTooNew):
        store.put_bytes("text/plain", b"x")
    assert [path.name for path in home.root.iterdir()] == ["version"]


def test_a_file_is_replaced_at_once(home: Home) -> None:
    """Old content, new content, nothing between, and no temporary file left."""
    path = home.cache("thing")
    home.write(path, b"old")
    seen: set[bytes] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(50):
        home.write(path, b"new" * 1000 if number % 2 else b"old", durable=False)
    stop.set()
    reader.join()
    assert seen <= {b"old", b"new" * 1000}
    assert [each.name for each in path.parent.iterdir()] == ["thing"]


def test_a_lock_goes_with_the_process_that_held_it(home: Home) -> None:
    """Killed, it keeps nobody waiting."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(home.root)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    gone = threading.Event()
    with pytest.raises(InterruptedError), home.lock("index", stop=lambda: True):
        pass

    def kill() -> None:
        time.sleep(0.1)
        gone.set()
        process.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    with home.lock("index"):
        assert gone.is_set()
    killer.join()
    process.communicate()


def test_a_shared_lock_is_shared(home: Home) -> None:
    """Many may hold it, until one wants it alone."""
    alone = home.lock("gc", stop=lambda: True)
    with home.lock("gc", shared=True), home.lock("gc", shared=True), pytest.raises(InterruptedError), alone:
        pass
    with home.lock("gc"):
        pass


def test_what_is_discarded_is_gone_at_once(home: Home) -> None:
    """A rename first; the deleting comes later."""
    path = home.cache("folder")
    (path / "inner").mkdir(parents=True)
    assert home.discard(path)
    assert not path.exists()
    assert not home.discard(path)
    assert len(list(home.trash.iterdir())) == 1
    home.empty_trash()
    assert list(home.trash.iterdir()) == []


def test_every_path_is_below_the_root(home: Home) -> None:
    """Downloads, tables and caches lie outside the image layout."""
    digest = Digest.of(b"x")
    for path in (home.partial(digest), home.table(digest), home.cache("x"), home.trash, home.leases):
        assert home.root in path.parents
        assert home.store not in path.parents
    assert home.blob(digest).parent == home.store / "blobs" / "sha256"


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


_FIRSTS: dict[str, Callable[[Home], object]] = {
    "prepare": Home.prepare,
    "lock": lambda home: home.lock("one").__enter__(),
    "write": lambda home: home.write(home.cache("a"), b""),
    "discard": lambda home: home.discard(home.cache("a")),
    "make": lambda home: home.make(home.volumes / "v"),
    "scratch": lambda home: home.make(home.containers / "c"),
}


@pytest.mark.parametrize("first", _FIRSTS)
def test_a_home_is_closed_to_others_whatever_makes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    """Also where the umask would leave it open, and the folder for containers as well."""
    monkeypatch.setenv("DOCKMAGIC_SCRATCH", str(tmp_path / "scratch"))
    home = Home(tmp_path / "home")
    before = os.umask(0)
    try:
        _FIRSTS[first](home)
    finally:
        os.umask(before)
    made = [path for path in (home.root, home.scratch) if path.exists()]
    assert made
    for top in made:
        assert _mode(top) == 0o700
        assert {_mode(one) & 0o077 for one in top.iterdir()} <= {0}


def test_an_existing_home_is_closed_when_it_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older versions left it as the umask had it; the scratch folder likewise."""
    monkeypatch.setenv("DOCKMAGIC_SCRATCH", str(tmp_path / "scratch"))
    home = Home(tmp_path / "home")
    home.prepare()
    home.make(home.containers)
    home.root.chmod(0o755)
    home.scratch.chmod(0o775)
    again = Home(home.root)
    assert _mode(again.root) == 0o700
    assert _mode(again.scratch) == 0o700


def test_a_folder_with_other_things_in_it_is_not_closed(tmp_path: Path) -> None:
    """``DOCKMAGIC_HOME=/tmp`` must not take ``/tmp`` from everybody: what is ours in it is closed."""
    (tmp_path / "letter").touch()
    tmp_path.chmod(0o755)
    home = Home(tmp_path)
    home.prepare()
    home.store.chmod(0o755)
    assert _mode(Home(tmp_path).root) == 0o755
    assert {_mode(home.root / name) for name in ("store", "tables", "partial", "leases")} == {0o700}


def test_a_scratch_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is known, so another user may make it first, or a link."""
    monkeypatch.setenv("DOCKMAGIC_SCRATCH", str(tmp_path))
    home = Home(tmp_path / "home")
    name = home.scratch
    name.symlink_to(tmp_path / "home")
    with pytest.raises(StoreError, match="belongs to somebody else") as caught:
        home.make(home.containers)
    assert "DOCKMAGIC_SCRATCH" in caught.value.hint


def test_records_are_for_their_owner_alone(home: Home) -> None:
    """Whatever the umask is."""
    before = os.umask(0)
    try:
        home.write(home.root / "record", b"secret")
        with home.lock("one"):
            pass
    finally:
        os.umask(before)
    assert _mode(home.root / "record") == 0o600
    assert _mode(home.root / "locks" / "one") == 0o600


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_gets_at_nothing() -> None:
    """Neither at programs in layers, nor at records, nor at files of volumes, nor can anything be put there."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        home = Home(Path(folder) / "home")
        home.prepare()
        home.make(home.layers / "form" / "key" / "tmp")
        (home.layers / "form" / "key" / "tmp").chmod(0o1777)
        home.write(home.containers / "id" / "config.json", b"secret")
        home.make(home.volumes / "v" / "_data")
        for attempt in (
            "ls .", "ls layers", "cat containers/id/config.json", "cat version", "touch layers/form/key/tmp/planted",
            "ls volumes/v/_data", "cat store/index.json store/oci-layout",
        ):  # fmt: skip
            done = subprocess.run(
                ["sh", "-c", f'cd "$0" && {attempt}', home.root],
                user=65534, group=65534, extra_groups=[], capture_output=True, check=False, cwd="/",
            )  # fmt: skip
            assert (done.returncode != 0, done.stdout) == (True, b""), attempt
