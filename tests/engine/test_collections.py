"""Images, containers and volumes of an engine as collections, and their rows as tables."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from dockmagic import ContainerNotFound, ImageNotFound, InvalidInput, Rows

if TYPE_CHECKING:
    from dockmagic import Engine, Image


def test_containers_are_counted_iterated_and_found_stopped_ones_too(engine: Engine) -> None:
    """`len`, `for`, `in` and `[]` cover all; `list(all=False)` those that run."""
    made = engine.containers.create("small:1", "true", name="made")
    runs = engine.containers.run("small:1", "sleep 1000", name="runs", detach=True, labels={"a": "1"})
    assert len(engine.containers) == 2
    assert {one.name for one in engine.containers} == {"made", "runs"}
    assert list(engine.containers) == [runs, made]
    assert engine.containers.list(all=False) == (runs,)
    assert engine.containers.list(filters={"status": ["created"]}) == (made,)
    assert engine.containers.list(filters={"label": "a=1"}) == engine.containers.list(filters="label=a=1") == (runs,)
    assert "made" in engine.containers
    assert made.id in engine.containers
    assert made.short_id in engine.containers
    assert made in engine.containers
    assert "none" not in engine.containers
    assert engine.containers["made"] == engine.containers.get("made") == made
    with pytest.raises(ContainerNotFound):
        engine.containers["none"]
    assert repr(engine.containers) == "<2 containers>"


@pytest.mark.parametrize("name", [0, -1, slice(0, 1), None, b"made"])
def test_a_collection_is_no_list(engine: Engine, name: object) -> None:
    """What is no name is a TypeError, and nothing is found by its place."""
    for collection in (engine.images, engine.containers, engine.volumes):
        with pytest.raises(TypeError, match="by name"):
            collection[name]  # type: ignore[index]
        assert name not in collection


def test_filters_are_refused_when_they_mean_nothing(engine: Engine) -> None:
    """By type, and by name."""
    with pytest.raises(TypeError, match="filters takes"):
        engine.containers.list(filters=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"filters\['label'\] takes"):
        engine.containers.list(filters={"label": object()})
    with pytest.raises(InvalidInput):
        engine.containers.list(filters={"colour": "red"})


def test_images_and_volumes_are_collections_too(engine: Engine, image: Image) -> None:
    """An engine without any still has the collection."""
    assert image in engine.images
    assert "small:1" in engine.images
    assert image.short_id in engine.images
    assert [one.tags for one in engine.images] == [("small:1",)]
    assert engine.images.list(filters={"dangling": True}) == ()
    with pytest.raises(ImageNotFound):
        engine.images["none"]
    assert engine.volumes
    assert not len(engine.volumes)
    engine.volumes.create("work", labels={"a": "1"})
    assert [one.name for one in engine.volumes.list(filters={"label": "a"})] == ["work"]
    engine.volumes.remove("work")


def test_an_image_has_what_one_reaches_for(engine: Engine, image: Image) -> None:
    """Names, labels, times, settings and files; it can be named and removed."""
    assert image.labels == {"kind": "small"}
    assert image.created is None or image.created.tzinfo == UTC
    assert isinstance(image.created, datetime | None)
    assert repr(image).startswith("<Image small:1")
    assert len(repr(image)) < 80
    tagged = image.tag("other:2")
    assert set(tagged.tags) == {"small:1", "other:2"}
    assert engine.images["other:2"].inspect()["Id"] == str(image.id)
    engine.images.remove("other:2")
    assert "other:2" not in engine.images


def test_layers_files_and_history_are_rows_and_frames(image: Image) -> None:
    """Each makes its own rows, as the verbs show them, and a DataFrame of those."""
    assert [row.diff_id for row in image.layers.rows()] == [layer.diff_id for layer in image.layers]
    assert image.layers[0].row() == image.layers.rows()[0]
    assert list(image.layers.to_frame()["Layer"]) == list(range(len(image.layers)))
    paths = [row.path for row in image.files.rows()]
    assert paths
    assert "/" not in paths
    assert list(image.files.to_frame()["Path"]) == paths
    assert list(image.layers[0].files.to_frame()["Path"]) == paths
    assert len(image.history.rows()) == max(len(image.history), len(image.layers))
    assert image.history.rows()[-1].id == image.id
    assert list(image.history.to_frame()["Size"]) == [row.size for row in image.history.rows()]
    assert pickle.loads(pickle.dumps(image.history)) == image.history  # noqa: S301  (our own)


def test_one_name_is_one_image(engine: Engine) -> None:
    """A name of another type is refused by its argument."""
    for call in (engine.images.get, engine.images.pull, engine.images.find, engine.containers.get):
        with pytest.raises(TypeError, match="name takes a str, not int: 5"):
            call(5)  # type: ignore[operator]


def test_rows_become_frames(engine: Engine) -> None:
    """With docker's columns; sizes are numbers and times are datetimes, also where there are no rows."""
    rows = engine.images.rows()
    assert isinstance(rows, Rows)
    assert isinstance(rows, tuple)
    assert repr(rows).startswith("<1 row: ")
    frame = rows.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["Repository"]) == ["small"]
    assert pd.api.types.is_integer_dtype(frame["Size"])
    empty = engine.containers.rows().to_frame()
    assert len(empty) == 0
    assert isinstance(empty["CreatedAt"].dtype, pd.DatetimeTZDtype)
    pd.testing.assert_frame_equal(rows.frame(), frame)
