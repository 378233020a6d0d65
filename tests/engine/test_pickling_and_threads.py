"""Objects of an engine in other processes and threads: found again there, with connections of their own."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from dockmagic import ContainerNotFound, Engine, ImageNotFound, NotSupported
from dockmagic.registry.registries import Registries

if TYPE_CHECKING:
    from pathlib import Path

    from dockmagic import Container, Image


def elsewhere(value: object, expression: str) -> str:
    """What an expression of `value` is in another process."""
    code = f"import pickle, sys; value = pickle.loads(sys.stdin.buffer.read()); print({expression})"
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(value), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def test_an_engine_is_pickled_by_its_home(tmp_path: Path) -> None:
    """The other process opens the same home."""
    with Engine(tmp_path) as engine:
        assert elsewhere(engine, "value.home.root") == str(tmp_path)
        assert elsewhere(engine.images, "len(value)") == "0"
        assert elsewhere(engine.containers, "len(value)") == "0"


def test_an_engine_with_registries_of_its_own_is_not_pickled(tmp_path: Path) -> None:
    """Their credentials and connections would go with them."""
    with Engine(tmp_path, registries=Registries()) as engine, pytest.raises(NotSupported, match="cannot be pickled"):
        pickle.dumps(engine)


def test_a_local_image_and_its_paths_are_found_again(image: Image) -> None:
    """By digest, in the home that it came from."""
    assert pickle.loads(pickle.dumps(image)) == image  # noqa: S301
    assert elsewhere(image, "value.id, value.tags") == f"{image.id} ('small:1',)"
    assert elsewhere(image, "(value / 'var/old').read_text()") == "old"


def test_a_container_is_found_again(container: Container) -> None:
    """By its ID; the other process can use it."""
    assert elsewhere(container, "value.execute('echo hi').text") == "hi"
    data = pickle.dumps(container)
    container.remove(force=True)
    with pytest.raises(ContainerNotFound):
        pickle.loads(data)  # noqa: S301


def test_a_remote_image_is_read_from_its_registry_again(image: Image, registry: str, tmp_path: Path) -> None:
    """Nothing of it is stored before or after."""
    image.push(f"{registry}/small:1")
    with Engine(tmp_path) as engine:
        remote = engine.images.find(f"{registry}/small:1")
        assert elsewhere(remote, "(value / 'var/old').read_text()") == "old"
        assert len(engine.images) == 0


def test_no_credential_is_in_a_pickle(tmp_path: Path, image: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of a login nor of a connection that is open."""
    config = tmp_path / "docker-config"
    config.mkdir()
    (config / "config.json").write_text('{"auths": {"registry.invalid": {"auth": "YWRhOnNlY3JldC13b3Jk"}}}')
    with Engine(tmp_path / "home") as engine:
        assert engine.registries is engine.registries
        for value in (engine, engine.images, image):
            data = pickle.dumps(value)
            assert b"secret" not in data
            assert b"YWRhOn" not in data


def test_threads_share_an_engine(engine: Engine) -> None:
    """Each gets the output of its own container."""
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda n: engine.containers.run("small:1", f"echo {n}", rm=True).text, range(8)))
    assert done == [str(n) for n in range(8)]


def test_threads_see_one_set_of_registries(tmp_path: Path) -> None:
    """Two first uses at once make one, and none is left open."""
    with Engine(tmp_path) as engine:
        barrier = threading.Barrier(8)

        def first(_: int) -> int:
            barrier.wait()
            return id(engine.registries)

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(first, range(8)))) == 1


# Python warns of a fork while other threads run, as those of the registry here.
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_process_makes_connections_of_its_own(image: Image, registry: str, tmp_path: Path) -> None:
    """It does not write into those of its parent."""
    image.push(f"{registry}/forked:1")
    with Engine(tmp_path) as engine:
        assert engine.images.find(f"{registry}/forked:1").raw_manifest
        mine = engine.registries
        child = os.fork()
        if not child:
            try:
                image = engine.images.find(f"{registry}/forked:1")
                os._exit(0 if engine.registries is not mine and (image / "var/old").is_file() else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert engine.registries is mine
        with pytest.raises(ImageNotFound):
            engine.images.find(f"{registry}/missing:1")
