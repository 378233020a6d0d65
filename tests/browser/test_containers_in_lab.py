"""Containers in JupyterLab: a terminal that goes on, and the writable layer on top of its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from shell_cells import BEGIN, SHELL, type_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Locator, Page

    Run = Callable[[Sequence[str]], Page]

pytestmark = pytest.mark.usefixtures("sample_containers")


def _screen(page: Page) -> Locator:
    return page.locator(".dm-xterm .xterm-rows")


def test_a_terminal_shows_what_comes_and_takes_what_is_typed(run_notebook: Run) -> None:
    """Keys go from the page, a line from a later cell; both show on the same screen, as does the end."""
    page = run_notebook([*BEGIN, SHELL, "%%docker attach test\necho from a ce''ll"])
    _screen(page).get_by_text("from a cell", exact=True).wait_for()
    type_keys(page, "echo from the pa''ge\n")
    _screen(page).get_by_text("from the page", exact=True).wait_for()
    type_keys(page, "exit 3\n")
    page.locator(".dm-title").filter(has_text="ended with exit code 3").wait_for()


def test_a_terminal_is_one(run_notebook: Run) -> None:
    """Colours, its size, a password unseen, Ctrl-C, an editor that leaves the screen as it was, a way out by keys."""
    page = run_notebook([*BEGIN, SHELL])
    screen = _screen(page)
    type_keys(page, "printf '\\033[31mre''d\\033[0m\\n'; set -- $(stty size); echo rows=$1 wide=$(($2 > 60))\n")
    screen.locator("span.xterm-fg-1", has_text="red").wait_for()
    screen.get_by_text("wide=1", exact=False).last.wait_for()
    assert "rows=40" not in screen.inner_text()
    type_keys(page, "stty -echo; read word; stty echo; echo got-${#word}\n")
    page.wait_for_timeout(300)
    type_keys(page, "secret\n")
    screen.get_by_text("got-6", exact=True).wait_for()
    assert "secret" not in screen.inner_text()
    type_keys(page, "sleep 81239\n")
    page.wait_for_timeout(300)
    page.keyboard.press("Control+c")
    type_keys(page, "clear; echo be''fore; vi /tmp/new\n")
    screen.get_by_text("~", exact=True).first.wait_for()
    type_keys(page, "iwritten")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Escape")
    page.wait_for_timeout(1100)
    type_keys(page, ":wq\n")
    type_keys(page, "cat /tmp/ne\t\n")
    screen.get_by_text("written", exact=True).wait_for()
    screen.get_by_text("before", exact=True).wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('.dm-xterm')")
    assert page.locator(".jp-CodeCell").count() == 3


def test_a_terminal_is_drawn_again_when_its_page_is_loaded_again(run_notebook: Run) -> None:
    """From the kernel's log, while what is typed goes on."""
    page = run_notebook([*BEGIN, SHELL])
    type_keys(page, "echo be''fore\n")
    _screen(page).get_by_text("before", exact=True).wait_for()
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1000)
    page.reload()
    _screen(page).get_by_text("before", exact=True).wait_for()
    type_keys(page, "echo af''ter\n")
    _screen(page).get_by_text("after", exact=True).wait_for()


def test_a_terminal_bears_much_output(run_notebook: Run) -> None:
    """5 MB come to their end within seconds, and the page paints meanwhile."""
    page = run_notebook([*BEGIN, SHELL])
    page.evaluate(
        "() => { window.longest = 0; let last = performance.now();"
        " const tick = () => { const now = performance.now(); window.longest = Math.max(window.longest, now - last);"
        " last = now; requestAnimationFrame(tick); }; tick(); }"
    )
    type_keys(page, "yes 0123456789abcde | head -c 5000000; echo do''ne\n")
    _screen(page).get_by_text("done", exact=True).wait_for(timeout=20_000)
    assert page.evaluate("window.longest") < 2000


def test_keys_reach_a_program_while_a_cell_runs(run_notebook: Run) -> None:
    """Over the kernel's subshells (ipykernel 7), which comms use in JupyterLab from 4.4."""
    page = run_notebook([*BEGIN, SHELL, "import time"])
    _screen(page).get_by_text("#").first.wait_for()
    page.evaluate(
        "() => { window.done = false; window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".requestExecute({code: 'time.sleep(20)'}).done.then(() => { window.done = true; }); }"
    )
    page.wait_for_timeout(500)
    type_keys(page, "echo me''anwhile\n")
    _screen(page).get_by_text("meanwhile", exact=True).wait_for(timeout=15_000)
    assert page.evaluate("window.done") is False


def test_the_writable_layer_lies_on_top_of_the_image(run_notebook: Run) -> None:
    """Paths are filtered, and a changed text unfolds against what it hides."""
    change = (
        "%docker run -d --name box ubuntu:12.04 sleep 1000\n"
        "%docker exec box sh -c 'echo more >> /etc/issue; touch /new'"
    )
    page = run_notebook([*BEGIN, change, "%diff box"])
    row = page.locator(".dm-row[data-path='/etc/issue']")
    row.wait_for()
    assert "hides 23B of layer 0" in row.inner_text()
    assert page.locator(".dm-still").count() == 5
    row.click()
    page.locator(".dm-text .dm-plus").filter(has_text="+more").wait_for()
    page.locator(".dm-filter").fill("new")
    row.wait_for(state="detached")
