"""Every test has a home and a user's configuration of its own: what the person who runs them has is never seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from pathlib import Path

_FOREIGN = (
    "DOCKER_AUTH_CONFIG",
    "DOCKER_DEFAULT_PLATFORM",
    "DOCKMAGIC_MAX_LAYER_SIZE",
    "DOCKMAGIC_SAMPLES",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "REGISTRY_AUTH_FILE",
    "SOURCE_DATE_EPOCH",
    "http_proxy",
    "https_proxy",
)

# Time says nothing on a machine that others use too, and the folder that the tests start in may be read-only.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.load_profile("anywhere")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKMAGIC_HOME", str(tmp_path / "dockmagic-home"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker-config"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    # Without one, skopeo falls back to a folder that only root may read.
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
