"""``%browse`` in JupyterLab: a folding tree by mouse and by keyboard, and an image that means harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Page

    Run = Callable[[Sequence[str]], Page]

_BEGIN = ("%load_ext dockmagic", "%docker samples on --fresh", "img = %pull ubuntu:12.04")
_ACTIVE = ".dm-leaf[tabindex='0']"


def test_a_tree_folds_by_keyboard_alone(run_notebook: Run) -> None:
    """Arrow keys, Home, End, Enter and first letters, with the states that a screen reader tells; one tab stop."""
    page = run_notebook([*_BEGIN, "%browse ubuntu:12.04"])
    tree = page.get_by_role("tree")
    first = tree.get_by_role("treeitem").first
    first.click()
    page.locator(".dm-leaf.dm-active[aria-expanded='true']").wait_for()
    page.keyboard.press("ArrowLeft")
    page.locator(".dm-leaf.dm-active[aria-expanded='false']").wait_for()
    page.keyboard.press("Enter")
    page.locator(".dm-leaf.dm-active[aria-expanded='true']").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator(".dm-leaf.dm-active[aria-level='2']").wait_for()
    page.keyboard.press("ArrowLeft")
    page.locator(".dm-leaf.dm-active[aria-level='1']").wait_for()
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('.dm-leaf.dm-active')?.dataset.place > 5")
    place = page.locator(_ACTIVE)
    assert place.get_attribute("aria-posinset") == place.get_attribute("aria-setsize")
    page.keyboard.type("etc")
    page.locator(".dm-leaf.dm-active", has_text="etc/").wait_for()
    assert page.locator(_ACTIVE).count() == 1
    assert page.evaluate("document.activeElement.getAttribute('role')") == "treeitem"


def test_search_finds_a_file_and_shows_it_with_its_layers(run_notebook: Run) -> None:
    """The strip tells which layer supplies it and what it hides; one layer alone shows letters."""
    page = run_notebook([*_BEGIN, "%browse ubuntu:12.04"])
    page.locator(".dm-filter").fill("sources.list")
    page.locator(".dm-leaf", has_text="sources.list").first.click()
    page.locator(".dm-from", has_text="from layer 3, hides layer 0").wait_for()
    page.locator(".dm-preview", has_text="universe").wait_for()
    page.locator(".dm-layer[data-layer='3']").click()
    page.locator(".dm-chip").first.wait_for()
    assert page.locator(".dm-chip").count() == 3


def test_what_an_image_holds_never_becomes_markup_or_script(run_notebook: Run) -> None:
    """Names, HTML, SVG and notebooks of an image are text, live and in the twin."""
    attack = "<img src=x onerror=window.harmed=1><script>window.harmed=1</script>"
    notebook = {"cells": [{"cell_type": "markdown", "source": attack, "metadata": {}}], "nbformat": 4}
    made = f"""
import os, json
os.makedirs("hostile", exist_ok=True)
os.chdir("hostile")
open("page.html", "w").write({attack!r})
open("drawing.svg", "w").write("<svg xmlns='http://www.w3.org/2000/svg' onload='window.harmed=1'/>")
open("book.ipynb", "w").write({json.dumps(notebook)!r})
open("terminal.txt", "w").write("\\x1b]52;c;aGFybQ==\\x07 and \\x1b]8;;javascript:1\\x07link\\x1b]8;;\\x07")
open("<img src=x onerror=window.harmed=1>", "w").write("name")
"""
    build = "%%build -q -t hostile .\nFROM scratch\nCOPY . /"
    page = run_notebook([*_BEGIN, made, build, "%browse hostile"])
    rows = page.locator(".dm-leaf")
    rows.first.wait_for()
    assert rows.count() == 5
    for place in range(5):
        rows.nth(place).click()
        name = rows.nth(place).locator(".dm-path").inner_text()
        page.locator(".dm-about .dm-path", has_text=name).wait_for()
        assert page.locator(".dm-preview script, .dm-preview img, .dm-preview svg, .dm-about a").count() == 0
    assert page.evaluate("window.harmed") is None
    assert page.locator(".jp-OutputArea-output script").count() == 0
