"""The twins that need no script: what GitHub, nbviewer and a terminal show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from well_formed import WellFormed

from dockmagic.rows.words import instruction

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture
def bundle(shared_shell: InteractiveShell):  # noqa: ANN201
    """What IPython would send for the value of a cell, with an image of the samples as ``img``."""
    shell = shared_shell

    def show(cell: str) -> dict[str, str]:
        result = shell.run_cell(cell)
        result.raise_error()
        data, _ = shell.display_formatter.format(result.result)  # type: ignore[union-attr]  # every shell has one
        return dict(data)

    return show


@pytest.mark.parametrize(
    "cell",
    [
        "img", "img.layers", "img.layers[0]", "img.files", "img / 'etc'", "img / 'etc/os-release'", "img / 'no/such'",
        "%layers ubuntu:12.04", "%layers ubuntu:12.04[1:3]", "%diff ubuntu:12.04 ubuntu:12.10", "%diff ubuntu:12.04[2]",
        "%inspect ubuntu:12.04", "%docker", "%diff ubuntu:12.04 ubuntu:12.04",
    ],
)  # fmt: skip
def test_every_display_has_text_and_balanced_html_without_script(bundle, cell: str) -> None:  # noqa: ANN001
    """Elements are closed, nothing is scripted or fetched, no colour is set that black or white would swallow."""
    data = bundle(cell)
    assert data["text/plain"].strip()
    html = data["text/html"]
    balance = WellFormed(html)
    assert (balance.open, balance.wrong) == ([], [])
    assert not re.search(r"<script|<link|src=|href=|url\(|javascript:| on\w+=", html)
    assert not re.search(r"(?<![-\w])color:\s*(?:black|white|#000|#fff)", html)


def test_what_an_image_says_is_text_and_never_markup() -> None:
    """Names and contents of an image may be hostile; they are shown, not obeyed."""
    from dockmagic.notebook import html

    assert html.text("<script>alert(1)</script>") == "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert html.code("x", title='"><b>') == '<code style="background:none" title="&quot;&gt;&lt;b&gt;">x</code>'
    assert html.text("bell\a and \x1b[31m") == r"bell\x07 and \x1b[31m"


def test_a_difference_is_a_tree_with_the_text_of_small_files(bundle) -> None:  # noqa: ANN001
    """Folders open by themselves, a changed text is there line by line, configuration and history follow."""
    data = bundle("%diff ubuntu:12.04 ubuntu:12.10")
    assert "<summary>" in data["text/html"]
    assert "DISTRIB_RELEASE=12.04" in data["text/html"]
    assert "History" in data["text/html"]
    assert ">step&nbsp;0<" in data["text/html"]
    assert "u00a0" not in data["text/html"]
    assert "C /etc/os-release" in data["text/plain"]


@pytest.mark.slow
def test_a_view_can_be_gone_on_with(bundle, shared_shell: InteractiveShell) -> None:  # noqa: ANN001
    """Rows, a frame, plain data, docker's text, and a picture that needs no display."""
    bundle("view = %layers ubuntu:12.04\nview")
    view = shared_shell.user_ns["view"]
    assert len(view) == len(view.frame()) == len(view.json()) == 5
    assert view.text.startswith("LAYER")
    assert view.json()[0]["DiffID"].startswith("sha256:")
    assert view["Size"].sum() == view.Size.sum() == sum(row.size for row in view)
    assert list(view.sort_values("Size").columns) == list(view.to_frame().columns) == list(view.columns)
    assert "Size" in dir(view)
    with pytest.raises(AttributeError, match="nosuch"):
        view.nosuch  # noqa: B018
    assert view.plot().png().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c apt-get update &&   apt-get clean", "RUN apt-get update && apt-get clean"),
        ("RUN /bin/sh -c pip install numpy # buildkit", "RUN pip install numpy"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("|1 VERSION=2 /bin/sh -c make", "RUN make"),
        ("", ""),
    ],
)
def test_instructions_read_as_the_dockerfile_had_them(written: str, shown: str) -> None:
    """What builders add to them is left out; the whole is in the tooltip."""
    assert instruction(written) == shown
