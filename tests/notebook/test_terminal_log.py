"""What the kernel keeps of a terminal for pages, and where their xterm.js is from."""

from __future__ import annotations

from dockmagic.notebook.terminals.scrollback import Scrollback
from dockmagic.notebook.terminals.xterm import xterm


def test_the_log_keeps_the_last_bytes_from_the_start_of_a_line() -> None:
    """However much comes, memory is bounded, and offsets go on."""
    log = Scrollback(limit=1000)
    for number in range(5000):
        log.append(b"line %d\r\n" % number)
    assert log.end - log.start <= 2000
    kept = log.read(log.start, 1 << 20)
    assert kept.startswith(b"line ")
    assert kept.endswith(b"line 4999\r\n")
    assert log.read(log.end, 10) == b""


def test_modes_that_were_set_before_the_log_begins_are_set_again() -> None:
    """An editor's own screen and hidden cursor, but not a mode that has been reset."""
    log = Scrollback(limit=1000)
    log.append(b"\x1b[?1049h\x1b[?1;25l\x1b[?2004h\x1b[?2004l\n" + b"x\n" * 3000)
    assert log.modes() == b"\x1b[?1049h\x1b[?1l\x1b[?25l\x1b[?2004l"


def test_the_wheel_that_carries_xterm_still_has_it_where_it_is_looked_for() -> None:
    """Both classes are exported, and the carrier's own widget is not."""
    found = xterm()
    assert found is not None
    assert " as Terminal," in found.script
    assert " as FitAddon}" in found.script
    assert " as default" not in found.script
    assert ".xterm" in found.style
