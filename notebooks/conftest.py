"""The notebooks as tests (``pytest --nbval``): what they are compared by, and which of them cannot run everywhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dockmagic.image.samples.runnable import programs
from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.machine.tiers import choose
from dockmagic.store.home import Home

#: Notebooks that run programs in containers.
_RUNNING = ("03-", "04-", "06-", "07-")


def pytest_configure(config: pytest.Config) -> None:
    """Let nbval leave out what ``sanitize.cfg`` names, unless it was given another file."""
    if hasattr(config.option, "nbval_sanitize_with") and not config.option.nbval_sanitize_with:
        config.option.nbval_sanitize_with = str(Path(__file__).with_name("sanitize.cfg"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip notebooks with containers, by name, where none can run."""
    for item in items:
        if item.path.suffix == ".ipynb" and item.path.name.startswith(_RUNNING) and (reason := _obstacle()):
            item.add_marker(pytest.mark.skip(reason=f"{item.path.name}: {reason}"))


@cache
def _obstacle() -> str:
    if not programs():
        return "there are no programs here for the samples: neither a static busybox nor a shell and ldd"
    with TemporaryDirectory() as folder:
        home = Home(Path(folder))
        home.prepare()
        try:
            choose(home)
        except NotSupported as error:
            return str(error)
    return ""
