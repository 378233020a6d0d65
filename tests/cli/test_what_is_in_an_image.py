"""Packages, bills of materials, waste, secrets and conditions, as a person types them."""

from __future__ import annotations

import json
import tarfile
from io import BytesIO
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

    Typed = Callable[..., Any]

_KEY = b"-----BEGIN OPENSSH " + b"PRIVATE KEY-----\n" + b"A" * 64 + b"\n-----END"


def _rootfs(path: Path, files: dict[str, tuple[bytes, int]]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, (content, mode) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), mode
            tar.addfile(member, BytesIO(content))
    return path


@pytest.fixture
def two(typed: Typed, tmp_path: Path) -> tuple[str, str]:
    """``old:1`` and, with more in it, ``new:1``."""
    status = b"Package: bash\nVersion: 5.1\nArchitecture: amd64\n"
    old = {"var/lib/dpkg/status": (status, 0o644), "bin/su": (b"x", 0o4755)}
    new = old | {
        "var/lib/dpkg/status": (status.replace(b"5.1", b"5.2"), 0o644),
        "app/key": (_KEY, 0o600),
        "app/open": (b"x", 0o666),
        "app/big": (b"x" * 20_000, 0o644),
    }
    for name, files in (("old:1", old), ("new:1", new)):
        assert typed("import", str(_rootfs(tmp_path / "rootfs.tar", files)), name).code == 0
    return "old:1", "new:1"


def test_packages_and_what_an_update_brings(typed: Typed, two: tuple[str, str]) -> None:
    """A table, the names alone, and what differs."""
    assert typed("packages old:1").lines[1].split() == ["bash", "5.1", "deb", "amd64", "0"]
    assert typed("packages -q new:1").lines == ["bash"]
    assert typed("packages -t rpm new:1").lines == ["NAME      VERSION   TYPE      ARCHITECTURE   LAYER"]
    assert typed("diff --packages old:1 new:1").lines[1].split() == ["C", "bash", "deb", "5.1", "5.2"]
    both = typed("diff --packages --config old:1 new:1")
    assert both.code == 1
    assert both.err.startswith("Error: --packages is a table of its own.")


def test_a_bill_of_materials_goes_to_a_file(typed: Typed, two: tuple[str, str], tmp_path: Path) -> None:
    """Or to standard output, the same."""
    path = tmp_path / "new.json"
    assert typed(f"sbom -o {path} new:1").out == ""
    assert json.loads(typed("sbom new:1").out) == json.loads(path.read_text())
    assert json.loads(path.read_text())["components"][0]["purl"] == "pkg:deb/debian/bash@5.2?arch=amd64"
    assert typed("sbom --format sarif new:1").code == 1


def test_files_tell_secrets_and_loose_modes(typed: Typed, two: tuple[str, str]) -> None:
    """As columns; the rest of the table is there, too."""
    columns = "{{.Path}} {{json .SetID}} {{.WorldWritable}} {{.Secret}}"
    run = typed("files", "--secrets", "--format", columns, "new:1")
    told = {line.split(" ")[0]: line.split(" ", 1)[1] for line in run.lines}
    assert told["/app/key"] == '"" false private key'
    assert told["/app/open"] == '"" true '
    assert told["/bin/su"] == '"setuid" false '
    assert typed("files --secrets new:1").lines[0].split()[-3:] == ["WORLD", "WRITABLE", "SECRET"]


def test_waste_is_listed_with_its_sum(typed: Typed, two: tuple[str, str], tmp_path: Path) -> None:
    """Nothing is wasted in one layer; a replaced file is."""
    run = typed("waste new:1")
    assert run.lines[0].split() == ["SIZE", "LAYER", "HIDDEN", "BY", "DELETED", "PATH"]
    assert run.lines[-1] == "Hidden: 0B of 20.2kB, efficiency 100.0 %."
    (tmp_path / "Dockerfile").write_text("FROM new:1\nCOPY Dockerfile /app/big\n")
    assert typed(f"build -q -t top:1 {tmp_path}").code == 0
    run = typed("waste top:1")
    assert run.lines[1].split() == ["20kB", "0", "1", "no", "/app/big"]
    assert typed("waste", "--format", "{{.Change}}", "top:1").lines == [
        "write them once in the instruction that makes layer 0, as layer 1 only hides them"
    ]


def test_a_condition_that_holds_fails_after_the_table(typed: Typed, two: tuple[str, str]) -> None:
    """Also with a template, and of several conditions each that holds is told."""
    fine = typed("diff", "--fail-if", "size>+1MB", "old:1", "new:1")
    assert (fine.code, fine.err) == (0, "")
    grown = typed("diff", "--fail-if", "size>+10kB", "--fail-if", "files>+1", "--fail-if", "waste>0", "old:1", "new:1")
    assert grown.code == 1
    assert grown.out == fine.out
    assert grown.err.splitlines() == [
        "Error: size is +20.1kB, and --fail-if says size>+10kB.",
        "Error: files is +4, and --fail-if says files>+1.",
    ]
    quiet = typed("diff", "-q", "--fail-if", "size>+10kB", "old:1", "new:1")
    assert (quiet.code, "/app/key" in quiet.lines) == (1, True)
    alone = typed("diff", "--fail-if", "size>+10kB", "new:1")
    assert alone.err.startswith("Error: --fail-if compares two images.")
    assert typed("diff", "--fail-if", "tall>1", "old:1", "new:1").err.startswith("Error: 'tall>1' is no condition.")
