"""`image://` for fsspec: fsspec's own tests of reading, and those who read by it."""

from __future__ import annotations

import errno
import gzip
import inspect
import io
import pickle
import re
import tomllib
from hashlib import md5
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest
from fsspec.spec import AbstractFileSystem
from fsspec.tests.abstract import AbstractFixtures, AbstractGetTests
from small_images import image_maker, layer_tar

from dockmagic import Engine, InvalidInput
from dockmagic.filesystem import ImageFileSystem
from dockmagic.filesystem.url import split_url
from dockmagic.registry.server import RegistryServer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DIGEST = "sha256:" + "0" * 64


@pytest.fixture(autouse=True)
def _registered() -> None:
    fsspec.register_implementation("image", ImageFileSystem, clobber=True)
    ImageFileSystem.clear_instance_cache()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The engine of the usual home."""
    with Engine() as engine:
        engine.home.prepare()
        yield engine


def make(engine: Engine, *layers: Mapping[str, bytes | None], name: str = "data:1") -> None:
    """An image of these layers."""
    image_maker(engine.store)(*layers, name=name)


# Addresses


@pytest.mark.parametrize(
    ("text", "name", "path", "layers"),
    [
        ("image://ubuntu:24.04/etc/passwd", "ubuntu:24.04", "etc/passwd", ""),
        ("ubuntu:24.04", "ubuntu:24.04", "", ""),
        ("image://ubuntu:24.04/", "ubuntu:24.04", "", ""),
        ("image://127.0.0.1:5000/data:1/srv/t.parquet", "127.0.0.1:5000/data:1", "srv/t.parquet", ""),
        ("registry:5000/app:1/x", "registry:5000/app:1", "x", ""),
        ("python:3/usr/bin", "python:3", "usr/bin", ""),
        ("quay.io/org/app:v1.2-rc/a//b/./c/", "quay.io/org/app:v1.2-rc", "a/b/c", ""),
        (f"image://app@{DIGEST}/x", f"app@{DIGEST}", "x", ""),
        (f"localhost:5000/team/app@{DIGEST}", f"localhost:5000/team/app@{DIGEST}", "", ""),
        ("image://app:1/x?layers=0-3", "app:1", "x", "0-3"),
        ("image://app:1/odd?name", "app:1", "odd?name", ""),
        ("image://", "", "", ""),
    ],
)
def test_the_tag_or_digest_ends_the_name(text: str, name: str, path: str, layers: str) -> None:
    """And stripping twice changes nothing."""
    assert split_url(text) == (name, path, layers)
    plain = ImageFileSystem._strip_protocol(text)
    assert ImageFileSystem._strip_protocol(plain) == plain


def test_a_name_without_a_tag_is_no_address() -> None:
    """It is said, and which image is meant is not guessed."""
    with pytest.raises(InvalidInput, match="neither tag nor digest"):
        split_url("image://ubuntu/etc/passwd")


# fsspec's own tests


class ImageFixtures(AbstractFixtures):
    """The scenarios of fsspec's tests as images: nothing can be written into one afterwards."""

    @pytest.fixture
    def fs(self) -> ImageFileSystem:
        """The filesystem."""
        return ImageFileSystem()

    @pytest.fixture
    def fs_path(self) -> str:
        """A folder in it."""
        return "data:1/root"

    @pytest.fixture
    def fs_join(self) -> Any:
        """Slashes everywhere."""
        return lambda *parts: "/".join(str(part) for part in parts)

    @pytest.fixture
    def fs_target(self) -> str:
        """What is not there."""
        return "data:1/root/target"

    @pytest.fixture
    def fs_bulk_operations_scenario_0(self, engine: Engine, fs_path: str) -> str:
        """As documented there."""
        make(engine, _touched("file1", "file2", "subdir/subfile1", "subdir/subfile2", "subdir/nesteddir/nestedfile"))
        return f"{fs_path}/source"

    @pytest.fixture
    def fs_glob_edge_cases_files(self, engine: Engine, fs_path: str) -> str:
        """As documented there."""
        folders = [
            f"subdir{number}/{name}" for number in "01" for name in ("subfile1", "subfile2", "nesteddir/nestedfile")
        ]
        make(engine, _touched("file1", "file2", *folders))
        return f"{fs_path}/source"

    @pytest.fixture
    def fs_dir_and_file_with_same_name_prefix(self, engine: Engine, fs_path: str) -> str:
        """As documented there."""
        make(engine, _touched("subdir.txt", "subdir/subfile.txt"))
        return f"{fs_path}/source"

    @pytest.fixture
    def fs_10_files_with_hashed_names(self, engine: Engine, fs_path: str) -> str:
        """As documented there."""
        names = {md5(str(number).encode()).hexdigest(): str(number).encode() for number in range(10)}  # noqa: S324
        make(engine, {f"root/source/{name}.txt": data for name, data in names.items()})
        return f"{fs_path}/source"


def _touched(*names: str) -> dict[str, bytes]:
    return {f"root/source/{name}": b"" for name in names}


class TestGet(ImageFixtures, AbstractGetTests):
    """Every test of `get`."""

    @pytest.fixture(autouse=True)
    def _made_before(self, engine: Engine, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
        """One test makes its files itself; here they are there already."""
        if request.function.__name__ == "test_get_directory_recursive":
            make(engine, {"root/src/file": b""})
            monkeypatch.setattr(ImageFileSystem, "mkdir", lambda *_: None)
            monkeypatch.setattr(ImageFileSystem, "touch", lambda *_: None)


#: Parts of fsspec's tests that write into the filesystem: they do not apply.
NOT_APPLICABLE = {"AbstractCopyTests", "AbstractOpenTests", "AbstractPipeTests", "AbstractPutTests"}


def test_every_other_abstract_test_writes() -> None:
    """A new kind of test that fsspec brings is looked at before it is passed over."""
    from fsspec.tests import abstract  # for this test alone

    kinds = {name for name in vars(abstract) if re.fullmatch(r"Abstract\w+Tests", name)}
    assert kinds - NOT_APPLICABLE == {"AbstractGetTests"}


# What is in it


TREE = {
    "etc/": b"",
    "etc/motd": b"hello\n",
    "etc/link": b"-> motd",
    "etc/broken": b"-> nowhere",
    "dir": b"-> etc",
    "gone": b"g",
    "data/": b"",
    "data/numbers": bytes(range(256)) * 40,
}


def test_the_merged_tree_is_what_is_seen(engine: Engine) -> None:
    """Whiteouts hide, links lead on, and `layers` shows some of them alone."""
    make(engine, TREE, {"gone": None, "data/more": b"m"})
    fs = ImageFileSystem()
    assert fs.ls("image://data:1", detail=False) == ["data:1/data", "data:1/dir", "data:1/etc"]
    assert fs.ls("data:1/dir", detail=False) == ["data:1/dir/broken", "data:1/dir/link", "data:1/dir/motd"]
    assert fs.cat("data:1/dir/link") == b"hello\n"
    link = fs.info("data:1/etc/link")
    assert (link["type"], link["islink"], link["destination"], link["size"]) == ("file", True, "motd", 6)
    assert fs.info("data:1/etc/broken")["type"] == "other"
    assert fs.isdir("data:1/dir")
    assert not fs.exists("data:1/gone")
    assert sorted(fs.find("data:1/data")) == ["data:1/data/more", "data:1/data/numbers"]
    assert fs.glob("image://data:1/**/mo*") == ["data:1/data/more", "data:1/etc/motd"]
    assert [names for _, _, names in fs.walk("data:1/data")] == [["more", "numbers"]]
    with fsspec.open("image://data:1/gone?layers=0") as file:
        assert file.read() == b"g"
    assert fsspec.filesystem("image", layers="1").find("data:1") == ["data:1/data/more"]
    with pytest.raises(InvalidInput, match="has no layers"):
        fsspec.filesystem("image", layers="5").ls("data:1")
    assert fs.ls("", detail=False) == ["docker.io/library/data:1"]


def test_links_that_go_round_are_not_gone_into(engine: Engine) -> None:
    """As /usr/bin/X11 of Debian, which leads to the folder that it is in."""
    make(engine, {"usr/": b"", "usr/bin/": b"", "usr/bin/X11": b"-> .", "usr/bin/tool": b"t"})
    fs = ImageFileSystem()
    assert fs.find("data:1") == ["data:1/usr/bin/tool"]
    assert fs.cat("data:1/usr/bin/X11/X11/tool") == b"t"
    assert fs.find("data:1/usr/bin/X11") == ["data:1/usr/bin/X11/tool"]


def test_parts_of_files_are_read(engine: Engine) -> None:
    """By ranges, by seeking, as text, decompressed, and through any cache."""
    make(engine, {**TREE, "t.gz": gzip.compress(b"packed")})
    fs = ImageFileSystem()
    whole = TREE["data/numbers"]
    assert fs.cat_file("data:1/data/numbers", start=10, end=20) == whole[10:20]
    assert fs.cat_file("data:1/data/numbers", start=-5) == whole[-5:]
    assert fs.cat_ranges(["data:1/data/numbers"] * 2, [0, 500], [3, 600]) == [whole[:3], whole[500:600]]
    assert fs.head("data:1/data/numbers", 7) == whole[:7]
    assert fs.tail("data:1/data/numbers", 7) == whole[-7:]
    assert fs.read_text("data:1/etc/motd") == "hello\n"
    with fsspec.open("image://data:1/t.gz", compression="gzip") as file:
        assert file.read() == b"packed"
    for cache in ("none", "readahead", "bytes", "blockcache", "all"):
        with fs.open("data:1/data/numbers", block_size=64, cache_type=cache) as file:
            file.seek(1000)
            assert file.read(100) == whole[1000:1100], cache
            file.seek(-3, 2)
            assert file.read() == whole[-3:], cache


def test_images_of_registries_and_archives_are_read(tmp_path: Path) -> None:
    """Nothing is stored; by tag and by digest."""
    with RegistryServer() as server, Engine(tmp_path / "there") as there:
        name = f"{server.host}/team/data:1"
        image_maker(there.store)(TREE, name=name)
        image = there.images.get(name)
        image.push()
        with fsspec.open(f"image://{name}/etc/motd", "rt") as file:
            assert file.read() == "hello\n"
        by_digest = f"image://{server.host}/team/data@{image.digest}/etc/motd"
        assert fsspec.filesystem("image").cat(by_digest) == b"hello\n"
        with Engine() as here:
            assert len(here.images) == 0
        with (tmp_path / "a.tar").open("wb") as out:
            image.save(out)
        fs = fsspec.filesystem("image", archive=str(tmp_path / "a.tar"))
        assert fs.cat(f"{name}/etc/motd") == b"hello\n"


def test_what_cannot_be_read_raises_what_python_expects(engine: Engine) -> None:
    """And no image that is not there is a traceback of ours."""
    make(engine, TREE)
    fs = ImageFileSystem()
    with pytest.raises(FileNotFoundError):
        fs.info("data:1/nothing")
    with pytest.raises(FileNotFoundError):
        fs.open("data:1/etc/broken")
    with pytest.raises(IsADirectoryError):
        fs.open("data:1/etc")
    with RegistryServer() as server, pytest.raises(FileNotFoundError):
        fs.ls(f"{server.host}/nothing:1")


def test_nothing_can_be_written(engine: Engine, tmp_path: Path) -> None:
    """Every method that fsspec has for it raises EROFS."""
    make(engine, TREE)
    fs = ImageFileSystem()
    (tmp_path / "file").write_text("x")
    path = "data:1/etc/motd"
    calls = [
        lambda: fs.open(path, "wb"),
        lambda: fs.open(path, "ab"),
        lambda: fs.open(path, "xb"),
        lambda: fs.open(path, "r+b"),
        lambda: fs.mkdir("data:1/new"),
        lambda: fs.makedirs("data:1/new/er", exist_ok=True),
        lambda: fs.rmdir("data:1/etc"),
        lambda: fs.rm(path),
        lambda: fs.rm("data:1/etc", recursive=True),
        lambda: fs.rm_file(path),
        lambda: fs.cp(path, "data:1/copy"),
        lambda: fs.mv(path, "data:1/moved"),
        lambda: fs.pipe(path, b"x"),
        lambda: fs.write_text(path, "x"),
        lambda: fs.put(str(tmp_path / "file"), "data:1/put"),
        lambda: fs.touch("data:1/touched"),
    ]
    for call in calls:
        with pytest.raises(OSError, match="read-only") as caught:
            call()
        assert caught.value.errno == errno.EROFS, inspect.getsource(call)
    assert fs.cat(path) == b"hello\n"


def test_a_file_whose_layer_lies_is_not_read(engine: Engine) -> None:
    """Not one byte of it."""
    make(engine, TREE)
    image = engine.images.get("data:1")
    image.files  # noqa: B018  its table of contents is known
    path = engine.store.path(image.manifest.layers[0].digest)
    other = layer_tar({**TREE, "data/numbers": b"x" * len(TREE["data/numbers"])})
    path.chmod(0o600)
    path.write_bytes(gzip.compress(other, 1, mtime=0))
    with pytest.raises(Exception, match=r"digest|table"):
        ImageFileSystem().cat_file("data:1/data/numbers", start=0, end=1)


def test_filesystems_are_pickled_by_their_options(engine: Engine) -> None:
    """So that workers of Dask make their own."""
    make(engine, TREE)
    fs = pickle.loads(pickle.dumps(ImageFileSystem(layers="0")))  # noqa: S301
    assert fs.cat("data:1/etc/motd") == b"hello\n"
    assert isinstance(fs, AbstractFileSystem)


def test_fsspec_finds_it_by_its_entry_point() -> None:
    """Nobody has to import dockmagic."""
    document = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    points = document["project"]["entry-points"]["fsspec.specs"]
    assert points == {ImageFileSystem.protocol: "dockmagic.filesystem:ImageFileSystem"}


# Those who read by it


@pytest.fixture
def table(engine: Engine) -> Any:
    """A frame that lies in the image ``data:1`` as Parquet and CSV."""
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pd.DataFrame({"a": range(1000), "b": [f"name {number % 7}" for number in range(1000)]})
    parquet = io.BytesIO()
    frame.to_parquet(parquet)
    make(engine, {"srv/": b"", "srv/t.parquet": parquet.getvalue(), "srv/t.csv": frame.to_csv(index=False).encode()})
    return frame


def test_pandas_reads_it(table: Any) -> None:
    """Some columns of Parquet, and CSV."""
    import pandas as pd

    pd.testing.assert_frame_equal(pd.read_parquet("image://data:1/srv/t.parquet", columns=["a"]), table[["a"]])
    pd.testing.assert_frame_equal(pd.read_csv("image://data:1/srv/t.csv"), table, check_dtype=False)


def test_pyarrow_reads_it(table: Any) -> None:
    """As a dataset of a folder."""
    dataset = pytest.importorskip("pyarrow.dataset")
    found = dataset.dataset("data:1/srv/t.parquet", filesystem=ImageFileSystem(), format="parquet")
    assert found.count_rows() == len(table)


def test_duckdb_reads_it(table: Any) -> None:
    """With SQL."""
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        connection.register_filesystem(ImageFileSystem())
        query = "SELECT sum(a), count(DISTINCT b) FROM 'image://data:1/srv/t.parquet'"
        (found,) = connection.execute(query).fetchall()
    assert found == (int(table["a"].sum()), 7)


def test_dask_reads_it(table: Any) -> None:
    """In its workers, which make filesystems of their own."""
    dask = pytest.importorskip("dask.dataframe")
    frame = dask.read_parquet("image://data:1/srv/t.parquet", columns=["a"])
    assert frame["a"].sum().compute(scheduler="threads") == table["a"].sum()


@pytest.mark.filterwarnings("ignore:UPath 'image' filesystem")
def test_upath_reads_it(table: Any) -> None:
    """Like pathlib."""
    upath = pytest.importorskip("upath")
    path = upath.UPath("image://data:1/srv")
    assert sorted(one.name for one in path.iterdir()) == ["t.csv", "t.parquet"]
    assert (path / "t.csv").read_text().startswith("a,b\n")
    assert (path / "t.csv").stat().st_size == len(table.to_csv(index=False))
    assert [one.name for one in path.glob("*.csv")] == ["t.csv"]
    assert not (path / "nothing").exists()
    assert str(path.parent) == "image://data:1"
    assert [one.name for one in path.parent.rglob("t.*")] == ["t.csv", "t.parquet"]
    assert (path / "t.parquet").open("rb").read(4) == b"PAR1"
    assert path.joinpath("t.csv").relative_to(path.parent).parts == ("srv", "t.csv")
    with pytest.raises(OSError, match="read-only"):
        (path / "t.csv").write_text("x")
