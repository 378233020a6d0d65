"""``RUN --mount`` where nothing can be mounted: brought in by copying, and taken out again, whatever is killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from build_harness import added, read

from dockmagic.builder.options import BuildSecret
from dockmagic.builder.outcome.result import StepFailed
from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.machine.tiers import choose

if TYPE_CHECKING:
    from build_harness import Builder

SECRET = b"the-value-that-nobody-else-may-see"


@pytest.fixture
def chroot(make: Builder, monkeypatch: pytest.MonkeyPatch) -> Builder:
    """Builds in the tier chroot."""
    monkeypatch.setenv("DOCKMAGIC_TIER", "chroot")
    try:
        choose(make.store.home)
    except NotSupported as error:
        pytest.skip(str(error))
    return make


def test_a_cache_is_brought_in_and_back(chroot: Builder) -> None:
    """With its owner and mode, over what the image has there; the layer has nothing of it."""
    mount = "--mount=type=cache,target=/old/c,id=CARRIED,uid=5,gid=6,mode=0710"
    image = chroot(
        f"""
FROM base
RUN mkdir -p /old/c && echo image > /old/c/f
RUN {mount} ls -A /old/c && stat -c '%u:%g %a' /old/c && echo one > /old/c/g && \\
    mkdir -m 700 /old/c/d && chown 7 /old/c/d
RUN {mount},sharing=locked cat /old/c/g && stat -c '%u %a' /old/c/d && rm /old/c/g && echo two > /old/c/h
RUN {mount},ro cat /old/c/h && echo lost > /old/c/lost
RUN {mount} ls /old/c && cat /old/c/h
RUN {mount},sharing=private ls -A /old/c
"""
    ).image
    assert chroot.output.split() == ["5:6", "710", "one", "7", "700", "two", "d", "h", "two"]
    assert added(image, len(image.layers) - 1) == ["/old/c/f"]
    assert read(image, "/old/c/f") == "image\n"


def test_a_cache_is_brought_back_from_a_step_that_fails(chroot: Builder) -> None:
    """What it has found out is not lost, as it is not where caches are mounted."""
    with pytest.raises(StepFailed):
        chroot("FROM base\nRUN --mount=type=cache,target=/c,id=FAILS echo kept > /c/f && false")
    chroot("FROM base\nRUN --mount=type=cache,target=/c,id=FAILS cat /c/f")
    assert chroot.output.split() == ["kept"]


def test_one_cache_at_two_places_of_a_step(make: Builder) -> None:
    """Nobody waits for himself, in no tier."""
    make(
        "FROM base\nRUN --mount=type=cache,target=/a,id=TWICE,sharing=locked "
        "--mount=type=cache,target=/b,id=TWICE,sharing=locked echo x > /a/f && cat /b/f"
    )
    assert make.output.split() == ["x"]


def test_a_fresh_cache_begins_with_a_folder_of_an_image(chroot: Builder) -> None:
    """Copied once."""
    chroot(
        "FROM base AS other\nRUN mkdir /full && echo begun > /full/f\nFROM base\n"
        "RUN --mount=type=cache,target=/c,id=BEGUN,from=other,source=/full cat /c/f && echo more > /c/f\n"
        "RUN --mount=type=cache,target=/c,id=BEGUN,from=other,source=/full cat /c/f\n"
    )
    assert chroot.output.split() == ["begun", "more"]


def test_what_is_bound_is_a_copy(chroot: Builder) -> None:
    """Of the context, of a folder or file in it, of a stage; what is written there is lost."""
    image = chroot(
        """
FROM base AS other
RUN mkdir /data && echo stage > /data/f
FROM base
RUN --mount=target=/src cat /src/d/f && echo lost > /src/d/f && touch /src/lost
RUN --mount=source=d/f,target=/one/two/f cat /one/two/f
RUN --mount=type=bind,from=other,source=/data,target=/etc cat /etc/f && rm /etc/f
RUN --mount=target=/src,rw --mount=type=tmpfs,target=/src/d ls -A /src/d && cat /src/g
RUN --mount=target=/kept/src echo made > /kept/f
""",
        {"d/f": "context\n", "g": "other\n"},
    ).image
    assert chroot.output.split() == ["context", "context", "stage", "other"]
    assert [path for path in added(image, 4) if path != "/kept/f"] == []
    assert (chroot.folder / "d/f").read_text() == "context\n"
    assert sorted(path.name for path in chroot.folder.iterdir()) == ["d", "g"]


def test_a_tmpfs_is_an_empty_folder(chroot: Builder) -> None:
    """For all to write to, and gone afterwards, with the time of the folder that it was in unchanged."""
    image = chroot(
        "FROM base\nRUN mkdir -p /t/t && touch /t/t/f && touch -d '2001-01-01 00:00' /t\n"
        "RUN --mount=type=tmpfs,target=/t/t,size=64k ls -A /t/t && stat -c %a /t/t && touch /t/t/x\n"
        "RUN --mount=type=tmpfs,target=/new/t touch /new/t/x\n"
    ).image
    assert chroot.output.split() == ["1777"]
    assert added(image, 4) == ["/t/t/f"]
    assert len(image.layers) == 5


def test_secrets_and_scripts_are_files_while_their_step_lasts(chroot: Builder) -> None:
    """With owner and mode; moved or linked elsewhere they are empty."""
    image = chroot(
        """
FROM base
RUN --mount=type=secret,id=s,uid=3,gid=4,mode=0440 \\
    wc -c < /run/secrets/s && stat -c '%u:%g %a' /run/secrets/s
RUN --mount=type=secret,id=s,target=/etc/passwd wc -c < /etc/passwd
RUN --mount=type=secret,id=s ln /run/secrets/s /linked && mv /run/secrets/s /moved
RUN --mount=type=secret,id=s,env=VALUE echo ${#VALUE}
RUN <<END
#!/bin/sh
echo script
END
""",
        secrets=(BuildSecret(id="s", value=SECRET),),
    ).image
    size = str(len(SECRET))
    assert chroot.output.split() == [size, "3:4", "440", size, size, "script"]
    assert [path for path in added(image, 4) if not path.startswith("/dev")] == ["/linked", "/moved"]
    assert read(image, "/moved") == read(image, "/linked") == ""
    assert "root:" in read(image, "/etc/passwd")
    assert not _found(chroot.store.home.root)


def test_what_a_build_writes_to_a_volume_is_in_the_layer(chroot: Builder) -> None:
    """As in every tier: VOLUME is about containers."""
    image = chroot("FROM base\nVOLUME /v\nRUN mkdir -p /v && echo kept > /v/f\nRUN cat /v/f").image
    assert chroot.output.split() == ["kept"]
    assert "/v/f" in image.files


@pytest.mark.parametrize("target", ["/bin/sh", "/link/x"])
def test_a_place_that_there_cannot_be_is_refused(chroot: Builder, target: str) -> None:
    """A folder over a file; a link that leads out leads to the root of the image."""
    if target == "/link/x":
        chroot("FROM base\nRUN ln -s ../../../../tmp /link\nRUN --mount=target=/link/x ls /tmp/x", {"inside": ""})
        assert chroot.output.split() == ["inside"]
        return
    with pytest.raises(StepFailed, match="cannot be mounted over"):
        chroot(f"FROM base\nRUN --mount=target={target} true", {"f": ""})


def test_an_agent_stays_refused(chroot: Builder) -> None:
    """By name."""
    with pytest.raises(StepFailed, match="ssh"):
        chroot("FROM base\nRUN --mount=type=ssh true")


@pytest.mark.parametrize("victim", ["build", "shim", "guard"])
@pytest.mark.parametrize("tier", ["", "chroot"])
def test_nothing_of_a_secret_is_left_after_a_kill(chroot: Builder, tmp_path: Path, victim: str, tier: str) -> None:
    """Neither in the container's files nor in memory, whoever is killed; a cache is as it was."""
    (chroot.folder / "Dockerfile").write_text(
        "FROM base\nRUN --mount=type=secret,id=s --mount=type=cache,target=/c,id=KILLED"
        f" echo {tmp_path.name} > /c/f && cp /run/secrets/s /c/s && rm /c/s && ln /run/secrets/s /l; sleep 100\n"
    )
    (tmp_path / "secret").write_bytes(SECRET)
    home = chroot.store.home.root
    environment = os.environ | {"DOCKMAGIC_HOME": str(home), "DOCKMAGIC_TIER": tier}
    if not tier:
        del environment["DOCKMAGIC_TIER"]
    command = [sys.executable, "-m", "dockmagic", "build", "-q", "--secret", f"id=s,src={tmp_path}/secret"]
    build = subprocess.Popen(
        [*command, str(chroot.folder)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        state = _running(home)
        shim, guard = state["shim"], state["pid"]
        os.kill({"build": build.pid, "shim": shim, "guard": guard}[victim], signal.SIGKILL)
        build.wait(30)
        for pid in (shim, guard):
            _wait_for_end(pid)
    finally:
        build.kill()
        build.wait()
    deadline = time.monotonic() + 10
    while _found(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _found(home)
    assert not list(Path("/dev/shm").glob("dockmagic-*"))  # noqa: S108


def _running(home: Path) -> dict[str, int]:
    """The state of the container that runs, once its program does."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for path in (home / "containers").glob("*/state.json"):
            try:
                state = json.loads(path.read_bytes())
            except (OSError, ValueError):
                continue
            if "finished" not in state:
                time.sleep(0.5)
                return state  # type: ignore[no-any-return]
        time.sleep(0.02)
    raise AssertionError("nothing runs")


def _wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        except OSError:
            return
        time.sleep(0.02)
    raise AssertionError(f"{pid} has not ended")


def _found(home: Path) -> list[str]:
    """Files below a folder that hold the secret."""
    found = []
    for folder, _, names in os.walk(home):
        for name in names:
            path = Path(folder, name)
            with contextlib.suppress(OSError):
                if path.is_file() and not path.is_symlink() and SECRET in path.read_bytes():
                    found.append(str(path))
    return found


def test_proc_tells_what_is_true_of_the_machine(chroot: Builder) -> None:
    """As files, in no layer; what the image has in its place leads nowhere."""
    outside = chroot.folder / "outside"
    outside.mkdir()
    image = chroot(
        f"""
FROM base
RUN rm -rf /proc/* && ln -s {outside} /proc/sys
RUN grep -c ^processor /proc/cpuinfo && grep ^MemTotal /proc/meminfo && cut -d' ' -f3 /proc/version && df / | tail -1
"""
    ).image
    words = chroot.output.split()
    assert words[0] == str(Path("/proc/cpuinfo").read_text().count("\nprocessor") + 1)
    assert words[1] == "MemTotal:"
    assert os.uname().release in words
    assert words[-1] == "/"
    assert not list(outside.iterdir())
    assert not [path for path in added(image, 4) if path.startswith("/proc")]
