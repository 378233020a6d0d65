"""Which names an archive gets."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from dockmagic.commands.cmdline.context import CommandContext
from dockmagic.commands.cmdline.invoke import invoke
from dockmagic.engine import Engine

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def ctx() -> CommandContext:
    """A context with a store with one image under three names of two repositories."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("file"))
    engine = Engine()
    engine.images.import_rootfs(io.BytesIO(raw.getvalue()), "app:1")
    engine.images.tag("app:1", "app:2")
    engine.images.tag("app:1", "other:1")
    return CommandContext(engine)


def _names(path: Path) -> list[str] | None:
    with tarfile.open(path) as tar:
        (item,) = json.load(tar.extractfile("manifest.json"))
    return item["RepoTags"]


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (["app:1"], ["app:1"]),
        (["app"], ["app:1", "app:2"]),
        (["app:2", "other:1", "app:2"], ["app:2", "other:1"]),
        (["ID"], None),
    ],
)
def test_an_archive_gets_the_names_that_were_asked_for(
    ctx: CommandContext, tmp_path: Path, asked: list[str], names: list[str] | None
) -> None:
    """A repository means all its tags, an ID none, as in docker."""
    image_id = ctx.engine.images.get("app:1").id.short
    archive = tmp_path / "saved.tar"
    invoke(ctx, ["save", "-o", str(archive), *(image_id if name == "ID" else name for name in asked)])
    assert _names(archive) == names


def test_load_tells_of_the_names_in_the_archive_alone(ctx: CommandContext, tmp_path: Path) -> None:
    """Not of those that the image has here besides."""
    archive = tmp_path / "saved.tar"
    invoke(ctx, ["save", "-o", str(archive), "other:1"])
    assert invoke(ctx, ["load", "-i", str(archive)]).lines == ("Loaded image: other:1",)
