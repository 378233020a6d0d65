"""Words that docker's own tests, and so other people's scripts, look for (docker-cli, moby/integration-cli)."""

# ruff: noqa: ANN001

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

WORDS = [
    ("No such container: nope", "rm nope", "start nope", "stop nope", "restart nope", "pause nope", "unpause nope",
     "logs nope", "commit nope", "exec nope ls", "kill nope", "container diff nope", "container inspect nope",
     "inspect --type container nope", "top nope", "rename nope x1", "wait nope", "port nope", "attach nope",
     "container export nope", "cp nope:/a .", "ps -a --filter before=nope", "run --volumes-from nope box x"),
    ("No such image: nope:latest", "rmi nope", "tag nope x", "save nope", "images --filter since=nope"),
    ("No such image: 0123456789ab", "rmi 0123456789ab"),
    ("no such volume", "volume inspect nope", "volume rm nope"),
    ("invalid reference format", "run UPPER x", "create :x x", "rmi UPPER", "tag box UPPER", "pull UPPER", "push a:b:c",
     "history UPPER", "build -t UPPER .", "commit c1x UPPER", "images --filter before=UPPER"),
    ("must be lowercase", "pull UPPER", "run UPPER x", "tag box UPPER"),
    ("Conflicting options: -a and -d", "run -a stdout -d box x", "run --attach stderr --detach box x"),
    ("No command specified", "run box", "create box", "run --entrypoint= box"),
    ("must specify at least one container source", "cp a b"),
    ("copying between containers is not supported", "cp c1x:/a c1x:/b"),
    ("Could not find the file", "cp c1x:/nope ."),
    ("no such directory", "cp /etc/hostname c1x:/nope/"),
    ("invalid filter", "images --filter x=y", "ps --filter x=y", "volume ls --filter x=y", "ps --filter status=zz",
     "ps --filter exited=x", "images --filter dangling=x", "volume ls --filter dangling=x", "search --filter x=y z",
     "container prune -f --filter x=y", "image prune -f --filter x=y", "system prune -f --filter x=y",
     "volume prune -f --filter x=y"),
    ("bad format of filter", "images --filter x", "ps --filter x"),
    ("already in use by container", "create --name c1x box x"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "line"), [(words, line) for words, *lines in WORDS for line in lines])
def test_an_error_has_dockers_words(typed, rootfs: Path, words: str, line: str, monkeypatch) -> None:
    """In its one line, before our own."""
    monkeypatch.chdir(rootfs.parent)
    assert typed(f"import {rootfs} box").code == 0
    if "c1x" in line:
        made = typed("create --name c1x --network host box /bin/sh")
        if made.code:
            pytest.skip(made.err)
    (rootfs.parent / "Dockerfile").write_text("FROM scratch\n")
    run = typed(line)
    assert words in run.err, run.err
    assert run.code


@pytest.mark.parametrize("verb", ["diff", "export -o {out}", "inspect -f {{{{.Name}}}}"])
def test_the_exact_name_of_a_container_wins(typed, rootfs: Path, tmp_path: Path, verb: str) -> None:
    """Also where an image's ID begins so: two digits suffice for that."""
    assert typed(f"import {rootfs} box").code == 0
    identity = typed("images -q --no-trunc").out.strip().removeprefix("sha256:")
    name = identity[:4]
    made = typed(f"create --name {name} --network host box /bin/sh")
    if made.code:
        pytest.skip(made.err)
    run = typed(f"{verb.format(out=tmp_path / 'out.tar')} {name}")
    assert (run.code, run.err) == (0, "")
    if verb.startswith("inspect"):
        assert run.out == f"/{name}\n"
    other = typed(f"create --name {identity[:5]} --network host box /bin/sh").out.strip()
    assert typed(f"tag box {other[:6]}").code == 0
    named = typed("inspect -f {{.RepoTags}}", other[:6])
    assert f"{other[:6]}:latest" in named.out, (
        "a whole name of an image says more than the beginning of a container's ID"
    )
