"""The views in JupyterLab: a stack that opens, layers that are compared, paths that are filtered, text that unfolds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playwright.sync_api import Page

    Run = Callable[[Sequence[str]], Page]

_BEGIN = ("%load_ext dockmagic", "%docker samples on --fresh", "img = %pull ubuntu:12.04")


def test_the_stack_opens_a_layer_and_compares_two(run_notebook: Run) -> None:
    """A click shows a layer's files; two ticks show what lies between; a filter leaves what is asked for."""
    page = run_notebook([*_BEGIN, "%layers ubuntu:12.04"])
    slabs = page.locator(".dm-slab")
    slabs.first.wait_for()
    assert [slab.get_attribute("data-layer") for slab in slabs.all()] == ["4", "3", "2", "1", "0"]
    page.locator(".dm-slab[data-layer='0']").click()
    page.locator(".dm-row[data-path='/etc/os-release']").wait_for()
    page.locator(".dm-filter").fill("passwd")
    page.locator(".dm-row[data-path='/etc/os-release']").wait_for(state="detached")
    assert page.locator(".dm-row[data-path='/etc/passwd']").count() == 1
    page.locator(".dm-slab[data-layer='0'] input").check()
    page.locator(".dm-slab[data-layer='3'] input").check()
    page.get_by_text("From layer 0 to layer 3").wait_for()
    page.locator(".dm-row[data-path='/usr/sbin/policy-rc.d']").wait_for()


def test_a_changed_text_unfolds(run_notebook: Run) -> None:
    """In a difference, a click on a text file shows its lines."""
    page = run_notebook([*_BEGIN, "%diff 'ubuntu:12.04[3]'"])
    page.locator(".dm-row[data-path='/etc/apt/sources.list']").click()
    page.locator(".dm-text .dm-plus").first.wait_for()
    assert page.locator(".dm-text .dm-minus").count()


def test_without_widgets_the_same_stack_opens_without_a_script(run_notebook: Run) -> None:
    """What a saved notebook shows is plain HTML that folds and unfolds by itself."""
    page = run_notebook([*_BEGIN, "import os; os.environ['DOCKMAGIC_WIDGETS'] = '0'", "%layers ubuntu:12.04"])
    output = page.locator(".jp-OutputArea-output details").filter(has_text="DiffID").first
    output.wait_for()
    assert page.locator(".dm-slab").count() == 0
    output.locator("summary").first.click()
    page.get_by_text("DiffID").first.wait_for()
