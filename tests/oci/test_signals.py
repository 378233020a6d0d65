"""Signals by name and number, as docker reads them."""

from __future__ import annotations

import signal

import pytest

from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.signals import parse_signal, signal_name


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("TERM", 15),
        ("SIGTERM", 15),
        ("sigterm", 15),
        ("15", 15),
        ("64", 64),
        ("SIGRTMIN", 34),
        ("RTMIN+3", 37),
        ("SIGRTMIN+3", 37),
        ("sigrtmin+30", 64),
        ("RTMAX", 64),
        ("SIGRTMAX-1", 63),
        ("SIGRTMAX-30", 34),
        ("IOT", 6),
        ("CLD", 17),
        ("POLL", 29),
        ("STKFLT", 16),
    ],
)
def test_names_and_numbers_are_read(text: str, number: int) -> None:
    """With and without SIG, in any letter case; systemd's images stop by a real-time one."""
    assert parse_signal(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "65",
        "-1",
        "\u0661",
        "9" * 5000,
        "SIG",
        "NOPE",
        "SIGSIGTERM",
        "RTMIN-1",
        "RTMIN+31",
        "RTMAX+1",
        "RTMAX-31",
    ],
)
def test_what_is_no_signal_is_refused_by_name(text: str) -> None:
    """Zero, too much, and what merely looks like one."""
    with pytest.raises(InvalidInput, match="there is no signal"):
        parse_signal(text)


def test_every_number_has_a_name_that_means_it() -> None:
    """Those of Linux, as Python knows them too."""
    for number in (*range(1, 32), *range(34, 65)):
        assert parse_signal(signal_name(number)) == number
    for known in signal.Signals:
        assert parse_signal(known.name) == known.value
    assert signal_name(99) == "99"
