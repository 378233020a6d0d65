"""Cells that open a shell in a container, and typing into its terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["BEGIN", "SHELL", "type_keys"]

BEGIN: Final = ("%load_ext dockmagic", "%docker samples on --fresh\n%pull -q ubuntu:12.04;")
SHELL: Final = "s = %docker run -i -t --name test --hostname test ubuntu:12.04 /bin/bash\ns"


def type_keys(page: Page, text: str) -> None:
    """Type into the terminal that is drawn on the page."""
    page.locator(".dm-xterm .xterm-helper-textarea").focus()
    page.keyboard.type(text)
