"""Push: only what is missing goes up, the manifest last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.image import local
from dockmagic.image.transfer import pull, push
from dockmagic.image.validate import validate
from dockmagic.oci.errors import BlobNotFound
from dockmagic.registry.server import RegistryServer

if TYPE_CHECKING:
    from pathlib import Path

    from small_images import MakeImage

    from dockmagic.oci.reference import Reference
    from dockmagic.registry.registries import Registries
    from dockmagic.registry.repository import Repository
    from dockmagic.store.content import ContentStore

    Place = tuple[Repository, Reference]


def test_a_second_push_sends_nothing(repository: Place, make_image: MakeImage) -> None:
    """The digest is that of the manifest, both times."""
    target, ref = repository
    image = make_image({"a": b"1"}, {"b": b"2"})
    first = push(image, target, ref)
    blobs = (*image.manifest.layers, image.manifest.config)
    assert (first.digest, first.sent) == (image.digest, sum(desc.size for desc in blobs))
    said: list[str] = []
    second = push(image, target, ref, on_progress=lambda _desc, status, _done, _total: said.append(status))
    assert (second.digest, second.sent) == (image.digest, 0)
    assert set(said) == {"Layer already exists"}


def test_a_local_image_has_a_repository_digest_from_its_first_push_on(
    repository: Place, store: ContentStore, make_image: MakeImage
) -> None:
    """As docker shows it: none for what was only made here."""
    target, ref = repository
    image = make_image({"a": b"1"}, name=str(ref))
    assert store.names()[0].repo_digest is None
    push(image, target, ref)
    assert [(entry.ref, entry.repo_digest) for entry in store.names()] == [(ref, image.digest)]


def test_only_the_new_layer_goes_up(repository: Place, make_image: MakeImage) -> None:
    """What the repository has is not sent again."""
    target, ref = repository
    base = make_image({"a": b"1" * 1000})
    push(base, target, ref)
    above = make_image({"b": b"2"}, base=base)
    sent = push(above, target, ref.with_tag("2")).sent
    assert sent == above.manifest.layers[1].size + above.manifest.config.size


def test_a_layer_that_came_from_the_same_registry_is_mounted(
    repository: Place, other: ContentStore, make_image: MakeImage, registries: Registries
) -> None:
    """A base image that was pulled from the registry is not sent back to it under another name."""
    target, ref = repository
    push(make_image({"a": b"1" * 1000}), target, ref)
    image = pull(target, other, ref)
    app = type(ref)(ref.domain, f"{ref.path}-app", "1")
    said: list[str] = []
    pushed = push(
        image, registries.repository(app), app, on_progress=lambda _desc, status, _done, _total: said.append(status)
    )
    assert f"Mounted from {ref.path}" in said
    assert pushed.sent == 0
    assert validate(pull(registries.repository(app), other, app)) == ()


def test_a_layer_that_is_missing_here_is_not_half_sent(
    repository: Place, store: ContentStore, make_image: MakeImage
) -> None:
    """The error says which blob; the registry has no image of that name."""
    target, ref = repository
    image = make_image({"a": b"1"}, {"b": b"2"})
    store.path(image.manifest.layers[0].digest).unlink()
    with pytest.raises(BlobNotFound):
        push(image, target, ref)
    assert not target.has(image.descriptor)


def test_the_manifest_goes_last(tmp_path: Path, make_image: MakeImage, registries: Registries) -> None:
    """Whoever sees the name can have all that it refers to."""
    from dockmagic.oci.reference import Reference  # for this test alone

    heard: list[tuple[str, str]] = []
    with RegistryServer(
        tmp_path / "r", on_request=lambda method, path, _status: heard.append((method, path))
    ) as server:
        ref = Reference.parse(f"{server.host}/app:1")
        push(make_image({"a": b"1"}, {"b": b"2"}), registries.repository(ref), ref)
    sent = [(method, path) for method, path in heard if method in ("PUT", "PATCH", "POST")]
    assert sent[-1] == ("PUT", "/v2/app/manifests/1")
    assert sum("manifests" in path for _, path in sent) == 1


def test_an_image_without_layers_goes_and_comes(repository: Place, other: ContentStore, make_image: MakeImage) -> None:
    """``FROM scratch`` and nothing more is an image too."""
    target, ref = repository
    push(make_image(cmd="/none"), target, ref)
    image = pull(target, other, ref)
    assert (len(image.layers), image.size, len(image.files)) == (0, 0, 0)
    assert validate(image) == ()
    assert local.remove(other, str(ref)).deleted == (image.id,)
