"""The home: paths, locks, and files that are whole or not there."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from dockmagic.oci.digest import Digest
from dockmagic.oci.errors import StoreTooNew
from dockmagic.store.content import ContentStore
from dockmagic.store.home import VERSION, Home

if TYPE_CHECKING:
    from pathlib import Path

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
