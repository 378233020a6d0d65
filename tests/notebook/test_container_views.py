"""Containers, their writable layer and the paths in them, as they look in a cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from programs import until
from well_formed import WellFormed

from dockmagic.notebook.views.screen import live_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell

    Bundle = Callable[[str], dict[str, str]]


@pytest.fixture
def bundle(shared_shell: InteractiveShell, tier: None) -> Iterator[Bundle]:
    """What IPython would send for the value of a cell; there is a container that has written, as ``box``."""
    shell = shared_shell
    script = (
        "echo '<more>' >> /etc/issue; rm /etc/debian_version; mkdir /made; ln -s file /made/link; echo 1 > /made/file"
    )
    for cell in (
        "box = %docker run -d --name box ubuntu:12.04 sleep 1000",
        f"%docker exec box sh -c {script!r}",
    ):
        shell.run_cell(cell).raise_error()

    def show(cell: str) -> dict[str, str]:
        result = shell.run_cell(cell)
        result.raise_error()
        data, _ = shell.display_formatter.format(result.result)  # type: ignore[union-attr]  # every shell has one
        return dict(data)

    yield show
    shell.run_cell("%docker rm -f box")


_PATHS = ("etc/issue", "etc/debian_version", "made", "made/link", "bin/sh", "no/such", "etc/passwd")


@pytest.mark.parametrize("cell", ["box", "%diff box", *(f"box / {path!r}" for path in _PATHS)])
def test_every_display_has_text_and_balanced_html_without_script(bundle: Bundle, cell: str) -> None:
    """Short, and nothing of one run or machine in it."""
    data = bundle(cell)
    assert set(data) == {"text/plain", "text/html"}
    balance = WellFormed(data["text/html"])
    assert (balance.open, balance.wrong) == ([], [])
    assert not re.search(r"<script|\son\w+=|<more>|\b[0-9a-f]{12}\b|ago\b", data["text/html"])
    assert len(data["text/plain"].splitlines()) < 20


def test_a_containers_card_says_how_it_goes_and_what_it_has_written(bundle: Bundle) -> None:
    """And what to run next."""
    text = bundle("box")["text/plain"]
    assert text.startswith("box  on ubuntu:12.04\n  Command: sleep 1000\n  State: running\n")
    assert "the writable layer: 3 added, 2 changed, 1 deleted" in text
    assert "%docker stop box" in text
    assert "State: exited with 137" in bundle("%docker stop -t 0 box\nbox")["text/plain"]


def test_a_diff_lists_what_changed_and_what_it_hides(bundle: Bundle) -> None:
    """On top of the image's layers; rows, frame and docker's text are at hand."""
    text = bundle("view = %diff box\nview")["text/plain"]
    assert re.search(r"^  C /etc/issue +30B +hides 23B of layer 0$", text, re.MULTILINE)
    assert re.search(r"^  D /etc/debian_version +hides 11B of layer 0$", text, re.MULTILINE)
    assert re.search(r"^  A /made/file +2B$", text, re.MULTILINE)
    assert re.search(r"^ +0 .* 2 paths of it hidden$", text, re.MULTILINE)


def test_a_diff_can_be_gone_on_with(bundle: Bundle, shared_shell: InteractiveShell) -> None:
    """A page may ask for fewer paths, and for the lines of one."""
    bundle("view = %diff box\nview")
    view: Any = shared_shell.user_ns["view"]
    assert list(view.frame()["Path"]) == [row["Path"] for row in view.json()] == [row.path for row in view]
    assert view.text.splitlines()[1] == "D /etc/debian_version"
    assert [row[1] for row in view.answer({"ask": "changes", "filter": "MADE/"})["rows"]] == [
        "/made/file",
        "/made/link",
    ]
    assert view.answer({"ask": "text", "path": "/etc/issue"})["text"].endswith("\n+<more>")
    assert view.answer({"ask": "text", "path": "/made"})["problem"]
    assert view.state()["page"]["total"] == len(view)


def test_copy_up_can_be_watched(bundle: Bundle) -> None:
    """Before a write a layer of the image supplies the file; after it the writable one does, and that is as it was."""
    before = bundle("box / 'etc/passwd'")["text/plain"]
    after = bundle("%docker exec box sh -c 'echo x >> /etc/passwd'\nbox / 'etc/passwd'")["text/plain"]
    assert re.search(r"^ +\+ +nothing +the writable layer$", before, re.MULTILINE)
    assert re.search(r"^ +0 +91B, seen ", before, re.MULTILINE)
    assert re.search(r"^ +\+ +93B, seen +the writable layer$", after, re.MULTILINE)
    assert re.search(r"^ +0 +91B, hidden and as it always was ", after, re.MULTILINE)
    assert "removed" in bundle("box / 'etc/debian_version'")["text/plain"]


def test_what_a_commit_makes_is_an_image_with_its_name(bundle: Bundle) -> None:
    """One layer more than its parent."""
    text = bundle("%commit -m changed box mine:1")["text/plain"]
    assert text.startswith("mine:1 ")
    assert "6 layers" in text


def test_a_container_that_went_with_its_program_is_not_offered(shared_shell: InteractiveShell, tier: None) -> None:
    """No cell to start it again or to remove it."""
    shell = shared_shell
    shell.run_cell("kept = %docker run -it --name kept -q busybox true").raise_error()
    shell.run_cell("gone = %docker run -it --rm -q busybox true").raise_error()
    kept, gone = (shell.user_ns[name] for name in ("kept", "gone"))
    assert until(lambda: not kept.running and not gone.running)
    twins = {name: live_session(shown)["text/plain"] for name, shown in (("kept", kept), ("gone", gone))}
    assert "%docker start kept" in twins["kept"]
    assert "%docker" not in twins["gone"]


def test_ps_is_a_table(bundle: Bundle, shared_shell: InteractiveShell) -> None:
    """Of docker's columns."""
    bundle("table = %ps\ntable")
    table: Any = shared_shell.user_ns["table"]
    assert table[["Names", "Image", "Command"]].to_dict("records") == [
        {"Names": "box", "Image": "ubuntu:12.04", "Command": "sleep 1000"}
    ]
