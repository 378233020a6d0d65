"""What ? and ; mean after a magic of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%images?", "get_ipython().run_line_magic('images', '--help')\n"),
        ("%docker run?", "get_ipython().run_line_magic('docker', '--help run')\n"),
        ("%docker image ls??", "get_ipython().run_line_magic('docker', '--help image ls')\n"),
        ("%docker run busybox ls?", "get_ipython().run_line_magic('docker', '--help run busybox ls')\n"),
        ("%docker?", "get_ipython().run_line_magic('docker', '--help')\n"),
        ("%images;", "get_ipython().run_line_magic('images', '');\n"),
        ("%layers ubuntu ;", "get_ipython().run_line_magic('layers', 'ubuntu');\n"),
        ("x = %images;", "x = get_ipython().run_line_magic('images', '')\n"),
        ("if True:\n    %images;", "if True:\n    get_ipython().run_line_magic('images', '');\n"),
        ("%timeit?", "get_ipython().run_line_magic('pinfo', '%timeit')\n"),
        ("text = '''\n%images?\n'''", "text = '''\n%images?\n'''\n"),
        ("%imagesque?", "get_ipython().run_line_magic('pinfo', '%imagesque')\n"),
    ],
)
def test_a_question_mark_asks_for_help_and_a_semicolon_quiets(shell: InteractiveShell, cell: str, python: str) -> None:
    """Only for magics of ours, and only where a magic stands."""
    assert shell.transform_cell(cell) == python
