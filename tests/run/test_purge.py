"""A home that goes, with containers that run and files of other users."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from dockmagic.engine import Engine
from dockmagic.image.samples.runnable import programs
from dockmagic.oci.errors import NotSupported


@pytest.mark.slow
def test_a_fresh_home_of_samples_goes_with_its_containers() -> None:
    """When they are switched, or the process ends: nothing of it stays, and what ran has ended."""
    if not programs():
        pytest.skip("needs a static busybox, or a shell and ldd")
    with TemporaryDirectory() as folder, Engine(Path(folder)) as engine:
        engine.use_samples(wanted=True, fresh=True)
        fresh = engine.home.root
        script = "mkdir -m 700 /own; touch /own/file; chown -R 5:5 /own; sleep 1000"
        try:
            container = engine.containers.create(engine.images.pull("ubuntu:12.04"), ["sh", "-c", script])
        except NotSupported as error:
            pytest.skip(str(error))
        container.start(owner=os.getpid()).close()
        pid = container.state.pid
        engine.use_samples(wanted=False)
        assert not fresh.exists()
        assert not Path(f"/proc/{pid}").exists()
