"""Images changed without a build: what the new one has, what its history says, and what other tools make of it."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_images import image_maker, layer_tar

from dockmagic import (
    Conflict,
    Engine,
    InvalidContent,
    InvalidInput,
    InvalidLayer,
    LayerTooLarge,
    NotSupported,
    PathNotFound,
)
from dockmagic.image.draft import BASE_DIGEST, BASE_NAME
from dockmagic.layer.compare import compare
from dockmagic.oci import media
from dockmagic.oci.reference import Reference
from dockmagic.registry.server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dockmagic import Image

FIRST = {
    "etc/": b"",
    "etc/motd": b"hello\n",
    "usr/": b"",
    "usr/bin/": b"",
    "usr/bin/tool": b"#!/bin/sh\n" * 300,
    "bin": b"-> usr/bin",
    "cache/": b"",
    "cache/old": b"o" * 5000,
    "cache/deep/": b"",
    "cache/deep/file": b"d" * 100,
}
SECOND: dict[str, bytes | None] = {"etc/motd": b"changed\n", "cache/deep": None, "srv/": b"", "srv/data": b"1" * 3000}
THIRD: dict[str, bytes | None] = {"cache": None, "srv/data": b"2" * 3000, "srv/more": b"m"}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """An engine with a home of its own."""
    engine = Engine(tmp_path / "home")
    engine.home.prepare()
    return engine


def make(engine: Engine, *layers: Mapping[str, bytes | None], name: str = "app:1", cmd: str = "tool") -> Image:
    """An image of these layers in the engine's store."""
    image_maker(engine.store)(*layers, name=name, cmd=cmd)
    return engine.images.get(name)


def made_of(engine: Engine, *tars: bytes, name: str = "app:1") -> Image:
    """An image of layers that are given as tars."""
    image = engine.images.import_rootfs(io.BytesIO(tars[0]), name)
    for tar in tars[1:]:
        image = image.append(tar=io.BytesIO(tar), tags=name)
    return image


def linked_tar(*members: tuple[str, bytes | str]) -> bytes:
    """A tar of files by content, and hard links by the target's name after ``=``."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name, content in members:
            member = tarfile.TarInfo(name)
            if isinstance(content, str):
                member.type, member.linkname = tarfile.LNKTYPE, content
                tar.addfile(member)
            else:
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
    return raw.getvalue()


def is_valid(image: Image) -> bool:
    """Whether all that it says of itself is so, and its history fits its layers."""
    steps = [step for step in image.history if not step.empty_layer]
    return image.actions.validate(image) == () and len(steps) == len(image.layers)


def same_files(one: Image, other: Image) -> bool:
    """Whether both show the same tree, to the last attribute."""
    return compare(one.files, other.files) == []


# Flatten and squash


def test_flattening_keeps_the_tree_and_drops_what_is_hidden(engine: Engine) -> None:
    """One layer, no whiteouts, fewer bytes; the old steps stay in the history as empty ones."""
    image = make(engine, FIRST, SECOND, THIRD)
    flat = image.flatten(tags="app:flat")
    assert len(flat.layers) == 1
    assert flat.layers[0].table.whiteouts == ()
    assert same_files(image, flat)
    assert flat.size < image.size
    assert flat.waste == ()
    assert is_valid(flat)
    told = [step.created_by for step in flat.history]
    assert [step.created_by for step in image.history] == [one for one in told if one != "image flatten # dockmagic"]
    assert flat.created is not None
    assert flat.created > image.created
    assert flat.config == image.config
    assert engine.images.get("app:flat") == flat


def test_equal_trees_flatten_to_equal_layers(engine: Engine) -> None:
    """However they came about, and in whatever order their tars were written."""
    one = make(engine, FIRST, SECOND, name="one:1").flatten()
    backwards = dict(reversed([*FIRST.items()]))
    folders = {name: FIRST[name] for name in FIRST if name.endswith("/")}
    other = make(engine, {**folders, **backwards}, {"srv/": b""}, SECOND, name="other:1").flatten()
    assert one.layers[0].diff_id == other.layers[0].diff_id


@pytest.mark.parametrize(("start", "stop"), [(0, 2), (1, 3), (0, 3), (1, 2), (2, 3)])
def test_squashing_any_range_keeps_the_tree(engine: Engine, start: int, stop: int) -> None:
    """And the layers outside it keep their blobs."""
    image = make(engine, FIRST, SECOND, THIRD)
    squashed = image.squash(start, stop)
    assert same_files(image, squashed)
    assert is_valid(squashed)
    assert len(squashed.layers) == 3 - (stop - start) + 1
    kept = [layer.digest for layer in image.manifest.layers[:start] + image.manifest.layers[stop:]]
    assert [each.digest for at, each in enumerate(squashed.manifest.layers) if at != start] == kept


def test_hard_links_stay_one_file(engine: Engine) -> None:
    """Within a layer, and where a link of an upper layer leads into a lower one."""
    first = linked_tar(("z", b"content"), ("a", "z"), ("empty", b""), ("void", "empty"))
    image = made_of(engine, first, linked_tar(("b", "z")), linked_tar(("other", b"x")))
    for changed in (image.flatten(), image.squash(1, 3), image.squash(0, 2)):
        assert same_files(image, changed)
        assert is_valid(changed)
        assert [(changed / name).read_bytes() for name in ("a", "b", "z", "void")] == [b"content"] * 3 + [b""]
    flat = image.flatten()
    assert flat.size == len(b"content") + 1
    types = {entry.path: entry.type.name for entry in flat.layers[0].table.entries}
    assert (types["/a"], types["/b"], types["/z"]) == ("REGULAR", "HARDLINK", "HARDLINK")


_NAMES = st.sampled_from(["a", "a/b", "a/c", "d", "d/e", "f"])
_CONTENTS = st.one_of(st.none(), st.binary(max_size=3))
_LAYERS = st.lists(st.dictionaries(_NAMES, _CONTENTS, min_size=1, max_size=4), min_size=1, max_size=4)


def _layer(choice: Mapping[str, bytes | None]) -> dict[str, bytes | None]:
    """A layer that can be: what has something below it is a folder."""
    folders = {name.rpartition("/")[0] for name in choice} - {""}
    return {f"{name}/": b"" for name in sorted(folders)} | {
        name: content for name, content in choice.items() if name not in folders
    }


@given(_LAYERS, st.data())
@settings(max_examples=40)
def test_any_stack_can_be_squashed(
    tmp_path_factory: pytest.TempPathFactory, layers: list[dict], data: st.DataObject
) -> None:
    """Whiteouts, files in the place of folders and the other way round: the view stays the same."""
    engine = Engine(tmp_path_factory.mktemp("home"))
    image = make(engine, *map(_layer, layers))
    start = data.draw(st.integers(0, len(layers) - 1))
    stop = data.draw(st.integers(start + 1, len(layers)))
    squashed = image.squash(start, stop)
    assert same_files(image, squashed)
    assert engine.images.validate(squashed) == ()


# Append, drop, replace


def test_a_mapping_becomes_a_layer(engine: Engine, tmp_path: Path) -> None:
    """Texts, bytes and files; links of the image on the way are followed, and folders keep what they are."""
    image = make(engine, FIRST)
    (tmp_path / "file").write_bytes(b"from disk")
    (tmp_path / "file").chmod(0o640)
    more = image.append(
        {"/etc/motd": "Grüße\n", "bin/new": b"\0\1", "/srv/deep/x": tmp_path / "file"}, comment="why", tags="app:2"
    )
    assert (more / "etc/motd").read_text() == "Grüße\n"
    assert (more / "usr/bin/new").read_bytes() == b"\0\1"
    assert (more / "bin").is_symlink()
    assert (more / "srv/deep/x").read_bytes() == b"from disk"
    node = more.files["/srv/deep/x"].entry
    assert (node.mode, node.uid, node.gid) == (0o640, 0, 0)
    assert more.manifest.layers[:1] == image.manifest.layers
    assert is_valid(more)
    step = more.history[-1]
    assert (step.created_by, step.comment) == ("image append /etc/motd /bin/new /srv/deep/x # dockmagic", "why")
    assert more.config_file.created == step.created
    assert {change.path for change in more.layers[-1].changes if change.letter == "A"} == {
        "/srv", "/srv/deep", "/srv/deep/x", "/usr/bin/new",
    }  # fmt: skip


def test_folders_are_appended_with_what_is_in_them(engine: Engine, tmp_path: Path) -> None:
    """Links are kept as links; several sources go to one place; an empty folder stays."""
    folder = tmp_path / "data"
    (folder / "bin").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "bin/run").write_text("#!/bin/sh\n")
    (folder / "link").symlink_to("bin/run")
    (tmp_path / "one.txt").write_text("1")
    image = make(engine, FIRST).append([folder, tmp_path / "one.txt"], to="/")
    assert (image / "usr/bin/run").read_text() == "#!/bin/sh\n"
    assert (image / "one.txt").read_text() == "1"
    assert str((image / "link").readlink()) == "bin/run"
    assert (image / "empty").is_dir()
    below = make(engine, FIRST).append([folder, tmp_path / "one.txt"], to="/srv/")
    assert (below / "srv/bin/run").read_text() == "#!/bin/sh\n"
    assert (below / "srv/one.txt").read_text() == "1"


def test_a_tar_is_appended_as_it_is(engine: Engine, tmp_path: Path) -> None:
    """Its whiteouts remove, and one that gzip has compressed keeps its digest."""
    packed = gzip.compress(layer_tar({"cache": None, "new": b"n"}), mtime=0)
    (tmp_path / "layer.tgz").write_bytes(packed)
    image = make(engine, FIRST).append(tar=tmp_path / "layer.tgz")
    assert "/cache" not in image.files
    assert (image / "new").read_bytes() == b"n"
    assert (tmp_path / "layer.tgz").stat().st_size == image.manifest.layers[-1].size
    assert is_valid(image)


@pytest.mark.parametrize(
    ("files", "error", "words"),
    [
        ({}, InvalidInput, "nothing to append"),
        ({"/etc/motd/x": "y"}, Conflict, "/etc/motd is not a directory"),
        ({"/a/../../b": "y"}, InvalidInput, "has .. in it"),
        ({"/dir/": "y"}, InvalidInput, "names no file"),
        ("/does/not/exist", InvalidInput, "cannot be read"),
        ({"/a": 3}, TypeError, "takes bytes, a str or a path"),
    ],
)
def test_what_cannot_be_appended_is_named(engine: Engine, files: object, error: type[Exception], words: str) -> None:
    """And nothing is made."""
    image = make(engine, FIRST)
    before = engine.store.names()
    with pytest.raises(error, match=words):
        image.append(files)
    assert engine.store.names() == before
    assert not list(engine.home.root.glob("partial/*"))


def test_what_is_no_tar_is_refused(engine: Engine) -> None:
    """As is a tar that leads out."""
    image = make(engine, FIRST)
    for data in (b"no tar at all" * 100, linked_tar(("../x", b"y"))):
        with pytest.raises(InvalidLayer):
            image.append(tar=io.BytesIO(data))


def test_a_layer_is_dropped_or_replaced(engine: Engine) -> None:
    """The step that made it stays in the history as an empty one, with one that says what was done."""
    image = make(engine, FIRST, SECOND, THIRD)
    less = image.drop_layer(1)
    assert (less / "etc/motd").read_bytes() == b"hello\n"
    assert [layer.diff_id for layer in less.layers] == [image.layers[0].diff_id, image.layers[2].diff_id]
    assert is_valid(less)
    assert less.history[-1].created_by == "image drop-layer [1] # dockmagic"
    assert less.history[-1].comment == f"without {image.layers[1].diff_id}"
    other = image.replace_layer(-1, {"/srv/data": "new"})
    assert (other / "srv/data").read_text() == "new"
    assert (other / "cache/old").is_file()
    assert is_valid(other)
    assert other.layers[-1].created_by == "image replace-layer [2] /srv/data # dockmagic"
    with pytest.raises(PathNotFound, match="no layer 3"):
        image.drop_layer(3)


def test_a_layer_that_links_lead_into_is_not_dropped(engine: Engine) -> None:
    """A hard link to nothing would be there instead."""
    image = made_of(engine, linked_tar(("root", b"r")), linked_tar(("a", b"content")), linked_tar(("b", "a")))
    with pytest.raises(Conflict, match="hard link /b leads to /a"):
        image.drop_layer(1)
    assert is_valid(image.drop_layer(2))


# Strip, retime, convert


def test_stripped_bytes_are_gone_from_every_layer(engine: Engine) -> None:
    """Files, what is below folders, and whiteouts of them; other layers keep their blobs."""
    image = make(engine, FIRST, SECOND, {"srv/": b"", "srv/x.pyc": b"p"})
    less = image.strip_paths(["/cache", "/**/*.pyc"], tags="app:2")
    assert not any(
        entry.name.startswith(b"cache") or entry.name.endswith(b".pyc")
        for layer in less.layers
        for entry in layer.table.entries
    )
    assert not any(name.startswith(b"cache") for layer in less.layers for name in layer.table.whiteouts)
    assert (less / "srv/data").read_bytes() == b"1" * 3000
    assert less.size == image.size - 5000 - 100 - 1
    assert is_valid(less)
    assert less.history[-1].created_by == "image strip-paths /cache '/**/*.pyc' # dockmagic"
    untouched = image.strip_paths("/srv/x.pyc")
    assert untouched.manifest.layers[:2] == image.manifest.layers[:2]


def test_a_layer_of_which_nothing_is_left_goes(engine: Engine) -> None:
    """Its step stays as an empty one."""
    image = make(engine, FIRST, {"junk": b"j"})
    less = image.strip_paths("/junk")
    assert less.manifest.layers == image.manifest.layers[:1]
    assert is_valid(less)


def test_links_keep_the_content_of_a_file_that_is_stripped(engine: Engine) -> None:
    """In its own layer, and in one above it."""
    image = made_of(engine, linked_tar(("a", b"content"), ("b", "a"), ("c", "b")), linked_tar(("up", "a"), ("x", b"")))
    less = image.strip_paths("/a")
    assert "/a" not in less.files
    assert [(less / name).read_bytes() for name in ("b", "c", "up")] == [b"content"] * 3
    assert is_valid(less)


def test_opaque_folders_stay_opaque(engine: Engine) -> None:
    """When their layer is written anew."""
    image = make(engine, FIRST).append(
        tar=io.BytesIO(layer_tar({"cache/": b"", "cache/.wh..wh..opq": b"", "cache/new": b"n", "gone": b"g"}))
    )
    less = image.strip_paths("/gone")
    assert sorted(path.name for path in (less / "cache").iterdir()) == ["new"]
    later = image.retime(1_800_000_000)
    assert sorted(path.name for path in (later / "cache").iterdir()) == ["new"]


@pytest.mark.parametrize("paths", ["/", [], "/nothing/here", ["/cache", "/nothing"]])
def test_what_cannot_be_stripped_is_named(engine: Engine, paths: object) -> None:
    """The root, nothing, and what no layer has."""
    with pytest.raises((InvalidInput, PathNotFound)):
        make(engine, FIRST).strip_paths(paths)


def test_images_that_differ_in_times_alone_are_equal_after_retiming(engine: Engine) -> None:
    """Files, steps and the image have the one date; the same image ID comes out on another day."""
    ids = set()
    for day in (1_600_000_000, 1_700_000_000):
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as out:
            member = tarfile.TarInfo("file")
            member.size, member.mtime = 1, day
            out.addfile(member, io.BytesIO(b"x"))
        image = engine.images.import_rootfs(io.BytesIO(tar.getvalue()), f"day:{day}", message="same")
        dated = image.retime("2020-05-06T07:08:09Z")
        assert is_valid(dated)
        assert dated.files["/file"].entry.mtime == 1588748889
        assert {step.created for step in dated.history} == {dated.config_file.created} == {"2020-05-06T07:08:09Z"}
        ids.add(dated.id)
    assert len(ids) == 1


def test_retiming_what_is_later_leaves_the_rest(engine: Engine) -> None:
    """As SOURCE_DATE_EPOCH does: a layer in which nothing is later keeps its blob."""
    image = make(engine, FIRST, SECOND)
    dated = image.retime(1_700_000_001, later_only=True)
    assert dated.manifest.layers == image.manifest.layers
    assert [step.created for step in dated.history[:2]] == ["2023-11-14T22:13:21Z", "2023-11-14T22:13:21Z"]
    with pytest.raises(InvalidInput, match="is no time"):
        image.retime("yesterday")


def test_compression_changes_nothing_else(engine: Engine) -> None:
    """DiffIDs, history and image ID stay, and back again the files are the same."""
    image = make(engine, FIRST, SECOND)
    zstd = image.convert(compression="zstd", compression_level=10)
    assert {layer.media_type for layer in zstd.manifest.layers} == {media.OCI_LAYER_ZSTD}
    plain = zstd.convert(compression="none")
    assert {layer.media_type for layer in plain.manifest.layers} == {media.OCI_LAYER}
    for one in (zstd, plain):
        assert one.id == image.id
        assert is_valid(one)
        assert same_files(image, one)
    assert image.convert(compression="gzip").manifest.layers == image.manifest.layers


def test_media_types_are_converted_both_ways(engine: Engine) -> None:
    """Docker's have no annotations, and none for zstd."""
    image = make(engine, FIRST).mutate(annotations={"a": "b"})
    docker = image.convert(docker=True)
    assert docker.descriptor.media_type == docker.manifest.media_type == media.DOCKER_MANIFEST
    assert docker.manifest.config.media_type == media.DOCKER_CONFIG
    assert [layer.media_type for layer in docker.manifest.layers] == [media.DOCKER_LAYER_GZIP]
    assert docker.manifest.annotations is None
    assert docker.id == image.id
    assert is_valid(docker)
    assert docker.convert(docker=False).manifest.layers == image.manifest.layers
    with pytest.raises(NotSupported, match="zstd"):
        image.convert(docker=True, compression="zstd")
    with pytest.raises(InvalidInput, match="no compression"):
        image.convert(compression="xz")
    with pytest.raises(InvalidInput, match="no level"):
        image.convert(compression="gzip", compression_level=22)


# Mutate and rebase


def test_settings_change_and_the_history_says_so(engine: Engine) -> None:
    """Layers keep their blobs; None takes a name away; members that no specification knows survive."""
    image = make(engine, FIRST).mutate(env={"A": "1", "B": "2"}, labels={"x": "1", "y": "2"})
    other = image.mutate(
        env={"A": None, "C": 3},
        labels={"x": None, "z": "3"},
        cmd="run --fast 'a b'",
        entrypoint=["/bin/sh", "-c"],
        user=1000,
        workdir="/srv",
        exposed_ports="8080",
        volumes=["/data"],
        stop_signal="SIGINT",
        changes=["HEALTHCHECK NONE"],
        author="Ann",
        tags="app:2",
    )
    config = other.config
    assert config.env == ("B=2", "C=3")
    assert config.labels == {"y": "2", "z": "3"}
    assert (config.cmd, config.entrypoint) == (("run", "--fast", "a b"), ("/bin/sh", "-c"))
    assert (config.user, config.working_dir, config.stop_signal) == ("1000", "/srv", "SIGINT")
    assert (config.exposed_ports, config.volumes) == ({"8080/tcp": {}}, {"/data": {}})
    assert config.healthcheck is not None
    assert other.config_file.author == "Ann"
    assert other.manifest.layers == image.manifest.layers
    assert other.history[-1].empty_layer
    assert "--unset-env=A" in (other.history[-1].created_by or "")
    assert is_valid(other)


def test_annotations_leave_the_image_id(engine: Engine) -> None:
    """They stand in the manifest."""
    image = make(engine, FIRST)
    noted = image.mutate(annotations={"org.opencontainers.image.source": "https://example.org"})
    assert noted.id == image.id
    assert noted.digest != image.digest
    assert noted.manifest.annotations == {"org.opencontainers.image.source": "https://example.org"}
    assert noted.mutate(annotations={"org.opencontainers.image.source": None}).manifest.annotations is None


def test_a_platform_that_was_told_wrongly_is_set_right(engine: Engine) -> None:
    """The variant too."""
    image = make(engine, FIRST).mutate(set_platform="linux/arm/v7")
    assert str(image.platform) == "linux/arm/v7"
    assert image.mutate(set_platform="linux/amd64").config_file.variant is None


def test_nothing_to_change_is_an_error(engine: Engine) -> None:
    """Not an image that is the same."""
    with pytest.raises(InvalidInput, match="nothing is to be changed"):
        make(engine, FIRST).mutate()


def based(engine: Engine) -> tuple[Image, Image, Image]:
    """An old base, a new one, and an image upon the old."""
    old = make(engine, FIRST, name="base:1").mutate(
        env={"V": "1", "KEPT": "k", "GONE": "g"}, workdir="/old", tags="base:1"
    )
    new = make(engine, {**FIRST, "etc/motd": b"new base\n"}, {"usr/": b"", "usr/lib": b"l"}, name="base:2")
    new = new.mutate(env={"V": "2", "KEPT": "k", "NEW": "n"}, workdir="/new", tags="base:2")
    app = old.append({"/srv/app": "code"}).mutate(env={"APP": "1", "GONE": None}, user="app", tags="app:1")
    return old, new, app


def test_rebasing_takes_the_layers_and_settings_of_the_new_base(engine: Engine) -> None:
    """What the image set itself stays; what it had from its base follows."""
    _, new, app = based(engine)
    moved = app.rebase("base:2", old_base="base:1", tags="app:2")
    assert [layer.diff_id for layer in moved.layers] == [*(one.diff_id for one in new.layers), app.layers[-1].diff_id]
    assert (moved / "etc/motd").read_bytes() == b"new base\n"
    assert (moved / "srv/app").read_text() == "code"
    assert set(moved.config.env or ()) == {"V=2", "KEPT=k", "NEW=n", "APP=1"}
    assert (moved.config.working_dir, moved.config.user) == ("/new", "app")
    steps = [step.created_by for step in moved.history]
    assert steps[: len(new.history)] == [step.created_by for step in new.history]
    assert steps[-1] == "image rebase --old-base base:1 --new-base base:2 # dockmagic"
    assert moved.manifest.annotations == {BASE_NAME: "docker.io/library/base:2", BASE_DIGEST: new.digest}
    assert is_valid(moved)
    # From now on the annotations tell both bases.
    third = new.append({"/third": "3"}, tags="base:2")
    again = moved.rebase()
    assert (again / "third").read_text() == "3"
    assert third.digest == (again.manifest.annotations or {})[BASE_DIGEST]


def test_only_an_image_on_its_base_is_rebased(engine: Engine) -> None:
    """And onto one of its platform; without a base that is known it asks for one."""
    _, new, app = based(engine)
    with pytest.raises(Conflict, match="app:1 does not stand on base:2"):
        app.rebase("base:1", old_base="base:2")
    arm = new.mutate(
        set_platform="linux/arm64" if new.platform.architecture != "arm64" else "linux/amd64", tags="arm:1"
    )
    with pytest.raises(Conflict, match="arm:1 is for"):
        app.rebase(arm, old_base="base:1")
    with pytest.raises(InvalidInput, match="does not say what it stands on"):
        app.rebase("base:2")


def test_an_image_whose_lowest_layers_are_others_forgets_its_base(engine: Engine) -> None:
    """Else the next rebase would take it at its word."""
    _, new, app = based(engine)
    moved = app.rebase(new, old_base="base:1")
    assert BASE_NAME in (moved.append({"/x": "y"}).manifest.annotations or {})
    for changed in (moved.flatten(), moved.drop_layer(0), moved.strip_paths("/cache"), moved.squash(0, 2)):
        assert changed.manifest.annotations is None


# What is the same for all


def test_a_result_without_a_name_is_listed_without_one(engine: Engine) -> None:
    """As after `commit` without a name; the old image stays what it is."""
    image = make(engine, FIRST)
    digest = image.digest
    made = image.flatten()
    assert made.names == ()
    assert engine.images.get("app:1").digest == digest
    assert made.digest in {one.digest for one in engine.images}


def test_several_names_are_given(engine: Engine) -> None:
    """All at once."""
    made = make(engine, FIRST).flatten(tags=["a:1", "b:2"])
    assert made.tags == ("a:1", "b:2")


def test_the_same_call_gives_the_same_digest_with_a_date(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH dates new files, steps and images, and the compression is zlib's."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    image = make(engine, FIRST, SECOND)
    made = [image.append({"/new": "n"}).flatten() for _ in range(2)]
    assert made[0].digest == made[1].digest
    assert made[0].config_file.created == "2023-11-14T22:13:20Z"


def test_an_image_of_a_registry_is_changed_and_signatures_are_told_of(tmp_path: Path) -> None:
    """It is brought here without a name; what is attached to it is named, as it is about another digest."""
    told: list[str] = []
    with (
        RegistryServer() as server,
        Engine(tmp_path / "there") as there,
        Engine(tmp_path / "here", on_notice=told.append) as here,
    ):
        image = make(there, FIRST, SECOND, name=f"{server.host}/app:1")
        image.push()
        made = here.surgery.flatten(f"{server.host}/app:1", tags="flat:1")
        assert same_files(image, made)
        assert [one.tags for one in here.images] == [("flat:1",)]
        assert told == []
        there.artifacts.attach(f"{server.host}/app:1", {"sig": "s"}, artifact_type="application/vnd.example.signature")
        here.surgery.flatten(f"{server.host}/app:1")
        name = f"{server.host}/app@{image.digest}"
        assert told == [
            f"what is attached to {name} does not hold for the new image: application/vnd.example.signature"
        ]
        told.clear()
        here.images.pull(f"{server.host}/app:1").append({"/x": "y"})
        assert told == [f"signatures and attestations of {name}, if there are any, do not hold for the new image"]
        told.clear()
        made.append({"/x": "y"})
        assert told == []


def test_a_failure_leaves_nothing(engine: Engine) -> None:
    """A layer that is damaged is named; no name, blob or temporary file is left."""
    image = make(engine, FIRST, SECOND)
    image.layers[0].table  # noqa: B018  it is known what should be there
    path = engine.store.path(image.manifest.layers[0].digest)
    path.chmod(0o600)
    path.write_bytes(b"\0" * path.stat().st_size)
    before = (engine.store.names(), sorted((engine.home.store / "blobs/sha256").iterdir()))
    with pytest.raises(InvalidContent):
        image.flatten(tags="flat:1")
    assert (engine.store.names(), sorted((engine.home.store / "blobs/sha256").iterdir())) == before
    assert not [*engine.home.root.glob("partial/*"), *engine.home.root.glob(".surgery*")]


# Peers


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("umoci") is None, reason="needs umoci")
def test_umoci_unpacks_every_result_to_the_tree_that_we_show(engine: Engine, tmp_path: Path) -> None:
    """A second opinion on whiteouts, links and order."""
    image = make(engine, FIRST, SECOND, THIRD).append({"/bin/more": "m"}, tags="all:0")
    results = {
        "flat": image.flatten(tags="all:flat"),
        "squash": image.squash(1, 3, tags="all:squash"),
        "strip": image.strip_paths("/srv/more", tags="all:strip"),
        "retime": image.retime(1_500_000_000, tags="all:retime"),
        "zstd": image.convert(compression="none", tags="all:zstd"),
    }
    for tag, made in results.items():
        bundle = tmp_path / tag
        rootless = [] if os.geteuid() == 0 else ["--rootless"]
        name = f"{engine.home.store}:{Reference.parse(f'all:{tag}')}"
        subprocess.run(["umoci", "unpack", *rootless, "--image", name, bundle], check=True, capture_output=True)
        root = bundle / "rootfs"
        there = {
            f"/{path.relative_to(root)}": path.read_bytes() if path.is_file() and not path.is_symlink() else None
            for path in root.rglob("*")
        }
        ours = {
            node.entry.path: (made / node.entry.path).read_bytes() if node.entry.is_file else None
            for node in made.files
        }
        assert there == ours, tag


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("skopeo") is None, reason="needs skopeo")
def test_skopeo_converts_to_the_same_media_types(engine: Engine, tmp_path: Path) -> None:
    """Its manifest of Docker's family has the layers that ours has."""
    image = make(engine, FIRST, SECOND)
    image.convert(docker=True, tags="docker:1")
    source = f"oci:{engine.home.store}:{Reference.parse('app:1')}"
    command = ["skopeo", "--insecure-policy", "copy", "-q", "--format", "v2s2", source, f"dir:{tmp_path}/d"]
    subprocess.run(command, check=True)
    theirs = json.loads((tmp_path / "d/manifest.json").read_text())
    ours = json.loads(engine.images.get("docker:1").raw_manifest)
    assert theirs == ours


def holed(*files: tuple[str, int, int]) -> io.BytesIO:
    """A tar of files with holes: names, sizes, and where their only 512 bytes lie."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as out:
        for name, size, place in files:
            member = tarfile.TarInfo(name)
            member.size = 512
            member.pax_headers = {
                "GNU.sparse.major": "0",
                "GNU.sparse.minor": "1",
                "GNU.sparse.name": name,
                "GNU.sparse.size": str(size),
                "GNU.sparse.map": f"{place},512",
            }
            out.addfile(member, io.BytesIO(b"x" * 512))
    raw.seek(0)
    return raw


def test_holes_do_not_fill_the_disk(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a kilobyte each, which together would be more than a layer may have, are told and not written out."""
    monkeypatch.setenv("DOCKMAGIC_MAX_LAYER_SIZE", str(10 << 20))
    image = engine.images.import_rootfs(holed(("a", 8 << 20, 0)), "huge:1").append(tar=holed(("b", 8 << 20, 0)))
    with pytest.raises(LayerTooLarge, match=f"would have {16 << 20} bytes"):
        image.flatten()
    assert image.convert(compression="zstd").id == image.id


def test_holes_are_filled_in_a_layer_that_is_written_anew(engine: Engine) -> None:
    """With zeros, as every reader sees them."""
    image = engine.images.import_rootfs(holed(("holes", 4096, 1024)), "holes:1")
    for changed in (image.flatten(), image.retime(1_500_000_000)):
        assert (changed / "holes").read_bytes() == bytes(1024) + b"x" * 512 + bytes(4096 - 1536)
        assert is_valid(changed)
