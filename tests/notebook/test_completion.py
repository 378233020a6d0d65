"""Completion at the cursor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from IPython.core.completer import CompletionContext, provisionalcompleter

from dockmagic.notebook.completion.completer import Completion

if TYPE_CHECKING:
    from collections.abc import Iterator

    from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture(scope="module")
def completing(shared_shell: InteractiveShell) -> InteractiveShell:
    """A shell with two images of the samples."""
    shared_shell.run_cell("%tags ubuntu;").raise_error()
    return shared_shell


@pytest.fixture(scope="module")
def with_containers(completing: InteractiveShell, tier: None) -> Iterator[InteractiveShell]:
    """Also with a container and a volume."""
    for cell in ("%docker volume create data;", "box = %docker run -d --name web -q busybox sleep 1000"):
        completing.run_cell(cell).raise_error()
    yield completing
    completing.run_cell("%docker rm -f web")


def complete(shell: InteractiveShell, text: str) -> tuple[list[str], str]:
    """What our matcher offers at the end of `text`, and what it replaces."""
    (matcher,) = (one for one in shell.Completer.custom_matchers if isinstance(one, Completion))
    lines = text.split("\n")
    context = CompletionContext(
        token="", full_text=text, cursor_position=len(lines[-1]), cursor_line=len(lines) - 1, limit=None
    )
    result = matcher(context)
    return [completion.text for completion in result["completions"]], result.get("matched_fragment", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%docker im", ["images", "import", "image"]),
        ("%docker image pr", ["prune"]),
        ("%layers ubuntu:12.1", ["ubuntu:12.10"]),
        ("x = %docker layers ub", ["ubuntu:12.04", "ubuntu:12.10"]),
        ("%diff ubuntu:12.04 ubuntu:12.1", ["ubuntu:12.10"]),
        ("%layers ubuntu:12.04[", [f"ubuntu:12.04[{number}]" for number in range(5)]),
        ("%docker cat ubuntu:12.04[3", ["ubuntu:12.04[3]"]),
        ("%layers nosuch[", ["nosuch["]),
        ("%pull --pla", ["--plan", "--platform"]),
        ("%docker pull --plat", ["--platform"]),
        ("%pull ubuntu:pre", ["ubuntu:precise"]),
        ("%files ubuntu:12.04 /etc/os", ["/etc/os-release"]),
        ("%docker cat ubuntu:12.04 etc/os-r", ["etc/os-release"]),
        ("%docker cat ubuntu:12.04[0] /et", ["/etc/"]),
        ("img / 'et", ["etc/"]),
        ("img / 'etc/os-", ["os-release"]),
        ("%%docker\npull ubuntu:12.04\n$ docker layers ubuntu:12.1", ["ubuntu:12.10"]),
        ("%docker nosuch x", ["x"]),
        ("%docker tag {im", []),
        ("%timeit ubu", []),
        ("x = 'et", []),
    ],
)
def test_what_is_here_already_is_offered(completing: InteractiveShell, text: str, expected: list[str]) -> None:
    """Commands, flags, images, paths and seen tags; nothing where something else is meant."""
    offered, fragment = complete(completing, text)
    assert offered == expected
    assert not offered or text.endswith(fragment)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("%docker stop we", ["web"]),
        ("%docker exec -i we", ["web"]),
        ("%docker logs ", ["web"]),
        ("%docker run --rm -v da", ["data"]),
        ("%docker run --volumes-from w", ["web"]),
        ("%docker run --rm busy", ["busybox:latest"]),
        ("%docker volume rm d", ["data"]),
        ("%diff w", ["web"]),
        ("box / 'etc/pass", ["passwd"]),
        ("%docker rm -f web ", ["web"]),
        ("%docker cp we", ["web:"]),
        ("%docker cp web:/etc/pass", ["web:/etc/passwd"]),
        ("%docker container cp . web:/et", ["web:/etc/"]),
        ("%docker run --rm busybox hostn", ["hostname"]),
        ("%docker run --rm busybox sh -c pri", ["pri"]),
        ("%docker run --rm busybox cat /etc/pass", ["/etc/passwd"]),
        ("%docker exec web hostn", ["hostname"]),
        ("%docker exec -i web cat /etc/pass", ["/etc/passwd"]),
        ("%docker ps --filter na", ["na"]),
    ],
)
def test_containers_volumes_and_paths_in_them_are_offered(
    with_containers: InteractiveShell, text: str, expected: list[str]
) -> None:
    """Each where it is meant."""
    offered, fragment = complete(with_containers, text)
    assert offered == expected
    assert not offered or text.endswith(fragment)


def test_a_flags_type_is_one_short_word(completing: InteractiveShell) -> None:
    """JupyterLab prints the type in a narrow column beside the names, where a sentence covers them."""
    (matcher,) = completing.Completer.custom_matchers
    for text in ("%pull --", "%docker run --", "%layers ub"):
        context = CompletionContext(token="", full_text=text, cursor_position=len(text), cursor_line=0, limit=None)
        found = matcher(context)["completions"]
        assert found
        assert {one.type for one in found} <= {"flag", "image"}


def test_completion_is_quick_and_asks_nobody(completing: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few milliseconds, and no connection even where the name could only be remote."""
    import socket

    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("completion opened a connection"))
    for text in ("%docker ", "%pull quay.io/x", "%layers ub", "%docker cat ubuntu:12.04 /etc/o", "img / 'etc/"):
        complete(completing, text)
        began = time.perf_counter()
        complete(completing, text)
        assert time.perf_counter() - began < 0.05


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("%layers ubuntu:12.1", "%layers ubuntu:12.10"),
        ("%docker run ubuntu:12.04 sh -c pri", "%docker run ubuntu:12.04 sh -c pri"),
        ("%docker ps --filter na", "%docker ps --filter na"),
        ("%docker ps --filter ", "%docker ps --filter "),
    ],
)
def test_ipython_shows_what_the_matcher_offers(completing: InteractiveShell, text: str, offered: str) -> None:
    """Through IPython's own completer, as the notebook asks it; where nothing fits, no names of Python."""
    with provisionalcompleter():
        found = [text[: one.start] + one.text for one in completing.Completer.completions(text, len(text))]
    assert found == [offered]
