"""What is taken of the wheel that carries xterm.js."""

from __future__ import annotations

import pytest

from dockmagic.notebook.terminals.xterm import xterm


def test_only_the_styles_of_xterm_are_sent_to_a_page() -> None:
    """The carrier's style sheet has rules for its own widget, which nothing here draws."""
    found = xterm()
    if found is None:
        pytest.skip("needs notebook-terminal")
    assert "nbterm" not in found.style
    assert ".xterm .xterm-helper-textarea" in found.style
    assert found.style.count("{") == found.style.count("}") > 0
