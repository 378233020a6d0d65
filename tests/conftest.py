"""Every test has a home and a user's configuration of its own: what the person who runs them has is never seen.

Also: which tests are slow, so that `make quick` leaves them out, and what is said of those that were skipped.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Generator

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

#: Fixtures that start containers, kernels, browsers, git or another engine, by the folder of the tests.
_STARTING = {
    "browser": {"browser", "lab"},
    "build": {"bud", "repositories", "repository", "running_store"},
    "cli": {"containers_home"},
    "image": {"registry_host"},
    "notebook": {"kernel", "run", "tier"},
    "run": {"engine", "store"},
}

# Time says nothing on a machine that others use too, and the folder that the tests start in may be read-only.
settings.register_profile("anywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
settings.load_profile("anywhere")
settings.register_profile("quick", settings.get_profile("anywhere"), max_examples=20)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _FOREIGN:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKMAGIC_HOME", str(tmp_path / "dockmagic-home"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker-config"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    # fsspec keeps file systems for the life of a process, which a user has one home in.
    if "dockmagic.filesystem" in sys.modules:
        sys.modules["dockmagic.filesystem"].ImageFileSystem.clear_instance_cache()
    # Without one, skopeo falls back to a folder that only root may read.
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))


def pytest_configure(config: pytest.Config) -> None:
    """Let `make quick` try fewer examples."""
    if config.option.markexpr == "not slow":
        settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what starts containers, kernels, browsers, git or another engine: all that have such a fixture."""
    for item in items:
        starting = _STARTING.get(item.path.parent.name, set())
        if item.path.suffix == ".ipynb" or starting & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None]:
    """Count the skipped tests by their reasons, after everything else and before the closing line."""
    yield
    skipped = terminalreporter.stats.get("skipped", [])
    if not skipped:
        return
    reasons: dict[str, Counter[str]] = {}
    for report in skipped:
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reason = text.removeprefix("Skipped: ").strip()
        reasons.setdefault(reason, Counter())[report.nodeid.partition("::")[0]] += 1
    terminalreporter.section(f"{len(skipped)} skipped, by reason")
    for reason, files in sorted(reasons.items(), key=lambda item: -item[1].total()):
        names = ", ".join(f"{Path(name).stem} {count}" for name, count in sorted(files.items()))
        terminalreporter.line(f"{files.total():5}  {reason}  ({names})")
