"""Attributes and keywords of docker-py's objects: there here too, or refused in one line that says what to write."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import docker.client
import docker.models.containers as their_containers
import docker.models.images as their_images
import docker.models.volumes as their_volumes
import pytest

import dockmagic
from dockmagic.docker_py import ATTRIBUTES, KEYWORDS
from dockmagic.engine.containers import Containers
from dockmagic.engine.images import Images
from dockmagic.engine.volumes import Volumes
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path

PAIRS: list[tuple[str, type, type]] = [
    ("Container", their_containers.Container, dockmagic.Container),
    ("Image", their_images.Image, dockmagic.Image),
    ("Volume", their_volumes.Volume, dockmagic.Volume),
    ("Containers", their_containers.ContainerCollection, Containers),
    ("Images", their_images.ImageCollection, Images),
    ("Volumes", their_volumes.VolumeCollection, Volumes),
    ("Engine", docker.client.DockerClient, dockmagic.Engine),
]
#: Parts of docker-py that are no part of its API, and attributes that ours set when they are made.
THEIRS_ALONE = {"id_attribute", "model", "prepare_model", "collection", "from_context", "from_env", "api", "images"}


@pytest.mark.parametrize(("kind", "theirs", "ours"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_an_attribute_of_docker_py_is_here_or_named_otherwise(kind: str, theirs: type, ours: type) -> None:
    """None ends in a line that leaves the reader alone."""
    wanted = {name for name in dir(theirs) if not name.startswith("_")} - THEIRS_ALONE
    assert {name for name in wanted if not hasattr(ours, name)} <= ATTRIBUTES.get(kind, {}).keys()
    assert not {name for name in ATTRIBUTES.get(kind, ()) if hasattr(ours, name)}


@pytest.mark.parametrize(("kind", "theirs", "ours"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_a_keyword_of_docker_py_is_here_or_named_otherwise(kind: str, theirs: type, ours: type) -> None:
    """Of each method that both have; `run`, `create`, `build` and `pull` have tables of their own."""
    for name in {name for name in dir(theirs) if not name.startswith("_")} - {"run", "create", "build", "pull"}:
        one: Any
        one, other = getattr(theirs, name), getattr(ours, name, None)
        if inspect.isfunction(one) and inspect.isfunction(other):
            missing = {
                key
                for key, parameter in inspect.signature(one).parameters.items()
                if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and key not in inspect.signature(other).parameters
            }
            assert missing <= KEYWORDS.get(f"{kind}.{name}", {}).keys(), name


def test_they_are_refused_in_one_line(tmp_path: Path) -> None:
    """On objects, on the engine, and on the package itself."""
    engine = dockmagic.Engine(tmp_path)
    with pytest.raises(AttributeError, match="'Engine' object has no attribute 'networks': there are none"):
        engine.networks  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(AttributeError, match=r"'search': call engine.registries.search"):
        engine.images.search("a")  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"'from_env': write Engine\(\)"):
        dockmagic.from_env()  # type: ignore[attr-defined]
    with pytest.raises(AttributeError, match=r"no attribute 'of_nobody'$"):
        engine.of_nobody  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(TypeError, match=r"Images.list\(\) got an unexpected keyword argument 'name': write filters"):
        engine.images.list(name="a")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"Volumes.create.* 'driver': leave it out"):
        engine.volumes.create("a", driver="local")  # type: ignore[call-arg]
    assert not len(engine.volumes)


def test_a_signal_has_a_name(engine: dockmagic.Engine) -> None:
    """As docker-py takes it."""
    container = engine.containers.run("small:1", "sleep 100", detach=True)
    with pytest.raises(InvalidInput, match="NOSUCH"):
        container.kill("NOSUCH")
    container.kill("SIGKILL")
    assert container.wait() == 137
    with pytest.raises(AttributeError, match=r"'exec_run': call execute\(COMMAND\)"):
        container.exec_run("ls")  # type: ignore[attr-defined]
    container.remove()
