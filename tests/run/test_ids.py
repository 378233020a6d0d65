"""Numbers that are nobody: 4294967295 is to the kernel "leave it", and its programs ran as root (CVE-2024-40635)."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest
from minimal_rootfs import rootfs
from programs import finish

from dockmagic.image.archive import import_rootfs
from dockmagic.oci.errors import DockmagicError, InvalidInput, InvalidLayer
from dockmagic.oci.ids import parse_id
from dockmagic.runtime.drivers.table import DRIVERS
from dockmagic.runtime.mounting import parse_tmpfs
from dockmagic.runtime.transfer import copy_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]

_OUT_OF_RANGE = [
    "2147483648",
    "4294967294",
    "4294967295",
    "4294967296",
    "18446744073709551615",
    "0" * 9 + "4294967295",
    "9" * 5000,
]
_NO_NUMBER = ["-1", "+1", "0x0", "１", "٣", "1 ", "1e3"]  # noqa: RUF001  (digits of other scripts)


@pytest.fixture(params=list(DRIVERS), ids=lambda tier: tier)
def tier(request: pytest.FixtureRequest, force: Callable[[str], str]) -> str:
    """Each tier, forced."""
    return force(request.param)


@pytest.mark.parametrize("text", ["0", "007", "2147483647"])
def test_a_number_that_somebody_can_have(text: str) -> None:
    """Docker's range, and leading zeros as docker reads them."""
    assert parse_id(text) == int(text)


@pytest.mark.parametrize("text", _OUT_OF_RANGE)
def test_a_number_that_nobody_can_have(text: str) -> None:
    """It is told in one short line, however many digits it has."""
    with pytest.raises(ValueError, match="out of range") as refusal:
        parse_id(text)
    assert len(str(refusal.value)) < 120


@pytest.mark.parametrize("text", _NO_NUMBER)
def test_what_is_no_number_is_a_name(text: str) -> None:
    """Signs, other bases, and digits of other scripts that Python would take."""
    assert parse_id(text) is None


@pytest.mark.parametrize("word", ["4294967295", "0:4294967295", "2147483648", "user:4294967296", "１", "-1", "0:-1"])  # noqa: RUF001
@pytest.mark.usefixtures("tier")
def test_nobody_runs_as_a_number_that_is_none(make: Make, word: str) -> None:
    """Neither at the start nor by ``exec``; the refusal is a line of its own."""
    with pytest.raises(DockmagicError, match=r"out of range|unable to find"):
        finish(make("id", user=word))
    container = make("sleep", "100")
    container.start(owner=os.getpid()).close()
    with pytest.raises(DockmagicError, match=r"out of range|unable to find"):
        container.exec(["id"], user=word)
    container.kill()


@pytest.mark.usefixtures("several_users")
def test_further_groups_are_numbers_that_there_can_be(make: Make) -> None:
    """``--group-add``, which setgroups(2) would take as it is."""
    for word in ("4294967295", "2147483648", "１"):  # noqa: RUF001
        with pytest.raises(DockmagicError, match=r"out of range|unable to find"):
            finish(make("id", group_add=[word]))


@pytest.mark.parametrize(
    ("passwd", "group"),
    [
        ("evil:x:4294967295:0::/:/bin/sh", ""),
        ("evil:x:1000:4294967295::/:/bin/sh", ""),
        ("evil:x:2147483648:1000::/:/bin/sh", ""),
        ("evil:x:１:1::/:/bin/sh", ""),  # noqa: RUF001
        ("evil:x:1000:1000::/:/bin/sh", "wheel:x:4294967295:evil"),
    ],
)
@pytest.mark.usefixtures("several_users")
def test_rows_of_an_image_name_nobody_who_cannot_be(store: ContentStore, make: Make, passwd: str, group: str) -> None:
    """The numbers in its own account files are looked at like those on a command line."""
    data = io.BytesIO(rootfs())
    with tarfile.open(fileobj=data, mode="a") as tar:
        for name, text in (("etc/passwd", passwd), ("etc/group", group)):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(text.encode()), 0o644
            tar.addfile(info, io.BytesIO(text.encode()))
    image = import_rootfs(io.BytesIO(data.getvalue()), store)
    with pytest.raises(DockmagicError, match=r"out of range|unable to find"):
        finish(make("id", image=image, user="evil"))


@pytest.mark.parametrize("number", [4294967295, -1])
def test_files_of_nobody_are_refused(store: ContentStore, make: Make, tmp_path: Path, number: int) -> None:
    """A tar with such an owner would leave a set-id file to root."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as tar:
        info = tarfile.TarInfo("set")
        info.mode, info.uid = 0o4755, number
        tar.addfile(info)
    with pytest.raises(InvalidLayer):
        import_rootfs(io.BytesIO(data.getvalue()), store)
    container = make("true")
    with (tmp_path / "tar").open("w+b") as file:
        file.write(data.getvalue())
        file.seek(0)
        with pytest.raises(InvalidInput, match="whom there cannot be"):
            copy_in(container, "/tmp", file, keep_owners=True)  # noqa: S108  (inside)


@pytest.mark.parametrize("word", ["uid=4294967295", "gid=-1", "uid=１", "gid=root"])  # noqa: RUF001
def test_a_tmpfs_belongs_to_somebody(word: str) -> None:
    """The kernel would refuse it with a bare number."""
    with pytest.raises(InvalidInput, match="invalid tmpfs option"):
        parse_tmpfs(f"/t:{word}")
