"""Differences, blame, waste and families."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.image.analysis import blame, diff, family, shared_layers, waste
from dockmagic.image.mutate import with_config, with_labels
from dockmagic.oci.errors import PathNotFound
from dockmagic.oci.spec import Config, History

if TYPE_CHECKING:
    from small_images import MakeImage

    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore


@pytest.fixture
def base(make_image: MakeImage) -> Image:
    """One layer."""
    return make_image({"etc/": b"", "etc/motd": b"one\ntwo\n", "etc/big": b"x" * 1000, "bin": b"\0\1"}, name="base:1")


@pytest.fixture
def app(make_image: MakeImage, base: Image) -> Image:
    """Two layers more."""
    return make_image(
        {"etc/motd": b"one\n2\nthree", "etc/big": None}, {"etc/motd": b"one\n2\nthree\n"}, base=base, name="app:1"
    )


def test_two_images_differ_in_files(base: Image, app: Image) -> None:
    """By name, with letters and bytes; the other way round letters turn."""
    assert [(change.letter, change.path) for change in diff(base, app).files] == [("D", "/etc/big"), ("C", "/etc/motd")]
    assert [change.letter for change in diff(app, base).files] == ["A", "C"]
    assert (diff(base, app).added, diff(base, app).deleted) == (12, 1008)
    assert diff(base, base).files == ()


def test_anything_can_be_compared_with_anything(base: Image, app: Image) -> None:
    """Layers and ranges are compared by what they show alone."""
    assert diff(base, app.layers[0]).files == ()
    assert diff(base, app.layers[0:1]).files == ()
    assert [change.path for change in diff(app.layers[1], app.layers[2]).files] == ["/etc/motd"]


def test_one_subject_is_compared_with_what_is_below_it(app: Image) -> None:
    """A layer, a range; an image by its top layer."""
    assert [(change.letter, change.path) for change in diff(app).files] == [("C", "/etc/motd")]
    assert [(change.letter, change.path) for change in diff(app.layers[1:]).files] == [
        ("D", "/etc/big"),
        ("C", "/etc/motd"),
    ]
    assert diff(app.layers[1]).files == app.layers[1].changes


def test_a_changed_file_is_shown_as_text(base: Image, app: Image) -> None:
    """A unified difference, with the note on the last line's end; new and binary files say what they are."""
    assert diff(base, app.layers[0:2]).text("/etc/motd") == (
        "--- a/etc/motd\n+++ b/etc/motd\n@@ -1,2 +1,3 @@\n one\n-two\n+2\n+three\n\\ No newline at end of file\n"
    )
    assert diff(app).text("etc/motd").endswith("-three\n\\ No newline at end of file\n+three\n")
    assert diff(base, app).text("etc/big").startswith("--- a/etc/big\n+++ /dev/null\n@@ -1 +0,0 @@\n-xxx")
    assert diff(app.layers[0]).text("bin") == "Binary files a/bin and b/bin differ\n"
    assert diff(base, app).text("bin") == ""
    with pytest.raises(PathNotFound):
        diff(base, app).text("nowhere")


def test_configurations_and_histories_are_compared(store: ContentStore, base: Image) -> None:
    """Member by member, variables and labels one by one; steps from where the ways part."""
    config = Config(cmd=("sh",), env=("A=1", "B=2"), labels={"x": "1"})
    old = with_config(store, base, config, History(created_by="ENV A=1"))
    new = with_labels(
        store,
        with_config(store, base, Config(cmd=("bash",), env=("A=1", "B=3", "C=4"))),
        {"y": "2"},
        History(created_by="L"),
    )
    told = diff(old, new)
    assert [(each.letter, each.name, each.old, each.new) for each in told.config] == [
        ("C", "Cmd", '["sh"]', '["bash"]'),
        ("C", "Env B", "2", "3"),
        ("A", "Env C", "", "4"),
        ("D", "Label x", "1", ""),
        ("A", "Label y", "", "2"),
    ]
    assert [(each.letter, each.name, each.old or each.new) for each in told.history] == [
        ("D", "step 1", "ENV A=1"),
        ("A", "step 1", "L"),
    ]
    assert told.files == ()
    assert diff(old.layers[0], new.layers[0]).config == ()


def test_a_path_has_a_story(app: Image) -> None:
    """Added, changed, changed; or added and deleted."""
    assert [(each.layer.index, each.letter, each.visible) for each in blame(app, "/etc/motd")] == [
        (0, "A", False),
        (1, "C", False),
        (2, "C", True),
    ]
    assert [(each.layer.index, each.letter, each.entry is None) for each in blame(app, "etc/big")] == [
        (0, "A", False),
        (1, "D", True),
    ]
    with pytest.raises(PathNotFound):
        blame(app, "/never")


def test_what_nobody_sees_is_waste(app: Image) -> None:
    """The largest first, with the layer that carries it and the one that hides it."""
    assert [(each.path, each.layer, each.hidden_by, each.size, each.deleted) for each in waste(app)] == [
        ("/etc/big", 0, 1, 1000, True),
        ("/etc/motd", 1, 2, 11, False),
        ("/etc/motd", 0, 1, 8, False),
    ]


def test_an_image_tells_its_waste_and_the_share_of_its_bytes_that_is_seen(app: Image) -> None:
    """`efficiency` is what is left of the layers' bytes without those that nobody sees."""
    assert app.waste == waste(app)
    hidden = sum(each.size for each in app.waste)
    assert hidden
    assert app.efficiency == pytest.approx((app.size - hidden) / app.size)


def test_content_that_a_hard_link_still_shows_is_no_waste(store: ContentStore, make_image: MakeImage) -> None:
    """A name is deleted, its content stays in view."""
    import gzip  # for this test alone
    import io
    import tarfile

    from dockmagic.image.mutate import append_layer
    from dockmagic.oci import media
    from dockmagic.oci.digest import Digest

    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        member = tarfile.TarInfo("one")
        member.size = 4
        tar.addfile(member, io.BytesIO(b"data"))
        link = tarfile.TarInfo("two")
        link.type, link.linkname = tarfile.LNKTYPE, "one"
        tar.addfile(link)
    desc = store.put_bytes(media.OCI_LAYER_GZIP, gzip.compress(raw.getvalue(), mtime=0))
    image = append_layer(store, make_image(), desc, Digest.of(raw.getvalue()), History())
    assert waste(make_image({"one": None}, base=image)) == ()
    assert [each.path for each in waste(make_image({"one": None, "two": None}, base=image))] == ["/one"]


def test_images_stand_on_one_another(base: Image, app: Image, make_image: MakeImage, store: ContentStore) -> None:
    """Each on the highest that it can, with own and shared bytes; the same layers stand beside each other."""
    other = make_image({"z": b"zz"}, name="other:1")
    twin = with_labels(store, base, {"a": "b"})
    roots = family([app, base, other, twin])
    assert [root.image for root in roots] == [base, other, twin]
    (child,) = roots[0].children
    assert (child.image, child.own, child.shared) == (app, 23, 1010)
    assert (roots[0].own, roots[0].shared) == (1010, 1010)
    assert roots[2].children == ()
    users = shared_layers([app, base, other])
    assert users[base.layers[0].chain_id] == (app, base)
    assert users[app.layers[2].chain_id] == (app,)
