"""One file of a home that is damaged breaks what it is about, and nothing else; what is damaged can be removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Typed = Callable[..., object]

JUNK = {
    "empty": b"",
    "cut": b'{"started": 1',
    "list": b"[]",
    "null": b"null",
    "text": b'"x"',
    "object": b"{}",
    "not UTF-8": b"\xff\xfe{}",
    "digits": b'{"started": ' + b"9" * 5000 + b"}",
    "deep": b"[" * 100_000,
    "wrong types": b'{"started": "x", "finished": [], "pid": -1, "id": 3, "created": {}, "labels": 7, "records": 1}',
    "far dates": b'{"started": 1e300, "finished": 1e300, "exit_code": 1, "created": 1e300}',
    "zeros": bytes(200),
}
LISTINGS = (
    "ps -a", "ps -aq", "ps -a --format {{json.}}", "ps -as", "images", "images -a --tree", "volume ls",
    "volume ls --format json", "system df", "system df -v", "builder du", "info", "history box",
    "ps -a --filter ancestor=box",
    "volume prune -f", "tags nothing.invalid/x",
)  # fmt: skip


@pytest.fixture
def ids(typed, rootfs: Path) -> tuple[str, str]:  # noqa: ANN001
    """Two containers of an image here, the first of which is to be damaged."""
    assert typed(f"import {rootfs} box").code == 0
    made = [typed(f"create --name {name} -v {name}vol:/data --network host box /bin/sh") for name in ("one", "two")]
    if any(run.code for run in made):
        pytest.skip(made[0].err)
    return made[0].out.strip(), made[1].out.strip()


def _all_fine(typed) -> None:  # noqa: ANN001
    for line in LISTINGS:
        run = typed(line.replace("json.", "json ."))
        assert "Traceback" not in run.err, line
        assert "internal error" not in run.err, line
        assert len(run.err) < 2000, line


@pytest.mark.parametrize("name", ["state.json", "config.json"])
@pytest.mark.parametrize("junk", JUNK)
def test_a_damaged_container_is_shown_and_can_be_removed(typed, ids: tuple[str, str], name: str, junk: str) -> None:  # noqa: ANN001
    """By its name as far as that is known, else by its ID; the other one is not concerned."""
    damaged, other = ids
    (Home().containers / damaged / name).write_bytes(JUNK[junk])
    _all_fine(typed)
    listed = dict(line.split("|") for line in typed("ps -a --no-trunc --format {{.ID}}|{{.Status}}").lines)
    assert listed[other] == "Created"
    assert listed[damaged] == f"Dead (its {name.removesuffix('.json').replace('config', 'record')} is damaged)"
    for line in (f"inspect {damaged}", f"start {damaged}", f"logs {damaged}", f"diff {damaged}", f"commit {damaged} x"):
        run = typed(line)
        assert "internal error" not in run.err + run.out, line
        assert "Traceback" not in run.err, line
    if name == "config.json":
        assert "rm -f" in typed(f"start {damaged}").err
    assert typed(f"rm -f {damaged[:12]}").code == 0
    assert typed("ps -aq --no-trunc").lines == [other]


def test_a_record_of_another_folder_is_damaged(typed, ids: tuple[str, str]) -> None:  # noqa: ANN001
    """What is removed is the folder that was listed, and nothing that the record names."""
    damaged, other = ids
    path = Home().containers / damaged / "config.json"
    record = json.loads(path.read_bytes())
    for identity in (other, "../../store", "/", ""):
        path.write_text(json.dumps(record | {"id": identity}))
        assert "Dead" in typed(f"ps -a --filter id={damaged} --format {{{{.Status}}}}").out
    assert typed("rm -f one").code == 0
    assert typed("ps -aq --no-trunc").lines == [other]
    assert (Home().store / "index.json").exists()


@pytest.mark.slow
@pytest.mark.parametrize("junk", JUNK)
def test_every_other_record_may_be_damaged(typed, ids: tuple[str, str], junk: str) -> None:  # noqa: ANN001
    """Volumes, names, caches, file tables, what builds keep."""
    home = Home()
    hit = 0
    for path in sorted(home.root.rglob("*")):
        parts = path.relative_to(home.root).parts
        if not path.is_file() or path.is_symlink() or parts[0] in ("containers", "layers", "locks", "leases"):
            continue
        if "blobs" in parts:
            continue
        before = path.read_bytes()
        path.write_bytes(JUNK[junk])
        _all_fine(typed)
        for line in (
            "volume inspect onevol",
            "inspect box",
            "create --name three box x",
            "rm -f three",
            "logout",
        ):
            run = typed(line)
            assert "Traceback" not in run.err, (path, line)
            assert "internal error" not in run.err + run.out, (path, line, run.err)
        path.write_bytes(before)
        hit += 1
    assert hit > 4


def test_a_damaged_volume_is_shown_and_can_be_removed(typed, ids: tuple[str, str]) -> None:  # noqa: ANN001
    """Its files are whole."""
    del ids
    assert typed("volume create third").code == 0
    (Home().volumes / "third" / "volume.json").write_bytes(b"{")
    assert "damaged" in typed("volume inspect third").out
    assert "third" in typed("volume ls -q").lines
    assert typed("volume rm third").code == 0
