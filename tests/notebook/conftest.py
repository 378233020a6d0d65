"""A live kernel with the extension, a shell in this process, and offline samples in a home of their own."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from dockmagic.image.samples import samples_home
from dockmagic.image.samples.runnable import programs
from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.machine.tiers import choose
from dockmagic.runtime.purge import forget_home
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from nbclient import NotebookClient


@contextmanager
def _shell() -> Iterator[InteractiveShell]:
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(config=config)
    made.run_line_magic("load_ext", "dockmagic")
    yield made
    made.run_line_magic("unload_ext", "dockmagic")
    InteractiveShell.clear_instance()


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """IPython in this process, with dockmagic loaded."""
    with _shell() as made:
        yield made


@pytest.fixture(scope="module")
def shared_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InteractiveShell]:
    """Likewise, with samples: one for all tests of a file, which take no `shell` then."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DOCKMAGIC_HOME", str(home))
        environment.setenv("DOCKMAGIC_SAMPLES", "1")
        with _shell() as made:
            # From here on it has this home, whatever a test has as its own.
            made.run_cell("img = %pull -q ubuntu:12.04\nx = %pull -q ubuntu:12.10").raise_error()
            yield made
        forget_home(samples_home(Home(home)).root)


@pytest.fixture(scope="session")
def live_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NotebookClient]:
    """A kernel, as nbclient and nbval have it: one for all tests, since to start one takes longer than most of them."""
    import nbformat  # which takes seconds, that tests without a kernel do not have
    from nbclient import NotebookClient

    here = tmp_path_factory.mktemp("kernel")
    with ExitStack() as stack:
        for last in (False, False, True):
            client = NotebookClient(nbformat.v4.new_notebook(), timeout=60, allow_errors=True, kernel_name="python3")
            client.resources = {"metadata": {"path": str(here)}}
            try:
                stack.enter_context(client.setup_kernel())
                break
            except RuntimeError as error:
                # Another kernel that started at the same moment took one of its ports.
                if last or "Kernel died before replying to kernel_info" not in str(error):
                    raise
        yield client


# What a cell may have changed: names, the mode of errors, the folder, the environment, and what the extension holds.
_AFRESH = """
import os
%unload_ext dockmagic
%reset -f
%xmode Context
import os
os.chdir({folder!r})
os.environ.clear()
os.environ.update({environment!r})
del os
%load_ext dockmagic
"""


@pytest.fixture
def run(live_kernel: NotebookClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Any]]:
    """Run cells in a live kernel with samples, as if it had just started; gives the outputs of each cell."""
    from nbformat.v4 import new_code_cell, new_notebook

    monkeypatch.setenv("DOCKMAGIC_SAMPLES", "1")

    def execute(*cells: str) -> list[Any]:
        begin = _AFRESH.format(folder=str(tmp_path), environment=dict(os.environ))
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in (begin, *cells)])
        live_kernel.nb = notebook
        live_kernel.reset_execution_trackers()
        for index, cell in enumerate(notebook.cells):
            live_kernel.execute_cell(cell, index)
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
