"""Terminals in JupyterLab: what a hostile program cannot do to the page, and a page without xterm.js."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shell_cells import BEGIN, SHELL, type_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Page

    Run = Callable[[Sequence[str]], Page]

pytestmark = pytest.mark.usefixtures("sample_containers")


def test_output_does_not_reach_the_clipboard_or_the_title(run_notebook: Run) -> None:
    """OSC 52 and the sequences for titles (OSC 0, 1, 2) are dropped."""
    page = run_notebook([*BEGIN, SHELL])
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("navigator.clipboard.writeText('mine')")
    type_keys(
        page,
        "printf '\\033]52;c;c3RvbGVu\\007'; for n in 0 1 2; do printf \"\\033]$n;stolen\\007\"; done; echo do''ne\n",
    )
    page.locator(".dm-xterm .xterm-rows").get_by_text("done", exact=True).wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "mine"
    assert "stolen" not in page.title()


@pytest.mark.parametrize("library", ["None", "Xterm('throw new Error()', '')"], ids=["missing", "broken"])
def test_a_page_without_the_library_has_a_line_to_type_in(run_notebook: Run, library: str) -> None:
    """As where notebook-terminal is not installed, or its module does not load."""
    without = (
        "from dockmagic.notebook.terminals import page\nfrom dockmagic.notebook.terminals.xterm import Xterm\n"
        f"page.xterm = lambda: {library}"
    )
    page = run_notebook([*BEGIN, without, SHELL])
    line = page.locator(".dm-line")
    line.fill("echo he''re")
    line.press("Enter")
    page.locator(".dm-screen").filter(has_text="\nhere").wait_for()
    assert page.locator(".dm-xterm .xterm").count() == 0


def test_a_program_is_interrupted_and_told_of_a_new_size(run_notebook: Run) -> None:
    """Ctrl-C ends ``sleep``; ``stty size`` says more rows once the view is taller."""
    page = run_notebook([*BEGIN, SHELL])
    screen = page.locator(".dm-xterm .xterm-rows")
    type_keys(page, "sleep 81239; echo co''de=$?\n")
    page.wait_for_timeout(500)
    page.keyboard.press("Control+c")
    type_keys(page, "echo la''st=$?\n")
    screen.get_by_text("last=130", exact=True).wait_for()
    page.evaluate("document.querySelector('.dm-xterm').style.height = '600px'")
    page.wait_for_timeout(1000)
    type_keys(page, "set -- $(stty size); echo ta''ll=$(($1 > 28))\n")
    screen.get_by_text("tall=1", exact=True).wait_for()
