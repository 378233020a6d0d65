"""What an image says of itself: layers, files, paths, history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.image.image import Image
from dockmagic.oci import media
from dockmagic.oci.errors import InvalidDocument, NotSupported, PathNotFound
from dockmagic.oci.spec import chain_ids

if TYPE_CHECKING:
    from small_images import MakeImage

    from dockmagic.store.content import ContentStore


@pytest.fixture
def image(make_image: MakeImage) -> Image:
    """Three layers: the second hides a file of the first, and deletes a folder."""
    return make_image(
        {"etc/": b"", "etc/motd": b"old\n", "etc/gone/": b"", "etc/gone/x": b"x", "bin/": b"", "bin/tool": b"#!\n"},
        {"etc/motd": b"newer\n", "etc/gone": None, "etc/link": b"-> motd", "out": b"-> ../../../etc/motd"},
        {"top": b"t"},
        name="example/app:1",
        cmd="/bin/tool",
    )


def test_layers_are_named_by_their_place(image: Image) -> None:
    """Base first, negative places and ranges as in Python, instructions from the history."""
    assert [layer.index for layer in image.layers] == [0, 1, 2]
    assert image.layers[-1].created_by == "COPY top /"
    assert image.layers[1:][0].index == 1
    assert [layer.index for layer in image.layers[1:3][1:]] == [2]
    assert len(image.layers[2:1]) == 0
    assert image.layers[2].chain_id == chain_ids(image.config_file.rootfs.diff_ids)[2]
    assert [layer.size for layer in image.layers] == [8, 6, 1]
    assert image.size == 15
    with pytest.raises(ValueError, match="gaps"):
        _ = image.layers[::2]


def test_a_layer_tells_what_it_does_to_those_below(image: Image) -> None:
    """Added, changed and deleted, each by name; a range tells it of all its layers together."""
    told = {change.path: change.letter for change in image.layers[1].changes}
    assert told == {"/etc/gone": "D", "/etc/gone/x": "D", "/etc/link": "A", "/etc/motd": "C", "/out": "A"}
    together = {change.path: change.letter for change in image.layers[1:3].changes}
    assert together == told | {"/top": "A"}
    assert {change.letter for change in image.layers[0].changes} == {"A"}


def test_a_layer_alone_shows_only_its_own_files(image: Image) -> None:
    """A range alone is the merged view of just these layers; nodes tell the layer's place in the image."""
    assert {node.entry.path for node in image.layers[2].files} == {"/top"}
    assert {node.entry.path: node.layer for node in image.layers[1:3].files if not node.entry.is_dir} == {
        "/etc/link": 1,
        "/etc/motd": 1,
        "/out": 1,
        "/top": 2,
    }
    assert "/etc/gone" in image.layers[0:1].files


def test_paths_read_like_pathlib(image: Image) -> None:
    """Content, links inside the root, directories, the layer that supplies a path and what it hides."""
    motd = image / "etc" / "motd"
    assert motd.read_text() == "newer\n"
    assert (str(motd), motd.name, str(motd.parent)) == ("/etc/motd", "motd", "/etc")
    assert (motd.layer.index, [layer.index for layer in motd.hides]) == (1, [0])
    assert (image / "etc/link").read_bytes() == (image / "/out").read_bytes() == b"newer\n"
    assert str((image / "out").readlink()) == "../../../etc/motd"
    assert (image / "out").is_symlink()
    assert (image / "out").is_file()
    assert [path.name for path in (image / "etc").iterdir()] == ["link", "motd"]
    assert (image / "etc").is_dir()
    assert not (image / "etc/gone/x").exists()
    assert (image / "etc/motd") == motd
    assert motd.entry.size == 6
    with motd.open("rb") as stream:
        assert stream.read(3) == b"new"


def test_what_has_no_content_says_so(image: Image) -> None:
    """A directory cannot be read, and what is not there is not found."""
    with pytest.raises(NotSupported, match="directory"):
        (image / "etc").read_bytes()
    with pytest.raises(PathNotFound):
        (image / "etc/gone/x").read_bytes()
    with pytest.raises(PathNotFound):
        (image / "etc/motd").readlink()
    with pytest.raises(PathNotFound):
        list((image / "etc/motd").iterdir())


def test_a_file_table_that_is_lost_is_made_anew(image: Image, store: ContentStore) -> None:
    """Tables are a convenience: deleted or damaged, they are read out of the layers again, and kept."""
    expected = [node.entry.path for node in image.files]
    first, second, _ = (store.home.table(layer.diff_id) for layer in image.layers)
    first.unlink(missing_ok=True)
    store.home.write(second, b"nonsense")
    again = Image(store, image.descriptor, home=store.home, keep_tables=True)
    assert [node.entry.path for node in again.files] == expected
    assert first.exists()
    assert second.read_bytes() != b"nonsense"


def test_an_image_whose_config_counts_other_layers_is_refused(image: Image, store: ContentStore) -> None:
    """As many DiffIDs as layers (config.md, ``rootfs``)."""
    import msgspec  # for this test alone

    manifest = msgspec.json.decode(image.raw_manifest)
    manifest["layers"].pop()
    broken = Image(store, store.put_bytes(media.OCI_MANIFEST, msgspec.json.encode(manifest)))
    with pytest.raises(InvalidDocument, match="2 layers and 3 DiffIDs"):
        _ = broken.layers


def test_an_image_shows_itself_in_a_line(image: Image) -> None:
    """Name and short ID, in docker's form."""
    assert repr(image) == f"<Image example/app:1 {image.id.short}>"
    assert image.runs_here
    assert [step.empty_layer for step in image.history] == [None, None, None, True]
