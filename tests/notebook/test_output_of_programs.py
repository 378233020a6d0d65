"""What a program writes, on its way into a cell and into a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.commands.cmdline.invocation import bind
from dockmagic.notebook.programs.readable import Readable, without_colours
from dockmagic.notebook.programs.streams import OutputCapture
from dockmagic.notebook.values.completed import CellCompleted
from dockmagic.runtime.completed import CommandFailed, Completed

if TYPE_CHECKING:
    from collections.abc import Iterable


def _read(pieces: Iterable[bytes]) -> str:
    readable = Readable()
    return "".join(readable.text(piece) for piece in pieces) + readable.text(b"", final=True)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"a\r\nb\r\n", "a\nb\n"),
        ("grün €\n".encode(), "grün €\n"),
        (b"\xff\xfe\n", "\ufffd\ufffd\n"),
        (b"\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n"),
        (b"\x1b[?2004hprompt\x1b[K\x1b[2J\x1b[10;20H$ ", "prompt$ "),
        (b"\x1b]0;a title\x07x\x1b]8;;http://a\x1b\\y", "xy"),
        (b"\x1b(B\x1b=\x1b>\x1bM\x07bell", "bell"),
        (b"10%\r20%\r", "10%\r20%\r"),
        (b"\x1b[", "["),
    ],
)
def test_bytes_become_text_for_a_page_however_they_are_cut(raw: bytes, shown: str) -> None:
    """Line ends of terminals, characters and control sequences cut anywhere, colours kept, all other control gone."""
    assert _read([raw]) == shown
    assert _read(raw[place : place + 1] for place in range(len(raw))) == shown


def test_colours_go_where_none_are_drawn() -> None:
    """In text twins."""
    assert without_colours("\x1b[1;31mred\x1b[0m") == "red"


def test_short_output_is_shown_whole_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """Each stream to its own."""
    with OutputCapture() as streams:
        streams(1, b"out\n")
        streams(2, b"err\n")
    assert tuple(capsys.readouterr()) == ("out\n", "err\n")
    assert (streams.read(1), streams.read(2)) == (b"out\n", b"err\n")


@pytest.mark.parametrize("piece", [1000, 77_777, 10_000_000])
def test_long_output_shows_its_beginning_and_end_however_it_comes(
    capsys: pytest.CaptureFixture[str], piece: int
) -> None:
    """Whole lines of both, and how much is left out between them; the result has every byte."""
    data = b"".join(b"line %08d\n" % number for number in range(200_000))
    with OutputCapture() as streams:
        for place in range(0, len(data), piece):
            streams(1, data[place : place + piece])
    shown = capsys.readouterr().out
    beginning, note, end = shown.partition("\n… ")
    assert beginning.startswith("line 00000000\n")
    assert 390_000 < len(beginning) <= 400_000
    assert note
    left_out, _, last = end.partition(" left out here; the result has them …\n")
    assert left_out == "2.38MB"
    assert last.startswith("line 00198")
    assert last.endswith("line 00199999\n")
    assert len(last) <= 20_000
    assert streams.read(1) == data


def test_output_that_is_no_text_is_kept_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """A zero byte gives it away."""
    with OutputCapture() as streams:
        streams(1, b"begins\n")
        streams(1, bytes(range(256)) * 100)
        streams(1, b"more\n")
    assert capsys.readouterr().out == "begins\n… 25.6kB that are not text; the result has them …\n"
    assert len(streams.read(1)) == 25_612


def _completed(out: bytes, code: int = 0) -> CellCompleted:
    streams = OutputCapture()
    streams(1, out)
    return CellCompleted(bind(("run", "busybox")), code, streams)


def test_a_result_reads_as_text_json_or_a_frame() -> None:
    """Objects by their members, tables as pandas reads them, else lines."""
    assert _completed(b"a\r\nb\n").text == "a\nb"
    assert _completed(b'{"a": 1}\n{"a": 2}\n').json() == [{"a": 1}, {"a": 2}]
    assert list(_completed(b'[{"a": {"b": 1}}]').frame().columns) == ["a.b"]
    assert _completed(b"x,y\n1,2\n").frame(sep=",").to_dict("records") == [{"x": 1, "y": 2}]
    assert list(_completed(b"one\ntwo\n").frame()["Line"]) == ["one", "two"]
    assert bytes(_completed(b"\xff\0")) == b"\xff\0"


def test_a_failure_carries_its_result() -> None:
    """For whoever catches it: the error that Python exports, in a cell too."""
    result = _completed(b"so far\n", 3)
    failure = CommandFailed(result)
    assert (failure.exit_code, failure.result.text, result.ok) == (3, "so far", False)


def test_what_a_cell_returns_is_what_python_returns() -> None:
    """One class for both, so that a function takes the result of either; ``check()`` too."""
    done = _completed(b"a\n", 3)
    assert isinstance(done, Completed)
    with pytest.raises(CommandFailed) as caught:
        done.check()
    assert caught.value.result is done
