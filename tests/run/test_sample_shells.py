"""A first shell in a sample: what a learner types works, with a static busybox on this machine and without one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from programs import finish

from dockmagic.engine import Engine
from dockmagic.image.samples.runnable import _static, programs
from dockmagic.oci.errors import NotSupported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SCRIPT = """
mkfifo /tmp/pipe && { printf '%s-%s\\n' one two > /tmp/pipe & cat /tmp/pipe; }
stty rows 30 cols 90; stty size
tty > /tmp/name && grep -o /dev/ /tmp/name
id -u
echo alpha beta | tr a-z A-Z | sed 's/ /:/' | grep -c :
awk 'BEGIN { print 6 * 7 }'
echo packed | gzip | gzip -d
find /etc -name passwd
[ "$(seq 3 | tail -n 1)" = 3 ] && echo yes
"""
_SHOWN = ["one-two", "30 90", "/dev/", "0", "1", "42", "packed", "/etc/passwd", "yes"]


@pytest.fixture(params=["busybox", "copied"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """One with samples of this machine's busybox, or of its single programs."""
    if request.param == "copied":
        monkeypatch.setattr("dockmagic.image.samples.runnable._static", dict)
    elif not _static():
        pytest.skip("needs a static busybox (Debian's busybox-static)")
    if not programs():
        pytest.skip("needs a static busybox, or a shell and ldd")
    with Engine(tmp_path / "home") as engine:
        engine.use_samples(wanted=True, fresh=True)
        yield engine


@pytest.mark.parametrize("name", ["busybox", "ubuntu:12.04"])
def test_what_a_learner_types_first_works(engine: Engine, name: str) -> None:
    """On a terminal: pipes with names, the terminal's size, the tools of every shell."""
    try:
        container = engine.containers.create(engine.images.pull(name), ["sh", "-c", _SCRIPT], tty=True)
    except NotSupported as error:
        pytest.skip(str(error))
    code, out, _ = finish(container)
    assert out.splitlines() == _SHOWN
    assert code == 0


def test_programs_know_the_terminal(engine: Engine) -> None:
    """What they are told of it lies in the image."""
    if shutil.which("clear") is None:
        pytest.skip("needs clear (Debian's ncurses-bin)")
    try:
        container = engine.containers.create(engine.images.pull("busybox"), ["clear"], tty=True)
    except NotSupported as error:
        pytest.skip(str(error))
    code, out, _ = finish(container)
    assert code == 0
    assert "\x1b[H\x1b[" in out
