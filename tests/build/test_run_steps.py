"""RUN: what its program gets, what it leaves, and how it fails."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from build_harness import Builder, added, read

from dockmagic.builder.caching.steps import find_step, step_images
from dockmagic.builder.options import BuildSecret
from dockmagic.builder.outcome.events import StepOutput
from dockmagic.builder.outcome.result import StepFailed
from dockmagic.engine import Engine
from dockmagic.oci.errors import ImageNotFound, InvalidInput
from dockmagic.oci.platforms import Platform
from dockmagic.oci.reference import Reference
from dockmagic.runtime.disk.layers import can_take_over
from dockmagic.runtime.listing import containers
from dockmagic.runtime.machine.removal import remove_folders
from dockmagic.runtime.machine.tiers import choose
from dockmagic.snapshot.layers import keys
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dockmagic.builder.outcome.events import BuildEvent
    from dockmagic.oci.spec import Descriptor


def test_a_program_leaves_a_layer(make: Builder) -> None:
    """What it writes, and nothing else: neither its mount points nor what it touched without changing it."""
    built = make("FROM base\nRUN echo hello > /made && chmod 755 /var")
    assert added(built.image, len(find_step(make.store, "@1").layers)) == ["/made"]
    assert read(built.image, "/made") == "hello\n"
    assert built.image.history[-1].created_by == "RUN /bin/sh -c echo hello > /made && chmod 755 /var # buildkit"
    assert [change.path for change in built.steps[1].image.layers[-1].changes] == ["/made"]  # type: ignore[union-attr]
    assert not containers(make.store)


def test_a_program_that_changes_nothing_leaves_no_layer(make: Builder) -> None:
    """As with dockerd's own builder: the history has the step, and says that it has no layer."""
    built = make("FROM base\nRUN true")
    assert built.steps[1].diff_id is None
    assert built.image.history[-1].empty_layer


def test_layers_are_stacked(make: Builder) -> None:
    """A later step sees, changes and removes what earlier ones made; COPY between them too."""
    text = """
FROM base
RUN mkdir -p /d/e && echo 1 > /d/e/one && echo 2 > /d/two
COPY three /d/
RUN cat /d/e/one /d/two /d/three && rm -r /d/e && echo 4 >> /d/two
RUN ls /d && mkdir /d/e && echo new > /d/e/new
"""
    image = make(text, {"three": "3\n"}).image
    assert make.output == "1\n2\n3\nthree\ntwo\n"
    assert read(image, "/d/two") == "2\n4\n"
    assert [node.entry.path for node in image.files.walk("/d/e")] == ["/d/e", "/d/e/new"]


def test_what_a_program_wrote_is_what_its_layer_unpacks_to(make: Builder) -> None:
    """The folder that is taken over for the next step is the same as one unpacked from the blob, times included."""
    isolation = choose(make.store.home)
    if not can_take_over(isolation):
        pytest.skip(f"layers are not taken over on the tier {isolation.tier}")
    make(
        "FROM base\nRUN mkdir -p /a/b && echo x > /a/b/c && ln /a/b/c /a/hard && ln -s b /a/soft && rm /etc/group"
        " && touch -d '2001-02-03 04:05:06' /a/b/c && mkdir /mnt && mknod /a/pipe p",
        tags=(Reference.parse("taken"),),
    )
    top = make.store.home.layers / isolation.form_name / keys(make.store, find_step(make.store, "@2"))[-1]
    taken = _listing(top)
    assert any("pipe" in line[0] for line in taken)
    aside = top.with_name("aside")
    top.rename(aside)
    make("FROM taken\nRUN touch /more")
    assert _listing(top) == taken
    remove_folders(isolation, [str(aside)])


def _listing(folder: Path) -> list[tuple[str, int, int, int]]:
    found = []
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        time = 0 if stat.S_ISCHR(state.st_mode) else state.st_mtime_ns  # a whiteout has none
        found.append((str(path.relative_to(folder)), state.st_mode, time, state.st_nlink))
    return found


def test_variables_and_words_reach_the_program(make: Builder) -> None:
    """ENV and declared ARGs do, undeclared ones do not; the exec form has no shell; SHELL is another one."""
    text = """
FROM base
ARG GIVEN=default
ARG EMPTY
ENV SET=$GIVEN
RUN echo "$FROM_BASE $GIVEN $SET [$EMPTY] [$OTHER]"
RUN ["/bin/echo", "$SET"]
SHELL ["/bin/sh", "-e", "-c"]
RUN echo $0; false; echo not reached || true
"""
    with pytest.raises(StepFailed, match="exit code: 1"):
        make(text, build_args={"GIVEN": "mine", "OTHER": "x"})
    assert make.output == "1 mine mine [] []\n$SET\n/bin/sh\n"


def test_proxies_reach_the_program_and_nothing_else(make: Builder) -> None:
    """Without ARG, and neither history nor key holds them."""
    text = "FROM base\nRUN echo $HTTP_PROXY"
    image = make(text, build_args={"HTTP_PROXY": "http://proxy"}).image
    assert make.output == "http://proxy\n"
    assert b"http://" not in image.raw_config
    make(text, build_args={"HTTP_PROXY": "http://other"})
    assert make.outcomes[-1] == "cached"


def test_user_and_folder(make: Builder) -> None:
    """USER and WORKDIR hold for RUN; WORKDIR's folder belongs to the user."""
    make("FROM base\nUSER user\nWORKDIR /home/user/x\nRUN id -u && pwd && touch mine && stat -c %u . mine")
    assert make.output.split() == ["1000", "/home/user/x", "1000", "1000"]


def test_heredocs(make: Builder) -> None:
    """As a script of the shell, as a program with an interpreter of its own, and as the shell's own documents."""
    text = """
FROM base
RUN <<EOF
x=1
echo shell $x
EOF
RUN <<EOF
#!/bin/awk -f
BEGIN { print "awk" }
EOF
RUN cat <<A - <<B
from a
A
from b
B
"""
    make(text)
    assert make.output == "shell 1\nawk\nfrom b\n"


def test_no_network(make: Builder) -> None:
    """With ``none`` there is a loopback only."""
    make("FROM base\nRUN --network=none grep -c : /proc/net/dev")
    assert make.output == "1\n"


def test_hosts(make: Builder) -> None:
    """``--add-host`` is there while it runs, and not in the image."""
    image = make("FROM base\nRUN grep chosen /etc/hosts", add_hosts=(("chosen", "10.0.0.1"),)).image
    assert make.output.split() == ["10.0.0.1", "chosen"]
    assert "/etc/hosts" not in image.files


# Failures


def test_a_failing_step_tells_where_and_leaves_its_state(make: Builder) -> None:
    """Line, command, exit code, last output; what it had written until then, and what was before, can be entered."""
    with pytest.raises(StepFailed) as caught:
        make("FROM base\nRUN echo first > /one\nRUN echo half > /two; echo bad >&2; exit 7\nRUN true")
    error = caught.value
    assert error.message.startswith("Dockerfile:3: process")
    assert (error.returned, error.output, error.exit_code) == (7, "bad", 1)
    assert error.command == "echo half > /two; echo bad >&2; exit 7"
    assert [line for line, _, marked in error.excerpt if marked] == [3]
    assert [step.outcome for step in error.steps] == ["cached", "done", "failed"]
    assert read(find_step(make.store, "@failed"), "/two") == "half\n"
    before = find_step(make.store, "@failed^")
    assert "/two" not in before.files
    assert read(before, "/one") == "first\n"
    assert find_step(make.store, "@2") == before


def test_steps_are_images(make: Builder) -> None:
    """Each is found by number and by ID, and stays an image when the build is over."""
    built = make("FROM base\nENV A=1\nRUN echo $A > /a")
    middle = find_step(make.store, "@2")
    assert middle == built.steps[1].image
    assert "A=1" in (middle.config.env or ())
    assert find_step(make.store, middle.id.hex[:20]) == middle
    assert middle in list(step_images(make.store))
    with pytest.raises(ImageNotFound, match="no step @9"):
        find_step(make.store, "@9")
    with pytest.raises(InvalidInput):
        find_step(make.store, "@x")


def test_a_program_that_is_not_there(make: Builder) -> None:
    """127 as from a shell, with the reason as its output."""
    with pytest.raises(StepFailed) as caught:
        make('FROM base\nRUN ["nothing-like-this"]')
    assert caught.value.returned == 127
    assert "executable file not found" in caught.value.output


def test_an_image_without_a_shell(make: Builder) -> None:
    """The line says that there is no ``/bin/sh``."""
    with pytest.raises(StepFailed, match="exit code: 127") as caught:
        make("FROM scratch\nRUN echo")
    assert "/bin/sh" in caught.value.output


def test_the_first_step_of_a_new_home_has_nothing_below(make: Builder, tmp_path: Path) -> None:
    """Where no layer was ever unpacked, a RUN on nothing finds no program, and no other trouble."""
    store = ContentStore(Home(tmp_path / "new"))
    store.home.prepare()
    with pytest.raises(StepFailed, match="exit code: 127"):
        Builder(store, make.folder)("FROM scratch\nRUN echo")
    for container in containers(store):
        container.remove(force=True)


def test_a_foreign_platform_is_refused(make: Builder) -> None:
    """A RUN for another processor is; without RUN it is built."""
    foreign = Platform.parse("linux/s390x")
    assert make("FROM scratch\nCOPY f /", {"f": "x"}, platform=foreign).image.platform == foreign
    with pytest.raises(StepFailed, match="s390x, which this machine's processor does not run"):
        make('FROM scratch\nCOPY f /\nRUN ["/f"]', platform=foreign)


def test_a_failing_stage_ends_the_others(make: Builder) -> None:
    """At once, with the error of the one that failed."""
    text = "FROM base AS slow\nRUN sleep 60; echo x > /x\nFROM base\nRUN sleep 0.2; exit 3\nCOPY --from=slow /x /"
    with pytest.raises(StepFailed, match="exit code: 3"):
        make(text)
    assert sorted(make.outcomes) == ["cached", "cached", "canceled", "failed"]
    assert not containers(make.store)


class _Watched(list["BuildEvent"]):
    """Events that set a flag with the first output."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()

    def append(self, event: BuildEvent) -> None:
        super().append(event)
        if isinstance(event, StepOutput):
            self.begun.set()


def test_a_build_is_stopped(make: Builder) -> None:
    """In the middle of a step: nothing is left running, and nothing is kept of it."""
    watched = _Watched()
    with pytest.raises(InterruptedError):
        make("FROM base\nRUN echo begun; sleep 60", watch=watched, stop=watched.begun.is_set)
    assert not containers(make.store)
    assert [event.outcome for event in watched if hasattr(event, "outcome")] == ["cached", "canceled"]


# Mounts


def test_bind_mounts(make: Builder) -> None:
    """From the context, a stage and an image; a writable one loses what was written."""
    text = """
FROM base AS other
RUN echo made > /made
FROM base
RUN --mount=target=/ctx cat /ctx/f && ! touch /ctx/new 2>/dev/null
RUN --mount=target=/ctx,rw echo changed > /ctx/f && cat /ctx/f
RUN --mount=target=/ctx cat /ctx/f && test ! -e /ctx/ignored
RUN --mount=from=other,target=/o cat /o/made
RUN --mount=from=other,source=/made,target=/m cat /m
RUN --mount=from=base,target=/b,rw touch /b/x && ls /b/x
RUN --mount=source=d,target=/d ls /d
"""
    files = {"f": "context\n", "ignored": "", "d/in": "", ".dockerignore": "ignored\n"}
    image = make(text, files).image
    assert make.output.split() == ["context", "changed", "context", "made", "made", "/b/x", "in"]
    assert (make.folder / "f").read_text() == "context\n"
    assert not {"/ctx", "/o", "/m", "/b", "/d"} & {node.entry.path for node in image.files}


def test_a_folder_whose_path_is_not_utf8_is_bound(make: Builder, tmp_path: Path) -> None:
    """By way of a layer, since the record of a container holds text alone."""
    folder = tmp_path / "n\udcff"
    folder.mkdir()
    builder = Builder(make.store, folder)
    builder("FROM base\nRUN --mount=target=/s cat /s/f\nRUN --mount=target=/f,source=f cat /f", {"f": "there\n"})
    assert builder.output.split() == ["there", "there"]


def test_a_changed_bind_source_is_seen(make: Builder) -> None:
    """Its content is in the key, and nothing beside it."""
    text = "FROM base\nRUN --mount=source=f,target=/f cat /f"
    make(text, {"f": "one\n"})
    make(text, {"f": "two\n", "beside": "x"})
    assert make.output == "two\n"
    make(text, {"beside": "y"})
    assert make.outcomes[-1] == "cached"


def test_cache_mounts_stay(make: Builder) -> None:
    """From one RUN to the next and to the next build, by id; never in the layer."""
    text = """
FROM base
RUN --mount=type=cache,target=/c,id=TEST,mode=0700 echo 1 >> /c/f && stat -c '%a' /c
RUN --mount=type=cache,target=/elsewhere,id=TEST,mode=0700 echo 2 >> /elsewhere/f
RUN --mount=type=cache,target=/c,id=TEST,sharing=locked,mode=0700 cat /c/f
RUN --mount=type=cache,target=/c,id=TEST,sharing=private,mode=0700 ls /c
"""
    image = make(text).image
    assert make.output.split() == ["700", "1", "2"]
    assert "/c" not in image.files
    make("FROM base\nRUN --mount=type=cache,target=/c,id=TEST,mode=0700 cat /c/f; echo later")
    assert make.output.split() == ["1", "2", "later"]


def test_a_cache_with_another_owner_or_mode_is_another_one(make: Builder) -> None:
    """BuildKit's key holds the empty folder that it begins with: its mode and owner, and those not given."""
    mount = "--mount=type=cache,target=/c,id=OWNED"
    text = f"""
FROM base
RUN {mount} echo plain > /c/plain
RUN {mount},uid=1000 ls -A /c && echo owned > /c/owned
RUN {mount},mode=0700 ls -A /c
RUN {mount},mode=0000 stat -c %a /c
RUN {mount},gid=0,mode=755,uid=1000 ls -A /c
RUN {mount} ls -A /c
"""
    make(text)
    assert make.output.split() == ["0", "owned", "plain"]


def test_a_cache_from_an_image_with_an_owner_of_its_own_begins_empty(make: Builder) -> None:
    """Without a source, what has an owner is a new folder of the image."""
    make("FROM base\nRUN --mount=type=cache,target=/c,id=ROOTED,from=base,mode=0711 ls -A /c && stat -c %a /c")
    assert make.output.split() == ["711"]


def test_a_fresh_cache_begins_with_what_its_source_holds(make: Builder) -> None:
    """``from`` and ``source`` fill it once."""
    text = """
FROM base AS other
RUN mkdir /full && echo begun > /full/f
FROM base
RUN --mount=type=cache,target=/c,id=FILLED,from=other,source=/full cat /c/f && echo more >> /c/f
RUN --mount=type=cache,target=/c,id=FILLED,from=other,source=/full cat /c/f
"""
    make(text)
    assert make.output.split() == ["begun", "begun", "more"]


def test_a_locked_cache_has_one_user(make: Builder) -> None:
    """Two stages that would run at once wait for each other."""
    mount = "--mount=type=cache,target=/c,id=LOCKED,sharing=locked"
    step = f"RUN {mount} mkdir /c/lock && sleep 0.2 && rmdir /c/lock"
    make(f"FROM base AS a\n{step}\nFROM base AS b\n{step} && true\nFROM a\nCOPY --from=b /etc /")


def test_tmpfs(make: Builder) -> None:
    """Of a size, and gone afterwards."""
    image = make("FROM base\nRUN --mount=type=tmpfs,target=/t,size=64k touch /t/x && df -k /t | tail -1").image
    assert make.output.split()[:2] == ["tmpfs", "64"]
    assert "/t" not in image.files


def test_secrets_go_nowhere(make: Builder) -> None:
    """A file and a variable for the program; nothing of it in layers, history, records, or in what is shown."""
    value = "s3cret" + "-value"
    text = """
FROM base
RUN --mount=type=secret,id=token,mode=0440 stat -c '%a' /run/secrets/token && cat /run/secrets/token
RUN --mount=type=secret,id=token,env=TOKEN test "$TOKEN" = "$(printf '%s-%s' s3cret value)" && echo "$TOKEN"
RUN --mount=type=secret,id=token,target=/t,env=X test "$X" = "$(cat /t)"
RUN --mount=type=secret,id=missing test ! -e /run/secrets/missing
"""
    image = make(text, secrets=(BuildSecret("token", value.encode()),)).image
    assert make.output == "440\n******\n"
    assert not [node for node in image.files if "secrets" in node.entry.path]
    home = make.store.home.root
    readable = [path for path in home.rglob("*") if path.is_file() and os.access(path, os.R_OK)]
    assert not [path for path in readable if value.encode() in path.read_bytes()]
    make(text, secrets=(BuildSecret("token", b"another"),))
    assert set(make.outcomes[1:]) == {"cached"}
    with pytest.raises(StepFailed, match="secret gone: not found"):
        make("FROM base\nRUN --mount=type=secret,id=gone,required true")


def test_a_step_that_ran_without_its_secret_is_not_found_where_it_is_required(make: Builder) -> None:
    """The cache must not hide that a required secret is missing."""
    make("FROM base\nRUN --mount=type=secret,id=gone true")
    with pytest.raises(StepFailed, match="secret gone: not found"):
        make("FROM base\nRUN --mount=type=secret,id=gone,required true")


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("--mount=type=ssh true", "ssh"),
        ("--security=insecure true", "insecure"),
        ("--mount=type=tmpfs,target=/ true", "invalid mount target"),
        ("--mount=source=nothing,target=/x true", "nothing"),
    ],
)
def test_what_cannot_be_honoured_is_refused(make: Builder, step: str, words: str) -> None:
    """By name and line."""
    with pytest.raises(StepFailed, match=words) as caught:
        make(f"FROM base\nRUN {step}")
    assert "Dockerfile:2" in str(caught.value)


def test_a_build_ends_while_its_base_image_comes(make: Builder, tmp_path: Path) -> None:
    """It does not wait for the rest, however large that is."""
    remote = ContentStore(Home(tmp_path / "remote"))
    remote.home.prepare()
    (make.folder / "large").write_bytes(os.urandom(1 << 20))
    Builder(remote, make.folder)("FROM scratch\nCOPY large /\n", tags=(Reference.parse("slow"),))
    waiting = threading.Event()

    class Endless(io.RawIOBase):
        def read(self, _: int = -1) -> bytes:
            waiting.set()
            time.sleep(0.01)
            return b"x"

    class Remote:
        resolve, read = remote.resolve, remote.read

        @contextlib.contextmanager
        def open(self, desc: Descriptor, **_: object) -> Iterator[io.RawIOBase]:
            assert desc.size > 1 << 19
            yield Endless()

    with pytest.raises(InterruptedError):
        make("FROM slow\nRUN true", registry=lambda _: Remote(), stop=waiting.is_set)  # type: ignore[arg-type,return-value]


def test_mounts_stay_inside(make: Builder, tmp_path: Path) -> None:
    """Links in the image cannot send a target, and links in a source cannot send what is mounted, to the machine."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_text("outside\n")
    text = f"""
FROM base
RUN mkdir -p {outside} /sources && ln -s {outside} /link && ln -s / /up && ln -s {outside} /sources/out
RUN --mount=type=tmpfs,target=/link touch /link/new && ls {outside}
RUN --mount=type=bind,from=base,source=/bin,target=/up/../../../../x ls /x/sh
RUN --mount=from=base,target=/b ls /b{outside} 2>/dev/null || echo none
"""
    make(text)
    assert make.output.split() == ["new", "/x/sh", "none"]
    assert [path.name for path in outside.iterdir()] == ["f"]


# Two builds at once


def test_two_builds_at_once_share_their_work(make: Builder) -> None:
    """The second waits for the first, and takes what it made."""
    text = "FROM base\nRUN sleep 0.3; cat /proc/sys/kernel/random/uuid > /once"
    other = Builder(make.store, make.folder)
    images = []
    threads = [threading.Thread(target=lambda hand=hand: images.append(hand(text).image)) for hand in (make, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert images[0].id == images[1].id
    assert sorted([make.outcomes[-1], other.outcomes[-1]]) == ["cached", "done"]


# A build that is killed


def test_the_container_of_a_killed_build_goes_with_the_next_one(make: Builder) -> None:
    """And until then with `ps`: nobody asked for it, and nobody else would come back for it."""
    script = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from build_harness import Builder\n"
        "from dockmagic.builder.outcome.events import StepOutput\n"
        "from dockmagic.store.content import ContentStore\n"
        "from dockmagic.store.home import Home\n"
        "class Killer(list):\n"
        "    def append(self, event):\n"
        "        if isinstance(event, StepOutput):\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        f"hand = Builder(ContentStore(Home({str(make.store.home.root)!r})), Path({str(make.folder)!r}))\n"
        "hand('FROM base\\nRUN echo begun; sleep 100', watch=Killer())\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for goes in (lambda: make("FROM base\nRUN true", no_cache=True), Engine(make.store.home.root).containers.list):
        done = subprocess.run([sys.executable, "-c", script], check=False, env=environment)
        assert done.returncode == -signal.SIGKILL
        (container,) = containers(make.store)
        container.wait()
        goes()
        assert not containers(make.store)


def test_a_heredoc_that_fails_is_told_in_one_line(make: Builder) -> None:
    """Its lines stay apart."""
    with pytest.raises(StepFailed, match=r'process "/bin/sh -c set -e\\nfalse" did not complete'):
        make("FROM base\nRUN <<EOF\nset -e\nfalse\nEOF\n")
