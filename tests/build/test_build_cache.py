"""The build cache finds steps by all that they depend on, says why it did not, and forgets what nobody needs."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from dockmagic.builder.caching.cache import Cache, Key, KeyInput, StepLocation
from dockmagic.builder.caching.explain import explain
from dockmagic.builder.caching.prune import prune, usage
from dockmagic.oci.reference import Reference
from dockmagic.store.gc import collect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from copy_harness import CopyHarness

    from dockmagic.builder.caching.cache import CachedStep

LOCATION = StepLocation("recipe", "0", 2, "COPY")


def _key(**inputs: str) -> Key:
    return Key(
        tuple(KeyInput(name, value) for name, value in {"parent": "p", "instruction": "COPY . /", **inputs}.items())
    )


def _keep(copies: CopyHarness, key: Key, location: StepLocation = LOCATION, line: str = "COPY f /f") -> CachedStep:
    """Record the result of a COPY under `key`."""
    copies.run(line)
    layer = copies.image.layers[-1]
    from dockmagic.image.layer_writer import NewLayer

    return Cache(copies.store.home).keep(
        key,
        image=copies.image.digest,
        image_id=copies.image.id,
        layer=NewLayer(descriptor=layer.descriptor, diff_id=layer.diff_id, size=layer.size),
        text=line,
        location=location,
        created=1.0,
        seconds=0.5,
    )


@pytest.fixture
def cache(copies: CopyHarness) -> Cache:
    """An empty cache."""
    copies.write("f", "f")
    return Cache(copies.store.home)


def test_the_same_parts_find_the_same_step(copies: CopyHarness, cache: Cache) -> None:
    """And any other part does not; `items` are no input."""
    record = _keep(copies, _key(files="abc"))
    found = cache.lookup(_key(files="abc"))
    assert found is not None
    assert (found.image, found.layer, found.location) == (record.image, record.layer, LOCATION)
    with_items = Key((*_key().inputs, KeyInput("files", "abc", "", lambda: {"a": "1"})))
    assert cache.lookup(with_items) is not None
    for other in (_key(files="abd"), _key(files="abc", epoch="1"), _key(), _key(file="abc")):
        assert cache.lookup(other) is None
    subject = Key((*_key().inputs, KeyInput("files", "abc", "subject")))
    assert cache.lookup(subject) is None


def test_a_step_whose_image_is_gone_is_not_found(copies: CopyHarness, cache: Cache) -> None:
    """Whichever of its blobs it is, and a damaged record is none."""
    record = _keep(copies, _key())
    assert record.layer is not None
    blob = copies.store.path(record.layer.descriptor.digest)
    data = blob.read_bytes()
    blob.write_bytes(data[:-1])
    assert cache.lookup(_key()) is None
    blob.write_bytes(data)
    assert cache.lookup(_key()) is not None
    (path,) = (copies.store.home.builds / "records").iterdir()
    path.write_bytes(b"{")
    assert cache.lookup(_key()) is None


def test_the_collector_keeps_what_the_cache_has(copies: CopyHarness, cache: Cache) -> None:
    """Until it is pruned."""
    _keep(copies, _key())
    collect(copies.store, roots=[cache.roots])
    assert cache.lookup(_key()) is not None
    collect(copies.store)
    assert cache.lookup(_key()) is None


def test_one_step_is_done_once_by_builds_side_by_side(copies: CopyHarness, cache: Cache) -> None:
    """The second waits, and finds what the first has done."""
    done = []

    def build() -> None:
        with Cache(copies.store.home).hold(_key()):
            if cache.lookup(_key()) is None:
                done.append(_keep(copies, _key()))

    threads = [threading.Thread(target=build) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    with cache.hold(_key()), pytest.raises(InterruptedError), cache.hold(_key(), stop=lambda: True):
        pass


def _explained(
    cache: Cache, key: Key, location: StepLocation = LOCATION
) -> tuple[str, list[tuple[str, str, str, str]]]:
    later = Cache(cache.home)  # that of another build, which compares itself with this one
    told = explain(later, location, key, later.lookup(key))
    return told.why, [(each.what, each.subject, each.old, each.new) for each in told.differences]


def test_a_miss_is_explained_by_what_changed(copies: CopyHarness, cache: Cache) -> None:
    """Old and new, in words; a hit and a first build, too."""
    assert _explained(cache, _key()) == ("never built here", [])
    _keep(copies, Key((*_key().inputs, KeyInput("argument", "1", "V"), KeyInput("argument", "x", "W"))))
    changed = Key((*_key().inputs, KeyInput("argument", "2", "V"), KeyInput("argument", "x", "W")))
    assert _explained(cache, changed) == ("argument V: 1 → 2", [("argument", "V", "1", "2")])
    gone = Key((*_key().inputs, KeyInput("argument", "1", "V")))
    assert _explained(cache, gone) == ("argument W: x → none", [("argument", "W", "x", "")])
    _keep(copies, _key())
    assert _explained(cache, _key())[0] == "cached"
    assert _explained(cache, _key(parent="q")) == ("an earlier step changed", [("parent", "", "p", "q")])
    flag = _explained(cache, Key((*_key().inputs, KeyInput("instruction", "755", "--chmod"))))
    assert flag == ("instruction --chmod: none → 755", [("instruction", "--chmod", "", "755")])
    _keep(copies, Key((*_key().inputs, KeyInput("operand", "/a", "dest"))))
    moved = _explained(cache, Key((*_key().inputs, KeyInput("operand", "/b", "dest"))))
    assert moved == ("/a → /b", [("operand", "dest", "/a", "/b")])
    other_location = StepLocation("recipe", "other", 2, "COPY")
    assert _explained(cache, _key(parent="q"), other_location)[0] == "never built here"


def _files(value: str, items: Mapping[str, str]) -> Key:
    return Key((*_key().inputs, KeyInput("files", value, "", lambda: items)))


def test_changed_files_are_named(copies: CopyHarness, cache: Cache) -> None:
    """One by one, or how many; also in another process, which has only what was kept."""
    _keep(copies, _files("one", {"a.py": "1", "b.py": "1", "c.py": "1"}))
    why, rows = _explained(cache, _files("two", {"a.py": "2", "b.py": "1", "d.py": "1"}))
    assert why == "file a.py changed; file c.py is gone; file d.py is new"
    assert rows == [("file", "a.py", "1", "2"), ("file", "c.py", "1", ""), ("file", "d.py", "", "1")]
    many = {f"{number}.py": "2" for number in range(9)}
    assert _explained(cache, _files("three", many))[0] == "12 files changed: 0.py, 1.py, …"


def test_the_nearest_record_is_compared_with(copies: CopyHarness, cache: Cache) -> None:
    """The one with most in common, even if the step has moved."""
    _keep(copies, _key(user="a", network="s"))
    copies.write("f", "g")
    _keep(copies, _key(user="b", network="t"))
    assert _explained(cache, _key(user="b", network="u")) == ("network: t → u", [("network", "", "t", "u")])
    moved = StepLocation("recipe", "0", 3, "COPY")
    assert _explained(cache, _key(user="a", network="u"), moved)[0] == "network: s → u"


def test_a_record_with_a_key_of_another_form_is_not_compared_with(copies: CopyHarness, cache: Cache) -> None:
    """It is listed and pruned, but what differs would say nothing: so a step after an update was never built."""
    record = _keep(copies, _key(user="a"))
    assert _explained(cache, _key(user="b"))[0] == "user: a → b"
    path = copies.store.home.builds / "records" / record.key
    stored = json.loads(path.read_bytes())
    assert stored.keys() >= {"key", "parts", "image", "spot"}, "as earlier versions read and wrote them"
    assert stored["spot"] == {"recipe": "recipe", "stage": "0", "place": 2, "word": "COPY"}
    del stored["version"]  # as the first form was written
    path.write_text(json.dumps(stored))
    assert _explained(cache, _key(user="b"))[0] == "never built here"
    assert [(each.key, each.version) for each in cache.records()] == [(record.key, "1")]


def test_a_pruned_image_is_a_reason_too(copies: CopyHarness, cache: Cache) -> None:
    """The record is there, its image is not."""
    _keep(copies, _key())
    collect(copies.store)
    assert _explained(cache, _key())[0] == "its image was removed"


def test_pruning_spares_named_images_and_what_was_used_last(copies: CopyHarness, cache: Cache) -> None:
    """Unless all is asked for; sizes are those that come free."""
    named = _keep(copies, _key(user="named"))
    copies.store.tag(Reference.parse("app"), copies.image.descriptor)
    copies.write("f", "other")
    dangling = _keep(copies, _key(user="dangling"))
    taken = usage(copies.store)
    assert taken.size == named.size + dangling.size
    assert taken.reclaimable == dangling.size
    assert not prune(copies.store, until=dangling.used - 60).records
    told = prune(copies.store, dry_run=True)
    assert [record.key for record in told.records] == [dangling.key]
    done = prune(copies.store)
    assert [record.key for record in done.records] == [dangling.key]
    assert done.size >= dangling.size
    assert cache.lookup(_key(user="dangling")) is None
    assert cache.lookup(_key(user="named")) is not None
    assert not prune(copies.store, all_=True, keep_storage=named.size).records
    assert [record.key for record in prune(copies.store, all_=True).records] == [named.key]
    assert copies.store.has(copies.image.layers[0].descriptor)
    assert not usage(copies.store).records
