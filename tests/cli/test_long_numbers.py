"""Numbers of 5,000 digits, where Python's own reader gives up, are one line like every other wrong number."""

# ruff: noqa: ANN001

# ruff: noqa: E501  (a table)

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

N = "9" * 5000
LINES = (
    f"ps -n {N}", f"ps -a --filter exited={N}", f"ps --filter publish={N}", f"ps --filter expose={N}",
    f"images --filter until={N}", f"images --filter until={N}h", f"files --depth {N} box", f"diff box[{N}]",
    f"diff box[0:{N}]", f"run -m {N} box x", f"run --cpus {N} box x", f"create -u {N} box x", f"create -u {N}:{N} box x",
    f"create --group-add {N} box x", f"stop -t {N} c1x", f"create -p {N} box x", f"create --ulimit nofile={N} box x",
    f"create --shm-size {N} box x", f"create --tmpfs /x:size={N} box x", f"create --pids-limit {N} box x",
    f"builder prune -f --keep-storage {N}", f"builder prune -f --filter until={N}h", f"kill -s {N} c1x",
    f"create --stop-signal {N} box x", f"create --stop-timeout {N} box x", f"logs --tail {N} c1x", f"logs --since {N} c1x",
    f"logs --until {N}h c1x", f"serve -p {N}", f"search --limit {N} x", f"search --filter stars={N} x",
    f"system prune -f --filter until={N}", f"create --add-host a:{N} box x", f"inspect -f {{{{{N}}}}} box", f"inspect {N}",
    f"rm {N}", f"rmi {N}", f"tag box a:{N}", f"cp c1x:/{N} .", f"pull --platform {N} box", f"build --build-arg SOURCE_DATE_EPOCH={N} .",
    f"exec -u {N} c1x ls", f"port c1x {N}", f"history box@sha256:{N}",

)  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.replace(N, "N"))
def test_a_number_of_many_digits_is_one_line(typed, rootfs: Path, line: str, monkeypatch) -> None:
    """Refused, or taken for more than there can be."""
    monkeypatch.chdir(rootfs.parent)
    (rootfs.parent / "Dockerfile").write_text("FROM scratch\nLABEL a=b\n")
    assert typed(f"import {rootfs} box").code == 0
    if "c1x" in line:
        made = typed("create --name c1x --network host box /bin/sh")
        if made.code:
            pytest.skip(made.err)
    run = typed(line)
    assert "internal error" not in run.err
    assert "Traceback" not in run.err
