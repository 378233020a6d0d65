"""The fixtures themselves: a notebook runs in JupyterLab and shows what it should, with no request to the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Page


def test_a_notebook_runs_in_jupyterlab(run_notebook: Callable[[Sequence[str]], Page]) -> None:
    """Cells run in order in one kernel, and the extension loads."""
    page = run_notebook(["%load_ext dockmagic", "answer = 6 * 7", "answer"])
    assert page.locator(".jp-OutputArea-output").last.inner_text().strip() == "42"
