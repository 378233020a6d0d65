"""What an editor shows of the API: checked by mypy as a part of the linters, and never run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader, TextIOWrapper
from typing import TYPE_CHECKING, assert_type

import pandas as pd

import dockmagic
from dockmagic import Completed, Container, ContainerPath, Image, ImagePath, Job, Pushed, Rows, Volume
from dockmagic.engine.events import Event
from dockmagic.rows import ContainerRow, FileRow, HistoryRow, ImageRow, LayerRow, ProcessRow

if TYPE_CHECKING:
    from dockmagic import Engine


def containers(engine: Engine) -> None:
    """A run gives a result, and with `detach` a container."""
    assert_type(engine.containers.run("a"), Completed)
    assert_type(engine.containers.run("a", ["b"], env={"A": "1"}, check=True, input="x", timeout=1.5), Completed)
    assert_type(engine.containers.run("a", "b", detach=True, ports={80: 8080}), Container)
    assert_type(engine.containers.create("a"), Container)
    assert_type(dockmagic.run("a"), Completed)
    assert_type(dockmagic.run("a", detach=True), Container)


def one_container(container: Container) -> None:
    """Its own methods give what the collection's do."""
    assert_type(container.execute("a"), Completed)
    assert_type(container.top(), Rows[ProcessRow])
    assert_type(container.top()[0].pid, int)
    assert_type(container.commit("a"), Image)
    assert_type(container.rename("a"), Container)
    assert_type(container.copy_from("/a", "b"), int)
    assert_type(container / "etc", ContainerPath)


def jobs(engine: Engine) -> None:
    """A job is of what the call returns, and takes its arguments."""
    job = dockmagic.submit(engine.images.pull, "a", platform="linux/arm64")
    assert_type(job, Job[Image])
    assert_type(job.result(), Image)
    assert_type(job.events(), Iterator[Event])
    assert_type(dockmagic.submit(dockmagic.pull, "a").result(1.0), Image)


async def awaited(engine: Engine) -> None:
    """So is what a coroutine gets."""
    assert_type(await dockmagic.submit(engine.images.push, "a"), Pushed)


def collections(engine: Engine) -> None:
    """Their members are known."""
    assert_type(iter(engine.images), Iterator[Image])
    assert_type(engine.images["a"], Image)
    assert_type(engine.containers.list(), tuple[Container, ...])
    assert_type(engine.volumes["a"], Volume)
    assert_type(len(engine.containers), int)
    assert_type(engine.images.rows(), Rows[ImageRow])
    assert_type(engine.containers.rows()[0], ContainerRow)


def images(image: Image) -> None:
    """Times are datetimes, and paths read as those of pathlib."""
    assert_type(image.created, datetime | None)
    assert_type(image.labels, dict[str, str])
    assert_type(image.layers.rows(), Rows[LayerRow])
    assert_type(image.layers[0].row(), LayerRow)
    assert_type(image.layers.to_frame(), pd.DataFrame)
    assert_type(image.files.rows(), Rows[FileRow])
    assert_type(image.history.rows(), Rows[HistoryRow])
    assert_type(image.history.to_frame(), pd.DataFrame)
    path = image / "etc/passwd"
    assert_type(path, ImagePath)
    assert_type(path.parent, ImagePath)
    assert_type(path.open(), TextIOWrapper)
    assert_type(path.open("rb"), BufferedReader)
    assert_type(path.read_text(), str)
    assert_type(list(path.rglob("*")), list[ImagePath])
