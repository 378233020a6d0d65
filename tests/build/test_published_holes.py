"""The ways out of a build that were published for BuildKit, buildah and podman lead nowhere here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.oci.errors import DockmagicError

if TYPE_CHECKING:
    from pathlib import Path

    from build_harness import Builder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the machine, with a file and an empty folder, in which nothing may change."""
    folder = tmp_path / "outside"
    (folder / "point").mkdir(parents=True)
    (folder / "file").write_text("of the machine\n")
    return folder


def untouched(folder: Path) -> bool:
    """Whether it is as `outside` made it."""
    return sorted(path.name for path in folder.iterdir()) == ["file", "point"] and not any((folder / "point").iterdir())


def test_a_cache_that_becomes_a_link(make: Builder, outside: Path) -> None:
    """CVE-2024-23651: a folder of a cache mount is replaced by a link to the machine, and mounted again."""
    make(
        "FROM base\nRUN --mount=type=cache,id=hole,target=/c mkdir -p /c/sub\n"
        f"RUN --mount=type=cache,id=hole,target=/c rmdir /c/sub && ln -s {outside} /c/sub\n"
        f"RUN --mount=type=cache,id=hole,target=/c ! cat /c/sub/file\n"
    )
    with pytest.raises(DockmagicError):
        make("FROM base\nRUN --mount=type=cache,id=hole,source=sub,target=/d cat /d/file")
    assert untouched(outside)


def test_a_mount_point_that_moves_away(make: Builder, outside: Path) -> None:
    """CVE-2024-23652: what was made for a mount is taken away after the step; a link in its place leads nowhere."""
    make(
        "FROM base\nRUN --mount=type=tmpfs,target=/way/point --mount=type=tmpfs,target=/way/file"
        f" mv /way /gone 2>/dev/null && ln -s {outside} /way || true\nRUN true"
    )
    assert untouched(outside)


@pytest.mark.parametrize("mode", ["ro", "rw"])
def test_a_link_as_the_source_of_a_mount(make: Builder, outside: Path, mode: str) -> None:
    """CVE-2024-1753, CVE-2024-11218: a link in a stage or in the context is followed in there, not on the machine."""
    (make.folder / "link").symlink_to(outside)
    (make.folder / "root").symlink_to("/")
    stage = f"FROM base AS s\nRUN ln -s / /root1 && ln -s {outside} /out && touch /only-in-stage\nFROM base\n"
    make(
        f"{stage}RUN --mount=from=s,source=/root1,target=/m,{mode} [ -e /m/only-in-stage ] && [ ! -e /m{outside}/file ]"
    )
    for source in ("from=s,source=/out", "source=link", f"source=root{outside}"):
        with pytest.raises(DockmagicError):
            make(f"{stage}RUN --mount={source},target=/m,{mode} cat /m/file && touch /m/new")
    assert untouched(outside)


def test_a_mount_option_that_is_not_known(make: Builder) -> None:
    """CVE-2024-9407: what stands behind a key that is not known never reaches mount(2)."""
    for option in ("bind-propagation=rshared", "z", "type=bind,exec=1"):
        with pytest.raises(DockmagicError, match="Dockerfile:2"):
            make(f"FROM base\nRUN --mount=source=.,target=/m,{option} true")


def test_the_id_of_a_cache_is_no_path(make: Builder) -> None:
    """CVE-2024-9675: it names a cache, and leads to no folder."""
    before = set(make.store.home.root.iterdir())
    make("FROM base\nRUN --mount=type=cache,id=../../../../../../tmp/hole,target=/c touch /c/f && ls / > /out")
    make('FROM base\nRUN --mount=type=cache,id=/,target=/c [ -z "$(ls -A /c)" ]')
    assert set(make.store.home.root.iterdir()) == before


@pytest.mark.parametrize("target", ["/proc/self/environ", "/dev/zero", "{outside}/file"])
def test_a_list_of_users_behind_a_link(make: Builder, outside: Path, target: str) -> None:
    """CVE-2024-9676: names are looked up in the image alone, and nothing of the machine is read for them."""
    target = target.format(outside=outside)
    (outside / "file").write_text("hole:x:7:7::/:/bin/sh\n")
    text = f"FROM base\nRUN rm /etc/passwd && ln -s {target} /etc/passwd\n"
    with pytest.raises(DockmagicError, match="hole"):
        make(f"{text}COPY --chown=hole f /f", {"f": ""})
    with pytest.raises(DockmagicError):
        make(f"{text}USER hole\nRUN true")


@pytest.mark.parametrize(
    "text",
    [
        "COPY --chown=4294967295 file /f",
        "COPY --chown=0:2147483648 file /f",
        "COPY --chown=１ file /f",  # noqa: RUF001
        "ADD --chown=4294967295:0 file /f",
        "USER 4294967295\nRUN true",
        "USER 0:4294967295\nRUN true",
        "USER 4294967295\nWORKDIR /w",
        "RUN --mount=type=cache,target=/c,uid=4294967295 true",
        "RUN --mount=type=secret,id=s,gid=2147483648 true",
        "RUN --mount=type=cache,target=/c,uid=１ true",  # noqa: RUF001
    ],
)
def test_a_build_gives_nothing_to_a_number_that_is_none(make: Builder, text: str) -> None:
    """CVE-2024-40635: 4294967295 is to the kernel "leave it", so that files and programs stay root's."""
    with pytest.raises(DockmagicError, match=r"out of range|unable to find|invalid value"):
        make(f"FROM base\n{text}", {"file": "x"})
