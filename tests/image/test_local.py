"""Local images: found by name, ID and digest; named, removed and pruned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.image import local
from dockmagic.image.mutate import with_labels
from dockmagic.image.validate import validate
from dockmagic.oci.errors import AmbiguousName, Conflict, ImageNotFound, InvalidReference
from dockmagic.oci.reference import Reference

if TYPE_CHECKING:
    from small_images import MakeImage

    from dockmagic.store.content import ContentStore


def test_an_image_is_found_by_whatever_names_it(store: ContentStore, make_image: MakeImage) -> None:
    """Name, familiar or full; ID, long or short, with or without algorithm; the manifest's digest."""
    image = make_image({"a": b"1"}, name="app:1")
    make_image({"a": b"2"}, name="app:2")
    for text in (
        "app:1", "docker.io/library/app:1", image.id, image.id.hex, image.id.short, image.id[:15],
        image.digest, f"app@{image.digest}",
    ):  # fmt: skip
        assert local.find(store, text).digest == image.digest
    found = local.find(store, "app:1")
    assert (found.names, found.size) == (image.names, image.size)


def test_what_is_not_here_is_said_so(store: ContentStore, make_image: MakeImage) -> None:
    """With the next thing to do; what can be no name is an invalid one."""
    make_image({"a": b"1"}, name="app:1")
    with pytest.raises(ImageNotFound, match="app:latest"):
        local.find(store, "app")
    with pytest.raises(ImageNotFound):
        local.find(store, "sha256:" + "0" * 64)
    with pytest.raises(InvalidReference):
        local.find(store, "App")


def test_a_prefix_that_fits_several_images_is_refused(store: ContentStore, make_image: MakeImage) -> None:
    """Of seventeen images, two begin alike."""
    images = [make_image({"a": str(number).encode()}, name=f"app:{number}") for number in range(17)]
    first: dict[str, list[str]] = {}
    for image in images:
        first.setdefault(image.id.hex[0], []).append(image.id.short)
    letter = next(letter for letter, fits in first.items() if len(fits) > 1 and letter not in "0123456789")
    with pytest.raises(AmbiguousName, match=f"fits {len(first[letter])} images"):
        local.find(store, letter)


def test_a_name_goes_before_an_id(store: ContentStore, make_image: MakeImage) -> None:
    """An image may be called like the beginning of another's ID."""
    image = make_image({"a": b"1"}, name="app:1")
    named = make_image({"a": b"2"}, name=f"{image.id.short}:latest")
    assert local.find(store, image.id.short).digest == named.digest


def test_every_image_is_listed_once(store: ContentStore, make_image: MakeImage) -> None:
    """With all its names; unnamed ones too."""
    image = make_image({"a": b"1"}, name="app:1")
    local.tag(store, image, Reference.parse("other"))
    other = make_image({"a": b"2"}, name="app:2")
    local.tag(store, image, Reference.parse("app:2"))
    listed = {each.digest: each.names for each in local.images(store)}
    assert listed == {
        image.digest: tuple(Reference.parse(text) for text in ("app:1", "other:latest", "app:2")),
        other.digest: (),
    }
    with pytest.raises(InvalidReference, match="digest"):
        local.tag(store, image, Reference.parse(f"app@{image.digest}"))


def test_removing_one_of_two_names_removes_only_the_name(store: ContentStore, make_image: MakeImage) -> None:
    """The image goes with its last name."""
    image = make_image({"a": b"1"}, name="app:1")
    expected = (image.id, image.layers[0].chain_id)
    local.tag(store, image, Reference.parse("app:2"))
    assert local.remove(store, "app:1") == local.Removal(("app:1",), (), 0)
    assert validate(local.find(store, "app:2")) == ()
    gone = local.remove(store, "app:2")
    assert (gone.untagged, gone.deleted) == (("app:2",), expected)
    assert gone.size > 0
    assert not store.has(image.descriptor)
    assert local.images(store) == ()


def test_only_what_no_other_image_has_is_removed(store: ContentStore, make_image: MakeImage) -> None:
    """The base of a removed image stays whole; layers are told top first."""
    base = make_image({"a": b"1"}, name="base:1")
    app = make_image({"b": b"2"}, {"c": b"3"}, base=base, name="app:1")
    chains = [layer.chain_id for layer in app.layers]
    assert local.remove(store, "app:1").deleted == (app.id, chains[2], chains[1])
    assert validate(local.find(store, "base:1")) == ()


def test_removing_by_id_takes_all_names_of_one_repository(store: ContentStore, make_image: MakeImage) -> None:
    """With names in several repositories it must be forced."""
    image = make_image({"a": b"1"}, name="app:1")
    local.tag(store, image, Reference.parse("app:2"))
    local.tag(store, image, Reference.parse("other:1"))
    with pytest.raises(Conflict, match="several repositories"):
        local.remove(store, image.id.short)
    local.remove(store, "other:1")
    assert local.remove(store, image.id.short).untagged == ("app:1", "app:2")
    image = make_image({"a": b"1"}, name="app:1")
    local.tag(store, image, Reference.parse("other:1"))
    assert local.remove(store, image.id.short, force=True).untagged == ("app:1", "other:1")


def test_what_is_in_use_is_not_removed(store: ContentStore, make_image: MakeImage) -> None:
    """Unless forced; then it loses its name and keeps its content."""
    image = make_image({"a": b"1"}, name="app:1")
    stopped = [local.Use("container 0123456789ab", image.id, running=False)]
    message = r'repository reference "app:1" \(must force\) - container 0123456789ab is using its referenced image'
    with pytest.raises(Conflict, match=message):
        local.remove(store, "app:1", uses=stopped)
    with pytest.raises(Conflict, match=r"must be forced.*used by stopped container 0123456789ab"):
        local.remove(store, image.id, uses=stopped)
    local.remove(store, "app:1", force=True, uses=stopped, roots=[lambda: [image.digest]])
    assert local.images(store) == ()
    assert validate(image) == ()


def test_what_runs_keeps_its_image(store: ContentStore, make_image: MakeImage) -> None:
    """Force takes its last name away, as in docker, and by ID nothing."""
    image = make_image({"a": b"1"}, name="app:1")
    running = [local.Use("container 0123456789ab", image.id, running=True)]
    with pytest.raises(Conflict, match=r"cannot be forced.*used by running container 0123456789ab"):
        local.remove(store, image.id, force=True, uses=running)
    gone = local.remove(store, "app:1", force=True, uses=running)
    assert (gone.untagged, gone.deleted) == (("app:1",), ())
    assert [(found.digest, found.names) for found in local.images(store)] == [(image.digest, ())]


def test_prune_takes_images_without_a_name(store: ContentStore, make_image: MakeImage) -> None:
    """Named ones only when asked, used ones never."""
    old = make_image({"a": b"1"}, name="app:1")
    expected = (old.id, old.layers[0].chain_id)
    make_image({"a": b"2"}, name="app:1")
    used = make_image({"a": b"3"}, name="used:1")
    assert local.prune(store, keep=lambda image: image == old).deleted == ()
    assert local.prune(store).deleted == expected
    gone = local.prune(store, all_unused=True, uses=[local.Use("container 0123456789ab", used.id, running=False)])
    assert gone.untagged == ("app:1",)
    assert [image.digest for image in local.images(store)] == [used.digest]


def test_a_damaged_image_can_be_removed(store: ContentStore, make_image: MakeImage) -> None:
    """Even if nothing of it can be read."""
    image = make_image({"a": b"1"}, name="app:1")
    image_id = image.id
    store.path(image.digest).write_bytes(b"broken")
    store.path(image_id).unlink()
    assert local.remove(store, "app:1").deleted == (image_id,)
    assert local.images(store) == ()


def test_two_manifests_of_one_image_have_all_its_names(store: ContentStore, make_image: MakeImage) -> None:
    """The image ID is the configuration's digest; manifests may differ, as by compression."""
    import msgspec  # for this test alone

    from dockmagic.oci import media

    image = make_image({"a": b"1"}, name="app:1")
    manifest = msgspec.json.decode(image.raw_manifest) | {"annotations": {"a": "b"}}
    twin = store.put_bytes(media.OCI_MANIFEST, msgspec.json.encode(manifest))
    store.tag(Reference.parse("app:2"), twin)
    (listed,) = local.images(store)
    assert len(listed.names) == 2
    assert local.find(store, "app:2").digest == twin.digest
    assert with_labels(store, listed, {"x": "y"}).id != listed.id
