"""A registry that answers by a script, and registries that are configured by nothing but the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripted_registry import Scripted

from dockmagic.registry.auth.credentials import CredentialStore
from dockmagic.registry.configuration.configuration import RegistryConfiguration
from dockmagic.registry.registries import Registries
from dockmagic.registry.transport.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A scripted registry over plain HTTP."""
    server = Scripted()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def second() -> Iterator[Scripted]:
    """Another scripted server: a token server, a mirror, a store of blobs."""
    server = Scripted()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def notices() -> list[str]:
    """What the registries under test have said."""
    return []


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which nothing is configured."""
    return {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}


@pytest.fixture
def make(environ: dict[str, str], notices: list[str], tmp_path: Path) -> Iterator[Callable[..., Registries]]:
    """Makes registries with short times, from what `environ` and the files in it say at that moment."""
    made: list[Registries] = []

    def build(**retry_policy: float) -> Registries:
        limits = {"attempts": 3, "pause": 0.01, "longest_wait": 2.0, "connect": 5.0, "silence": 5.0, **retry_policy}
        registries = Registries(
            RegistryConfiguration.load(environ, system=tmp_path / "etc"),
            CredentialStore.load(environ),
            on_notice=notices.append,
            retry_policy=RetryPolicy(**limits),  # type: ignore[arg-type]
            environ=environ,
        )
        made.append(registries)
        return registries

    yield build
    for registries in made:
        registries.close()


@pytest.fixture
def registries(make: Callable[..., Registries]) -> Registries:
    """Registries with nothing configured and short times."""
    return make()
