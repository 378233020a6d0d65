"""Containers in JupyterLab: a terminal that goes on, and the writable layer on top of its image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.image.samples.runnable import programs
from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.machine.tiers import choose
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from playwright.sync_api import Locator, Page

    Run = Callable[[Sequence[str]], Page]

_BEGIN = ("%load_ext dockmagic", "%docker samples on --fresh\n%pull -q ubuntu:12.04;")
_SHELL = "s = %docker run -i -t --name test --hostname test ubuntu:12.04 /bin/bash\ns"


@pytest.fixture(autouse=True)
def _possible(tmp_path: Path) -> None:
    if not programs():
        pytest.skip("needs a static busybox, or a shell and ldd")
    home = Home(tmp_path / "probe")
    home.prepare()
    try:
        choose(home)
    except NotSupported as error:
        pytest.skip(str(error))


def _screen(page: Page) -> Locator:
    return page.locator(".dm-xterm .xterm-rows")


def _type(page: Page, text: str) -> None:
    page.locator(".dm-xterm .xterm-helper-textarea").focus()
    page.keyboard.type(text)


def test_a_terminal_shows_what_comes_and_takes_what_is_typed(run_notebook: Run) -> None:
    """Keys go from the page, a line from a later cell; both show on the same screen, as does the end."""
    page = run_notebook([*_BEGIN, _SHELL, "%%docker attach test\necho from a ce''ll"])
    _screen(page).get_by_text("from a cell", exact=True).wait_for()
    _type(page, "echo from the pa''ge\n")
    _screen(page).get_by_text("from the page", exact=True).wait_for()
    _type(page, "exit 3\n")
    page.locator(".dm-title").filter(has_text="ended with exit code 3").wait_for()


def test_a_terminal_is_one(run_notebook: Run) -> None:
    """Colours, its size, a password unseen, Ctrl-C, an editor that leaves the screen as it was, a way out by keys."""
    page = run_notebook([*_BEGIN, _SHELL])
    screen = _screen(page)
    _type(page, "printf '\\033[31mre''d\\033[0m\\n'; set -- $(stty size); echo rows=$1 wide=$(($2 > 60))\n")
    screen.locator("span.xterm-fg-1", has_text="red").wait_for()
    screen.get_by_text("wide=1", exact=False).last.wait_for()
    assert "rows=40" not in screen.inner_text()
    _type(page, "stty -echo; read word; stty echo; echo got-${#word}\n")
    page.wait_for_timeout(300)
    _type(page, "secret\n")
    screen.get_by_text("got-6", exact=True).wait_for()
    assert "secret" not in screen.inner_text()
    _type(page, "sleep 81239\n")
    page.wait_for_timeout(300)
    page.keyboard.press("Control+c")
    _type(page, "clear; echo be''fore; vi /tmp/new\n")
    screen.get_by_text("~", exact=True).first.wait_for()
    _type(page, "iwritten")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Escape")
    page.wait_for_timeout(1100)
    _type(page, ":wq\n")
    _type(page, "cat /tmp/ne\t\n")
    screen.get_by_text("written", exact=True).wait_for()
    screen.get_by_text("before", exact=True).wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.closest('.dm-xterm')")
    assert page.locator(".jp-CodeCell").count() == 3


def test_a_terminal_is_drawn_again_when_its_page_is_loaded_again(run_notebook: Run) -> None:
    """From the kernel's log, while what is typed goes on."""
    page = run_notebook([*_BEGIN, _SHELL])
    _type(page, "echo be''fore\n")
    _screen(page).get_by_text("before", exact=True).wait_for()
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_timeout(1000)
    page.reload()
    _screen(page).get_by_text("before", exact=True).wait_for()
    _type(page, "echo af''ter\n")
    _screen(page).get_by_text("after", exact=True).wait_for()


def test_a_terminal_bears_much_output(run_notebook: Run) -> None:
    """5 MB come to their end within seconds, and the page paints meanwhile."""
    page = run_notebook([*_BEGIN, _SHELL])
    page.evaluate(
        "() => { window.longest = 0; let last = performance.now();"
        " const tick = () => { const now = performance.now(); window.longest = Math.max(window.longest, now - last);"
        " last = now; requestAnimationFrame(tick); }; tick(); }"
    )
    _type(page, "yes 0123456789abcde | head -c 5000000; echo do''ne\n")
    _screen(page).get_by_text("done", exact=True).wait_for(timeout=20_000)
    assert page.evaluate("window.longest") < 2000


def test_keys_reach_a_program_while_a_cell_runs(run_notebook: Run) -> None:
    """Over the kernel's subshells (ipykernel 7), which comms use in JupyterLab from 4.4."""
    page = run_notebook([*_BEGIN, _SHELL, "import time"])
    _screen(page).get_by_text("#").first.wait_for()
    page.evaluate(
        "() => { window.done = false; window.jupyterapp.shell.currentWidget.sessionContext.session.kernel"
        ".requestExecute({code: 'time.sleep(20)'}).done.then(() => { window.done = true; }); }"
    )
    page.wait_for_timeout(500)
    _type(page, "echo me''anwhile\n")
    _screen(page).get_by_text("meanwhile", exact=True).wait_for(timeout=15_000)
    assert page.evaluate("window.done") is False


def test_the_writable_layer_lies_on_top_of_the_image(run_notebook: Run) -> None:
    """Paths are filtered, and a changed text unfolds against what it hides."""
    change = (
        "%docker run -d --name box ubuntu:12.04 sleep 1000\n"
        "%docker exec box sh -c 'echo more >> /etc/issue; touch /new'"
    )
    page = run_notebook([*_BEGIN, change, "%diff box"])
    row = page.locator(".dm-row[data-path='/etc/issue']")
    row.wait_for()
    assert "hides 23B of layer 0" in row.inner_text()
    assert page.locator(".dm-still").count() == 5
    row.click()
    page.locator(".dm-text .dm-plus").filter(has_text="+more").wait_for()
    page.locator(".dm-filter").fill("new")
    row.wait_for(state="detached")
