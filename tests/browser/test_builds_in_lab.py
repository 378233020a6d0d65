"""Builds in JupyterLab: steps while they run, the result that opens step by step, a failure that stays open."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Page

    Run = Callable[[Sequence[str]], Page]

_BEGIN = (
    "%load_ext dockmagic",
    "%docker samples on --fresh",
    "import os, tempfile\nos.chdir(tempfile.mkdtemp())\n_ = open('name', 'w').write('one')",
)


def test_a_step_opens_on_what_it_changed(run_notebook: Run) -> None:
    """A click shows its files; progress is down to one line; warnings have their fix."""
    page = run_notebook([*_BEGIN, "%%build -t app .\nFROM scratch\nCOPY name /etc/\nCMD run me"])
    steps = page.locator(".dm-build")
    steps.first.wait_for()
    assert steps.count() == 3
    page.get_by_text("3 steps, 0 from the cache, in").wait_for()
    page.locator(".dm-build[data-step='2']").click()
    page.locator(".dm-row[data-path='/etc/name']").wait_for()
    assert page.get_by_text("JSONArgsRecommended").count()
    _picture(page, "build")


def test_a_failure_stays_open(run_notebook: Run) -> None:
    """The step is marked, and the error shows its lines."""
    page = run_notebook([*_BEGIN, "%%build .\nFROM scratch\nCOPY name /etc/\nCOPY nothing /"])
    page.get_by_text("✗").wait_for()
    page.get_by_text(">>> COPY nothing /").wait_for()
    _picture(page, "build-failed")


def test_a_step_takes_one_line_however_long_it_is(run_notebook: Run) -> None:
    """So that the steps stay in sight; its time stands at the end, the rest is there when the mouse rests on it."""
    page = run_notebook([*_BEGIN, f"%%build .\nFROM scratch\nLABEL long={'x' * 400}\nCOPY nothing /"])
    line = page.locator("code[title^='LABEL']")
    box = line.bounding_box()
    assert box is not None
    assert box["height"] < 30
    assert line.locator("xpath=../following-sibling::span").is_visible()


def _picture(page: Page, name: str) -> None:
    """Kept where ``DOCKMAGIC_PICTURES`` names a folder, for people to look at."""
    folder = os.environ.get("DOCKMAGIC_PICTURES")
    if folder:
        page.wait_for_timeout(500)
        page.screenshot(path=f"{folder}/{name}.png")
