"""A live kernel with the extension, a shell in this process, and offline samples in a home of their own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from traitlets.config import Config

from dockmagic.image.samples import samples_home
from dockmagic.image.samples.runnable import programs
from dockmagic.oci.errors import NotSupported
from dockmagic.run.forgetting import forget_home
from dockmagic.run.machine.tiers import choose
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """IPython in this process, with dockmagic loaded."""
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(config=config)
    made.run_line_magic("load_ext", "dockmagic")
    yield made
    made.run_line_magic("unload_ext", "dockmagic")
    InteractiveShell.clear_instance()


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Run cells in a live kernel with samples, as nbclient and nbval do; gives the outputs of each cell."""
    monkeypatch.setenv("DOCKMAGIC_SAMPLES", "1")

    def execute(*cells: str) -> list[Any]:
        code = ["%load_ext dockmagic", *cells]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in code])
        for last in (False, False, True):
            try:
                NotebookClient(notebook, timeout=60, allow_errors=True, kernel_name="python3").execute()
                break
            except RuntimeError as error:
                # Another kernel that started at the same moment took one of its ports.
                if last or "Kernel died before replying to kernel_info" not in str(error):
                    raise
        return [cell.outputs for cell in notebook.cells[1:]]

    return execute


@pytest.fixture(scope="session")
def tier(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Containers of samples can run here, else the test is skipped, with the reason."""
    if not programs():
        pytest.skip("needs a static busybox, or a shell and ldd")
    home = Home(tmp_path_factory.mktemp("tier"))
    home.prepare()
    try:
        choose(home)
    except NotSupported as error:
        pytest.skip(str(error))


@pytest.fixture
def containers(tier: None) -> Iterator[None]:
    """Containers of samples can run; those of the test are gone after it."""
    yield
    forget_home(samples_home(Home(Path(os.environ["DOCKMAGIC_HOME"]))).root)
