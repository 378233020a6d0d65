"""Keys that leave a program, and the output that is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.commands.cmdline.context import CommandContext
from dockmagic.commands.cmdline.table import load
from dockmagic.commands.flags.detach_keys import detach_keys_of
from dockmagic.commands.streams.stream_io import Kept
from dockmagic.engine import Engine
from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("ctrl-@", b"\0"),
        ("ctrl-[", b"\x1b"),
        ("ctrl-\\", b"\x1c"),
        ("ctrl-_", b"\x1f"),
        ("a,b", b"ab"),
        ("ctrl-a,x", b"\x01x"),
    ],
)
def test_keys_are_written_as_dockers(text: str, keys: bytes) -> None:
    """Control keys and plain characters, separated by commas."""
    assert detach_keys_of(text) == keys


@pytest.mark.parametrize("text", ["", "ctrl-", "ctrl-pp", "ctrl-1", "ab", "é", "ctrl-p,", "ctrl-P"])
def test_other_keys_are_refused(text: str) -> None:
    """In one line, with an example."""
    with pytest.raises(InvalidInput, match="ctrl-p,ctrl-q"):
        detach_keys_of(text)


def test_the_beginning_of_each_stream_is_kept(tmp_path: Path) -> None:
    """As much as the context says; all of it is handed on."""
    heard: list[tuple[int, bytes]] = []
    ctx = CommandContext(Engine(tmp_path), on_output=lambda stream, data: heard.append((stream, data)), kept_output=4)
    kept = Kept(ctx)
    for stream, data in ((1, b"abc"), (2, b"x"), (1, b"def"), (1, b"g")):
        kept(stream, data)
    ran = kept.ran(None, 0)  # type: ignore[arg-type]  # no container wrote it
    assert (ran.stdout, ran.stderr, ran.dropped) == (b"abcd", b"x", 3)
    assert heard == [(1, b"abc"), (2, b"x"), (1, b"def"), (1, b"g")]


@pytest.mark.parametrize(
    ("words", "image", "command"),
    [
        (["img", "--rm"], "img", ("--rm",)),
        (["--rm", "img", "a", "--rm=true", "-e", "x"], "img", ("a", "--rm=true", "-e", "x")),
        (["-e", "A", "img", "b"], "img", ("b",)),
        (["-it", "-e=A", "img"], "img", ()),
        (["-itv", "/a:/b", "img", "-it=false"], "img", ("-it=false",)),
        (["--name", "n", "--", "img", "--", "x"], "img", ("--", "x")),
        (["--env=A=--rm=true", "img", "c"], "img", ("c",)),
        (["-eA=1", "img", "--rm=1"], "img", ("--rm=1",)),
    ],
)
def test_flags_after_the_image_are_the_commands(words: list[str], image: str, command: tuple[str, ...]) -> None:
    """However the flags before it are written."""
    run = load("run")
    context = run.make_context("run", words)
    assert (context.params["image"], context.params["words"]) == (image, command)
