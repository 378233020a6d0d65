"""Logs that could not be written, or not to their end: who listens hears all, and what comes later is understood."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import tarfile
import threading
from typing import TYPE_CHECKING

import pytest
from programs import limit_log, until

from dockmagic.oci.errors import DockmagicError, OutOfSpace
from dockmagic.runtime.worker.tar_in import write_tar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dockmagic.runtime.container import Container

    Make = Callable[..., Container]

_LOGGED = 1 << 13  # bytes: more than the files take that a keeper writes besides
_WRITES = "head -c 8191 /dev/zero | tr '\\0' x; echo; read go; seq 1 200000; echo seen; read go; echo last; exit 3"


def test_who_listens_misses_nothing_where_the_log_does(make: Make) -> None:
    """In order and once, the first listener and a later one; when there is room again the log goes on, too."""
    container = make("sh", "-c", _WRITES, interactive=True)
    heard: dict[str, bytes] = {"first": b"", "second": b""}
    with container.start(owner=os.getpid(), stdin=True) as first, container.attach(stdin=False) as second:

        def on_first(_stream: int, data: bytes) -> None:
            heard["first"] += data
            if len(heard["first"]) == _LOGGED:
                limit_log(container, (container.folder / "log").stat().st_size + 1000)
                first.write(b"go\n")
            elif heard["first"].endswith(b"seen\n"):
                limit_log(container, resource.RLIM_INFINITY)
                first.write(b"go\n")

        def on_second(_stream: int, data: bytes) -> None:
            heard["second"] += data

        assert (first.unlogged, second.unlogged) == ("", "")
        # Beside each other: for who does not listen the program waits now.
        other = threading.Thread(target=second.follow, args=(on_second,))
        other.start()
        assert first.follow(on_first) == 3
        other.join()
        assert first.unlogged
        assert (second.unlogged, second.exit_code) == (first.unlogged, 3)
    numbers = b"".join(b"%d\n" % number for number in range(1, 200_001))
    assert heard["first"] == b"x" * (_LOGGED - 1) + b"\n" + numbers + b"seen\nlast\n"
    assert heard["first"].endswith(heard["second"])
    assert numbers in heard["second"]

    logged = b"".join(frame.data for frame in container.logs())
    assert logged.startswith(b"x" * (_LOGGED - 1) + b"\n")
    assert logged.endswith(b"last\n")
    assert len(logged) < len(heard["first"])


def test_a_log_goes_on_where_its_keeper_was_killed(make: Make) -> None:
    """Half a frame is cut off, so that the next run's output is read as it is, by who starts it, too."""
    container = make("sh", "-c", "echo whole; exec sleep 1000")
    for run in (1, 2):
        heard: list[bytes] = []
        with container.start(owner=os.getpid()) as session:
            assert until(lambda number=run: len(list(container.logs())) == number)
            os.kill(json.loads((container.folder / "state.json").read_bytes())["shim"], signal.SIGKILL)
            with pytest.raises(DockmagicError, match="keeper is gone"):
                session.follow(lambda _, data, heard=heard: heard.append(data))
        assert heard == [b"whole\n"]
        with (container.folder / "log").open("r+b") as file:
            half = file.read(20)
            file.seek(0, os.SEEK_END)
            file.write(half)
    assert [frame.data for frame in container.logs()] == [b"whole\n"] * 2


def test_a_copy_leaves_no_half_of_a_file(tmp_path: Path) -> None:
    """Where there is no more room, what is whole stays, and the error names the file that is not."""
    packed, aim = tmp_path / "tar", tmp_path / "aim"
    aim.mkdir()
    with tarfile.open(packed, "w") as tar:
        for name, size in (("bin", 0), ("bin/small", 10), ("bin/large", 100_000)):
            member = tarfile.TarInfo(name)
            member.size, member.type = size, tarfile.REGTYPE if size else tarfile.DIRTYPE
            member.mode = 0o755
            tar.addfile(member, io.BytesIO(bytes(size)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with packed.open("rb") as source:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
        try:
            with pytest.raises(OutOfSpace, match="no space is left for bin/large"):
                write_tar("/", str(aim), source.fileno(), owners="mine")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in (aim / "bin").iterdir()] == ["small"]
