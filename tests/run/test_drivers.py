"""Drivers and snapshotters: their tables, and containers on disk that name them, or were made before they had names."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import dockmagic
from dockmagic.engine.containers.document import container_document
from dockmagic.layer.disk_format import OwnerPolicy
from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.drivers.table import DRIVERS
from dockmagic.runtime.listing import find
from dockmagic.runtime.machine.isolation import Isolation
from dockmagic.runtime.machine.tiers import choose
from dockmagic.snapshot.table import SNAPSHOTTERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic.runtime.container import Container
    from dockmagic.runtime.drivers.driver import Driver
    from dockmagic.snapshot.snapshotter import Snapshotter
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]


@pytest.mark.parametrize("name", DRIVERS)
def test_a_driver_says_what_it_is(name: str) -> None:
    """Its name, a line for `info`, and how files on disk show their owners."""
    driver = DRIVERS[name]
    assert (driver.name, bool(driver.about)) == (name, True)
    assert OwnerPolicy(driver.owners)
    assert driver.users in ("any", "one", "none")
    if not driver.mounts:
        with pytest.raises(NotSupported, match="--network none"):
            driver.refuse(network="none", read_only=False, mounts=[])


@pytest.mark.parametrize("one", [*DRIVERS.values(), *SNAPSHOTTERS.values()], ids=lambda one: one.name)
def test_what_is_to_be_preloaded_is_there(one: Driver | Snapshotter) -> None:
    """A fork server imports it before it forks, and would end with a name that is none."""
    for name in (*one.preload, *getattr(one, "preload_commit", ())):
        assert importlib.import_module(f"dockmagic.{name}")


def test_nobody_asks_which_driver_or_snapshotter_it_is() -> None:
    """Comparisons of names are in no file: a driver is asked what it can do (docs/decisions.md)."""
    names = "|".join(name for name in (*DRIVERS, *SNAPSHOTTERS) if name not in ("root", "copy"))  # words of much else
    question = re.compile(rf"""(==|!=|\bin) \(?"({names})"|(tier|snapshotter) (==|!=|is|in|not in) ["(]""")
    package = Path(dockmagic.__file__).parent
    found = [str(file) for file in package.rglob("*.py") if question.search(file.read_text(encoding="utf-8"))]
    assert found == []


def test_one_snapshotter_needs_no_mounts() -> None:
    """So that there is one for each driver."""
    assert any(not snapshotter.needs_mounts for snapshotter in SNAPSHOTTERS.values())
    assert all(snapshotter.name == name for name, snapshotter in SNAPSHOTTERS.items())


@pytest.mark.parametrize(("copies", "snapshotter"), [(False, "overlay"), (True, "copy")])
def test_a_record_from_before_snapshotters_had_names_is_read(*, copies: bool, snapshotter: str) -> None:
    """As `config.json` of a container had it: whether files are copied, the path of proot, and facts of the tier."""
    known = {
        "uid_map": [[0, 1000, 1]], "gid_map": [[0, 1000, 1]], "helpers": [], "copies": copies, "proot": "",
        "userxattr": True, "namespaces": True, "keeps_owners": False, "form": "noted user",
    }  # fmt: skip
    found = Isolation.of("single", known)
    assert (found.snapshotter, found.program, found.uid_map) == (snapshotter, "", ((0, 1000, 1),))
    assert Isolation.of("single", json.loads(json.dumps(found.record()))) == found


def test_a_container_from_before_snapshotters_had_names_runs(make: Make, store: ContentStore) -> None:
    """It is started, changed and committed as it was."""
    container = make("sh", "-c", "echo kept > /new")
    path = container.folder / "config.json"
    record = json.loads(path.read_text())
    isolation = record["isolation"]
    driver = choose(store.home).driver
    isolation["copies"] = isolation.pop("snapshotter") == "copy"
    isolation["proot"] = isolation.pop("program")
    isolation["namespaces"] = driver.mounts
    del isolation["tier"]
    path.write_text(json.dumps(record))
    again = find(store, container.id)
    with again.start() as session:
        assert session.follow(lambda *_: None) == 0
    assert [change.path for change in again.changes()] == ["/new"]


def test_a_container_of_a_later_version_is_told_as_such(make: Make, store: ContentStore) -> None:
    """One line, and what to do; it is not taken for something else."""
    container = make("true")
    path = container.folder / "config.json"
    record = json.loads(path.read_text())
    record["isolation"]["snapshotter"] = "later"
    path.write_text(json.dumps(record))
    with pytest.raises(NotSupported, match="'later'"):
        find(store, container.id).start()
    with pytest.raises(NotSupported, match="'later'"):
        find(store, container.id).remove()
    assert container.folder.is_dir()


@pytest.mark.parametrize("name", DRIVERS)
def test_inspect_names_the_snapshotter_and_its_folders(name: str, make: Make, force: Callable[[str], str]) -> None:
    """``GraphDriver``; each folder that it names is there, and layers that are shared are named, too."""
    force(name)
    container = make("true")
    found = container_document(container)
    assert found["Driver"] == found["GraphDriver"]["Name"] == container.isolation.snapshotter
    folders = [folder for value in found["GraphDriver"]["Data"].values() for folder in value.split(":")]
    assert folders
    assert all(Path(folder).is_dir() for folder in folders)
    assert ("LowerDir" in found["GraphDriver"]["Data"]) is container.isolation.snapshots.shares_layers
