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

    from playwright.sync_api import Page

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


def test_a_terminal_shows_what_comes_and_takes_what_is_typed(run_notebook: Run) -> None:
    """A line is typed into the page, and one by a later cell; both show on the same screen, as does the end."""
    page = run_notebook([*_BEGIN, _SHELL, "%%docker attach test\necho from a ce''ll"])
    screen = page.locator(".dm-screen")
    screen.get_by_text("from a cell").wait_for()
    page.locator(".dm-line").fill("echo from the pa''ge")
    page.locator(".dm-line").press("Enter")
    screen.get_by_text("from the page").wait_for()
    page.locator(".dm-line").fill("exit 3")
    page.locator(".dm-line").press("Enter")
    page.locator(".dm-title").filter(has_text="ended with exit code 3").wait_for()
    assert page.locator(".dm-line").is_disabled()


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
