"""A real JupyterLab in a real browser, offline: Debian's chromium, driven by playwright."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from dockmagic.image.samples.runnable import programs
from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.machine.tiers import choose
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser, Page

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_START = 60


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    if _CHROMIUM is None:
        pytest.skip("needs chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    # A container, and root anywhere, has no namespace for chromium's sandbox; nothing but our own pages is opened.
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A JupyterLab with a configuration of its own: its address, and the folder that it shows."""
    pytest.importorskip("jupyterlab", reason="needs jupyterlab")
    place = tmp_path_factory.mktemp("lab")
    folder = place / "notebooks"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}", "--IdentityProvider.token=", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    own = {f"JUPYTER_{name}_DIR": str(place / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = dict(os.environ, **own, DOCKMAGIC_HOME=str(place / "home"), IPYTHONDIR=str(place / "ipython"))
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, env=environment) as server,
    ):
        try:
            _wait_for(f"http://127.0.0.1:{port}/api", server)
            yield f"http://127.0.0.1:{port}", folder
        finally:
            server.terminate()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(_START * 10):
        try:
            with urllib.request.urlopen(address):  # noqa: S310 - loopback
                return
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, "JupyterLab ended"
            time.sleep(0.1)
    pytest.fail(f"JupyterLab did not answer within {_START} s")


def _leaves(url: str, address: str) -> bool:
    return url.startswith(("http:", "https:", "ws:", "wss:")) and not url.partition("://")[2].startswith(
        address.partition("://")[2]
    )


@pytest.fixture
def run_notebook(browser: Browser, lab: tuple[str, Path]) -> Iterator[Callable[[Sequence[str]], Page]]:
    """Open cells as a notebook in JupyterLab, run them all, and give the page once the last one has run.

    The page may ask nobody but JupyterLab for anything.
    """
    import nbformat  # which takes seconds, that tests without a browser do not have

    address, folder = lab
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        strays: list[str] = []
        context.on("request", lambda request: strays.append(request.url) if _leaves(request.url, address) else None)

        def run(cells: Sequence[str]) -> Page:
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
            notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
            path = folder / f"notebook-{len(list(folder.iterdir()))}.ipynb"
            nbformat.write(notebook, path)
            page = context.new_page()
            page.goto(f"{address}/doc/tree/{path.name}")
            page.wait_for_selector(".jp-Notebook .jp-CodeCell")
            page.wait_for_function("window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel")
            page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
            numbers = page.locator(".jp-CodeCell .jp-InputArea-prompt")
            numbers.filter(has_text=f"[{len(cells)}]:").wait_for(timeout=60_000)
            return page

        yield run
        assert strays == []


@pytest.fixture
def sample_containers(tmp_path: Path) -> None:
    """Containers of samples can run here, else the test is skipped, with the reason."""
    if not programs():
        pytest.skip("needs a static busybox, or a shell and ldd")
    home = Home(tmp_path / "probe")
    home.prepare()
    try:
        choose(home)
    except NotSupported as error:
        pytest.skip(str(error))
