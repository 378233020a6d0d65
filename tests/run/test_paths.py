"""Paths inside containers: what is read, and which layer it comes from."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from dockmagic.oci.errors import NotSupported, PathNotFound
from dockmagic.runtime.path import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockmagic.runtime.container import Container


@pytest.fixture
def running(make: Callable[..., Container]) -> Iterator[Callable[[str], Container]]:
    """Runs a script in a container that goes on afterwards."""

    def begin(script: str) -> Container:
        container = make("sh", "-c", f"{script}; touch /tmp/ready; sleep 1000")
        container.start(owner=os.getpid()).close()
        for _ in range(100):
            if (container / "tmp/ready").exists():
                return container
            time.sleep(0.02)
        pytest.fail("the container is not ready")

    return begin


def test_a_path_is_read_as_the_container_sees_it(running: Callable[[str], Container]) -> None:
    """From the image, from the writable layer, through links, and after the end."""
    container = running("echo new > /var/new; echo more >> /var/old; ln -s old /var/link; mkdir /var/made")
    assert (container / "var/dir/in").read_text() == "in\n"
    assert (container / "/var/link").read_text() == "old\nmore\n"
    assert sorted(path.name for path in (container / "var").iterdir()) == ["dir", "link", "made", "new", "old"]
    with pytest.raises(NotSupported, match="is a directory"):
        (container / "var").read_bytes()
    with pytest.raises(PathNotFound):
        (container / "var/nothing").read_bytes()
    container.stop(0)
    assert (container / "var" / "new").read_text() == "new\n"


def test_a_write_copies_a_file_up_and_leaves_the_lower_one_alone(running: Callable[[str], Container]) -> None:
    """Before, the image's layer supplies it; after, nobody but the container does."""
    container = running("true")
    path = container / "var/old"
    assert path.layer is not None
    assert (path.layer.index, path.hides) == (0, ())
    before = [(place.layer and place.layer.index, place.entry and place.entry.size) for place in path.places()]
    assert before == [(None, None), (0, 4)]
    with container.exec(["sh", "-c", "echo more >> /var/old"]) as session:
        assert session.follow(lambda *_: None) == 0
    assert path.layer is None
    assert [layer.index for layer in path.hides] == [0]
    after = [(place.layer and place.layer.index, place.entry and place.entry.size) for place in path.places()]
    assert after == [(None, 9), (0, 4)]
    assert (container.image / "var/old").read_text() == "old\n"


def test_what_is_removed_is_there_below(running: Callable[[str], Container]) -> None:
    """A folder with what is in it."""
    container = running("rm -r /var/dir")
    path = container / "var/dir/in"
    assert not path.exists()
    assert (container / "var/dir").places()[0].removes
    assert (container / "var/dir").places()[1].entry is not None
    assert "var/dir/in" not in container.files
    assert [(change.letter, change.path) for change in differences(container.image, container.changes())][-1] == (
        "D",
        "/var/dir",
    )


def test_a_mode_alone_is_no_other_content(running: Callable[[str], Container]) -> None:
    """Though overlay copies the whole file."""
    container = running("chmod 600 /var/old")
    (change,) = (one for one in differences(container.image, container.changes()) if one.path == "/var/old")
    assert change.aspects == ("mode",)
