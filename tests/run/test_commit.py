"""The writable layer: what a container changed, and the image that is made of it."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
from typing import TYPE_CHECKING

import pytest
from programs import finish, spec

from dockmagic.image.instructions import apply_changes
from dockmagic.image.validate import validate
from dockmagic.oci.errors import InvalidInput, PathNotFound
from dockmagic.oci.reference import Reference
from dockmagic.oci.spec import Config
from dockmagic.runtime.commit import commit
from dockmagic.runtime.creation import create
from dockmagic.runtime.disk.record import Mount
from dockmagic.runtime.disk.volumes import create_volume, find_volume
from dockmagic.runtime.transfer import copy_in, copy_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dockmagic.image.image import Image
    from dockmagic.runtime.container import Container
    from dockmagic.store.content import ContentStore

    Make = Callable[..., Container]

_SCRIPT = """
mkdir /new && echo x > /new/file && chown 33:44 /new/file && chmod 4711 /new/file
rm /var/old; echo more >> /etc/group; rm -r /var/dir; mkdir /var/dir; echo again > /var/dir/other
ln -s /new/file /link; mkfifo /pipe; chmod 700 /home/user/own; rm -r /root
"""


@pytest.mark.usefixtures("commits")
def test_changes_are_listed_as_docker_lists_them(make: Make) -> None:
    """A, C and D, sorted; all that a change lies in is changed, too; nothing for what was only mounted."""
    container = make("sh", "-c", _SCRIPT)
    assert finish(container)[0] == 0
    assert [(change.letter, change.path) for change in container.changes()] == [
        ("C", "/etc"),
        ("C", "/etc/group"),
        ("C", "/home"),
        ("C", "/home/user"),
        ("C", "/home/user/own"),
        ("A", "/link"),
        ("A", "/new"),
        ("A", "/new/file"),
        ("A", "/pipe"),
        ("D", "/root"),
        ("C", "/var"),
        ("C", "/var/dir"),
        ("D", "/var/dir/in"),
        ("A", "/var/dir/other"),
        ("D", "/var/old"),
    ]
    by_path = {change.path: change for change in container.changes()}
    written = by_path["/new/file"].new
    assert written is not None
    assert (written.uid, written.gid, written.mode & 0o7777) == (33, 44, 0o4711)
    assert by_path["/etc/group"].old is not None


@pytest.mark.usefixtures("commits")
def test_a_committed_image_has_the_changes_and_runs(store: ContentStore, image: Image, make: Make) -> None:
    """Owners, modes, set-id bits and removals; parent, history and configuration are right; every digest fits."""
    container = make("sh", "-c", _SCRIPT, env=["A=1"])
    finish(container)
    ref = Reference.parse("made:1")
    made = commit(container, ref, author="me", message="why", changes=["CMD cat /new/file", "LABEL a=b"])
    assert store.resolve(ref).digest == made.digest
    assert not validate(made)
    assert [layer.diff_id for layer in made.layers][:-1] == [layer.diff_id for layer in image.layers]
    assert made.config.cmd == ("/bin/sh", "-c", "cat /new/file")
    assert made.config.env == ("A=1", "FROM_IMAGE=1")
    assert (made.history[-1].author, made.history[-1].comment) == ("me", "why")
    assert made.config_file.author == "me"
    entry = (made / "new/file").entry
    assert (entry.uid, entry.gid, entry.mode) == (33, 44, 0o4711)
    assert b"root" not in made.files
    assert b"var/dir/in" not in made.files.nodes
    assert {entry.name for entry in made.layers[-1].table.entries} == {
        b"etc", b"etc/group", b"home", b"home/user", b"home/user/own", b"link", b"new", b"new/file", b"pipe", b"var",
        b"var/dir", b"var/dir/other",
    }  # fmt: skip
    assert finish(make(image=made))[1] == "x\n"
    _, out, _ = finish(make("sh", "-c", "ls /var /var/dir; stat -c %a /new/file /tmp", image=made))
    assert out == "/var:\ndir\n\n/var/dir:\nother\n4711\n1777\n"


@pytest.mark.usefixtures("commits")
def test_the_same_change_gives_the_same_image(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under SOURCE_DATE_EPOCH, byte for byte."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000000000")
    made = []
    for _ in range(2):
        container = make("sh", "-c", _SCRIPT)
        finish(container)
        made.append(commit(container))
    assert made[0].digest == made[1].digest


@pytest.mark.usefixtures("commits")
def test_a_running_container_can_be_committed_and_goes_on(make: Make) -> None:
    """It is held still meanwhile."""
    container = make("sh", "-c", "echo 1 > /a; while :; do sleep 0.05; done")
    container.start(owner=os.getpid()).close()
    while "/a" not in [change.path for change in container.changes()]:
        pass
    made = commit(container)
    assert b"a" in made.files.nodes
    with container.exec(["true"]) as session:
        assert session.follow(lambda *_: None) == 0


@pytest.mark.usefixtures("commits")
def test_a_container_that_changed_nothing_adds_no_layer(image: Image, make: Make) -> None:
    """Only a step of the history."""
    container = make("true")
    finish(container)
    made = commit(container)
    assert len(made.layers) == len(image.layers)
    assert made.history[-1].empty_layer


@pytest.mark.usefixtures("namespaces")
def test_volumes_stay_out_of_commits_and_keep_their_files(store: ContentStore, make: Make) -> None:
    """A fresh volume gets what the image has at its path; another container sees what the first one wrote."""
    volume = create_volume(store.home, "data")
    mount = Mount(type="volume", target="/var", source=str(volume.path), name="data")
    first = make("sh", "-c", "cat /var/old; echo kept > /var/kept; stat -c %a /home/user", mounts=[mount])
    assert finish(first)[1] == "old\n700\n"
    assert b"var/kept" not in commit(first).files.nodes
    assert finish(make("cat", "/var/kept", mounts=[mount]))[1] == "kept\n"
    assert find_volume(store.home, "data").name == "data"


@pytest.mark.usefixtures("namespaces")
def test_an_images_volume_is_anonymous_and_goes_with_its_container(store: ContentStore, make: Make) -> None:
    """As with docker's ``run --rm``."""
    base = make("true")
    finish(base)
    image = commit(base, changes=["VOLUME /var"])
    container = create(store, image, spec(["sh", "-c", "touch /var/x"], network="none"))
    finish(container)
    before = set(store.home.volumes.iterdir())
    container.remove(volumes=True)
    assert len(before - set(store.home.volumes.iterdir())) == 1


@pytest.mark.parametrize("running", [False, True])
def test_files_are_copied_out_and_in(make: Make, *, running: bool) -> None:
    """With owners and modes, whether the container runs or not."""
    container = make("sh", "-c", "sleep 100" if running else "true")
    session = container.start(owner=os.getpid())
    if running:
        session.close()
    else:
        session.follow(lambda *_: None)
        session.close()
    with tempfile.TemporaryFile() as file:
        assert copy_out(container, "/home/user", file)
        file.seek(0)
        with tarfile.open(fileobj=file) as tar:
            assert {(m.name, m.uid, m.mode) for m in tar} == {("user", 1000, 0o700), ("user/own", 1000, 0o600)}
        file.seek(0)
        copy_in(container, "/var/dir", file, rename="there", keep_owners=True)
    changed = ["/var", "/var/dir", "/var/dir/there", "/var/dir/there/own"]
    assert [change.path for change in container.changes()] == changed
    written = container.changes()[-1].new
    assert written is not None
    assert (written.uid, written.mode & 0o7777) == (1000, 0o600)
    with (
        tempfile.TemporaryFile() as file,
        pytest.raises(PathNotFound, match="Could not find the file /nosuch in container"),
    ):
        copy_out(container, "/nosuch", file)


def test_no_link_leads_a_copy_out_of_the_container(make: Make, tmp_path: Path) -> None:
    """Neither one in the container nor one in the archive: both ways, absolute and with dots."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("host")
    container = make("sh", "-c", f"ln -s {secret} /abs; ln -s ../../../../../../../..{secret} /dots; ln -s /etc /etc2")
    assert finish(container)[0] == 0
    for path in ("/abs/key", "/dots/key", f"/abs/../../../..{secret}/key"):
        with tempfile.TemporaryFile() as file, pytest.raises(PathNotFound):
            copy_out(container, path, file)
    with tempfile.TemporaryFile() as file:
        copy_out(container, "/etc2/group", file)
        assert file.tell() or os.fstat(file.fileno()).st_size
    for path in ("/abs", "/dots"):
        with tempfile.TemporaryFile() as file:
            _tar(file, "evil", b"x")
            with pytest.raises(PathNotFound):
                copy_in(container, path, file)
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            link = tarfile.TarInfo("l")
            link.type, link.linkname = tarfile.SYMTYPE, str(secret)
            tar.addfile(link)
            inner = tarfile.TarInfo("l/evil")
            inner.size = 1
            tar.addfile(inner, io.BytesIO(b"x"))
        file.seek(0)
        with pytest.raises(InvalidInput):
            copy_in(container, "/var/dir", file)
    assert [path.name for path in secret.iterdir()] == ["key"]


def _tar(file: object, name: str, data: bytes) -> None:
    with tarfile.open(fileobj=file, mode="w") as tar:  # type: ignore[call-overload]
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    file.seek(0)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ('CMD ["a", "b c"]', "cmd", ("a", "b c")),
        ("CMD a b", "cmd", ("/bin/sh", "-c", "a b")),
        ('entrypoint ["/e"]', "entrypoint", ("/e",)),
        ("ENV A=1 B='2 3'", "env", ("X=0", "A=1", "B=2 3")),
        ("ENV A 1 2", "env", ("X=0", "A=1 2")),
        ("EXPOSE 80 53/udp", "exposed_ports", {"80/tcp": {}, "53/udp": {}}),
        ('LABEL a="b c" d=e', "labels", {"a": "b c", "d": "e"}),
        ("ONBUILD RUN x", "on_build", ("RUN x",)),
        ("onbuild  anything $at all", "on_build", ("anything $at all",)),
        ("STOPSIGNAL SIGINT", "stop_signal", "SIGINT"),
        ("USER me", "user", "me"),
        ('VOLUME ["/a", "/b"]', "volumes", {"/a": {}, "/b": {}}),
        ("WORKDIR sub", "working_dir", "/w/sub"),
        ("ENV A=$X:1", "env", ("X=0", "A=0:1")),
    ],
)
def test_changes_of_the_configuration(text: str, field: str, value: object) -> None:
    """Every instruction that docker's ``--change`` takes."""
    assert getattr(apply_changes(Config(env=("X=0",), working_dir="/w"), [text]), field) == value


@pytest.mark.parametrize(
    "text", ["RUN x", "", "ENV A", "EXPOSE x", "CMD ", "ONBUILD FROM x", "ONBUILD onbuild RUN x", "ONBUILD "]
)
def test_changes_that_are_none_are_refused(text: str) -> None:
    """With a clear line."""
    with pytest.raises(InvalidInput):
        apply_changes(Config(), [text])
