"""Images for 386 on an amd64: their programs are few bytes, written here by hand."""

from __future__ import annotations

import io
import platform
import struct
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest

from dockmagic.image.archive import import_rootfs
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Config
from dockmagic.runtime.machine.tiers import choose

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.store.content import ContentStore

BASE = 0x08048000
SYSCALL = b"\xcd\x80"  # int 0x80


def load(register: int, value: int) -> bytes:
    """Mov of a constant to eax (0), ecx (1), edx (2) or ebx (3)."""
    return bytes([0xB8 + register]) + struct.pack("<I", value)


def program(*calls: tuple[int, int, int, int], last: int) -> bytes:
    """An ELF program for a 386 that makes these calls (number and three arguments) and then `last`, with its answer.

    Addresses count from the program's start; its text ``/own`` lies at 84.
    """
    text = b"/own\0\0\0\0"
    code = b"".join(load(0, n) + load(3, a) + load(1, b) + load(2, c) + SYSCALL for n, a, b, c in calls)
    code += b"\x89\xc3" + load(0, last) + SYSCALL  # mov ebx, eax
    start = 84 + len(text)
    header = b"\x7fELF\1\1\1" + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, BASE + start, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    size = start + len(code)
    return header + struct.pack("<8I", 1, 0, BASE, BASE, size, size, 5, 0x1000) + text + code


TELL = program((4, 1, BASE + 84, 4), last=1)  # write: exits with 4
OWN = program((212, BASE + 84, 7, 7), last=1)  # chown32: exits with 0, or its error
MOUNT = program((21, BASE + 84, BASE + 84, BASE + 84), last=1)
ALG = program((359, 38, 5, 0), last=1)  # socket of AF_ALG, SOCK_SEQPACKET


@pytest.fixture
def small_386(store: ContentStore, tmp_path: Path) -> Image:
    """An image of these programs; tests are skipped where the kernel runs none of them."""
    if platform.machine() != "x86_64":
        pytest.skip("needs an x86_64")
    tell = tmp_path / "tell"
    tell.write_bytes(TELL)
    tell.chmod(0o755)
    try:
        subprocess.run([tell], check=False, capture_output=True)
    except OSError as error:
        pytest.skip(f"the kernel runs no program of 32 bits ({error.strerror})")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in {"tell": TELL, "own": OWN, "mount": MOUNT, "alg": ALG}.items():
            info = tarfile.TarInfo(name)
            info.mode, info.size = 0o755, len(content)
            tar.addfile(info, io.BytesIO(content))
    name = Reference.parse("small386:1")
    return import_rootfs(
        io.BytesIO(out.getvalue()), store, name, config=Config(), platform=Platform(os="linux", architecture="386")
    )


def test_an_image_for_386_runs_on_an_amd64(run: Callable[..., tuple[int, str, str]], small_386: Image) -> None:
    """As under docker, whose list of system calls is for both."""
    assert run("/tell", image=small_386) == (4, "/own", "")


def test_its_programs_may_give_files_away(run: Callable[..., tuple[int, str, str]], small_386: Image) -> None:
    """With one id too, where a change of owner is noted down."""
    assert run("/own", image=small_386) == (0, "", "")


@pytest.mark.parametrize("name", ["/mount", "/alg"])
def test_what_is_on_no_list_is_refused_to_them(
    name: str, store: ContentStore, run: Callable[..., tuple[int, str, str]], small_386: Image
) -> None:
    """Mounts, and the kernel's cryptography: EPERM."""
    if choose(store.home).tier == "proot":
        pytest.skip("proot has no filter of system calls")
    assert run(name, image=small_386)[0] == 256 - 1
