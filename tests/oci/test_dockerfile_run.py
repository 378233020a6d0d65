"""What RUN is given: heredocs and mounts; and what each instruction expands.

The rows of heredocs are those of moby/buildkit, frontend/dockerfile/parser/parser_heredoc_test.go and
frontend/dockerfile/instructions/parse_heredoc_test.go; those of mounts follow commands_runmount.go.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from dockmagic.dockerfile import (
    Heredoc,
    RunMount,
    expand,
    expand_text,
    parse,
    refuse,
    refuse_frontend,
    refuse_mount,
)
from dockmagic.oci.errors import DockerfileError, NotSupported

if TYPE_CHECKING:
    from dockmagic.dockerfile import (
        Copy,
        Expose,
        Instruction,
        Run,
    )


def only(text: str) -> Any:
    """The one instruction behind a FROM."""
    (instruction,) = parse(f"FROM scratch\n{text}").stages[0].instructions
    return instruction


HEREDOCS: list[tuple[str, list[dict[str, object]]]] = [
    ("RUN <<EMPTY\nEMPTY", [{"name": "EMPTY", "content": ""}]),
    ("RUN 3<<EMPTY2\nEMPTY2", [{"name": "EMPTY2", "content": "", "descriptor": 3}]),
    ('RUN "<<NOHEREDOC"', []),
    ('RUN ["<<EOF"]', []),
    ("RUN <<INDENT\n\tfoo\n\tbar\nINDENT", [{"name": "INDENT", "content": "\tfoo\n\tbar\n"}]),
    ("RUN <<-U\n\tbaz\n\tquux\nU", [{"name": "U", "content": "\tbaz\n\tquux\n", "chomp": True}]),
    ("RUN <<-U\n\tbaz\n\tU", [{"name": "U", "content": "\tbaz\n", "chomp": True}]),
    ("RUN <<-'N'\n\tdon't $NAME\nN", [{"name": "N", "content": "\tdon't $NAME\n", "chomp": True, "expand": False}]),
    ("RUN <<C\n# internal comment\na \\\nC\n", [{"name": "C", "content": "# internal comment\na \\\n"}]),
    ("RUN --mount=type=cache,target=/foo <<M\necho hello\nM", [{"name": "M", "content": "echo hello\n"}]),
    ("COPY <<F1 <<F2 /dest\n1\nF1\n2\nF2", [{"name": "F1", "content": "1\n"}, {"name": "F2", "content": "2\n"}]),
    ("COPY <<X <<Y /dest\nY\nX\nX\nY", [{"name": "X", "content": "Y\n"}, {"name": "Y", "content": "X\n"}]),
    ("RUN <<COMPLEX python3\nprint('hello')\nCOMPLEX", [{"name": "COMPLEX", "content": "print('hello')\n"}]),
    ("COPY <<file.txt /dest\nhello\nfile.txt", [{"name": "file.txt", "content": "hello\n"}]),
    ("RUN <<eo'f'\necho foo\neof", [{"name": "eof", "content": "echo foo\n", "expand": False}]),
    ("RUN <<eo\\'f\necho foo\neo'f", [{"name": "eo'f", "content": "echo foo\n"}]),
    ("RUN <<'e'o\\'f\necho foo\neo'f", [{"name": "eo'f", "content": "echo foo\n", "expand": False}]),
    ("RUN <<'one two'\necho bar\none two", [{"name": "one two", "content": "echo bar\n", "expand": False}]),
    ("RUN <<$EOF\n$EOF", [{"name": "$EOF", "content": ""}]),
    ("RUN <<  EOF\nEOF", [{"name": "EOF", "content": ""}]),
    ("RUN <<  EOF  > foo\nEOF", [{"name": "EOF", "content": ""}]),
    ("RUN <<EOF\r\na\r\nEOF\r\n", [{"name": "EOF", "content": "a\r\n"}]),
    ("RUN cat <<<text", []),
    ("RUN echo $((1<<2))", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), HEREDOCS)
def test_heredocs_are_found(text: str, expected: list[dict[str, object]]) -> None:
    """Several, in their order; quoted names; tabs before the terminator of ``<<-``; none in the exec form."""
    assert only(text).heredocs == tuple(Heredoc(**one) for one in expected)  # type: ignore[arg-type]


def test_a_shift_that_looks_like_a_heredoc_is_taken_for_one() -> None:
    """As BuildKit does, where white space stands before it; the error says which line was expected."""
    with pytest.raises(DockerfileError, match=r"unterminated heredoc: no line is 2\)\)"):
        only("RUN echo $((1 << 2))")


def test_a_user_has_no_heredoc() -> None:
    """Only ADD, COPY and RUN have any; what follows is the next instruction."""
    with pytest.raises(DockerfileError, match="Dockerfile:3:1: unknown instruction: INVALID"):
        only("USER <<INVALID\nINVALID")


@pytest.mark.parametrize(
    ("text", "command", "file"),
    [
        ("RUN ls /", ("/bin/sh", "-c", "ls /"), None),
        ('RUN ["ls", "/"]', ("ls", "/"), None),
        ("RUN <<EOF\nls /\nwhoami\nEOF", ("/bin/sh", "-c", "ls /\nwhoami\n"), None),
        ("RUN <<-EOF\n\techo a\n\t\techo b\nEOF", ("/bin/sh", "-c", "echo a\necho b\n"), None),
        ("RUN <<EOF\n#!/usr/bin/env python\nx\nEOF", ("/bin/sh", "-c", "/dev/pipes/EOF"), "#!/usr/bin/env python\nx\n"),
        (
            "RUN <<'E' | python\nprint(1)\nE",
            ("/bin/sh", "-c", "<<'E' | python\nprint(1)\nE"),
            None,
        ),
        ("RUN cat <<A <<-B\n1\nA\n\t2\nB", ("/bin/sh", "-c", "cat <<A <<-B\n1\nA\n\t2\nB"), None),
    ],
)
def test_a_run_knows_its_program(text: str, command: tuple[str, ...], file: str | None) -> None:
    """A lone heredoc is the script, or a file where it names its interpreter; with a command the shell reads it."""
    program = only(text).program
    assert program.command() == command
    assert (program.file.text if program.file else None) == file


def test_shell_takes_the_place_of_sh() -> None:
    """CMD and ENTRYPOINT in their shell form go behind the words of SHELL, in their exec form not."""
    assert only("CMD a b").program.command(("bash", "-ec")) == ("bash", "-ec", "a b")
    assert only('ENTRYPOINT ["a"]').program.command(("bash", "-ec")) == ("a",)


MOUNTS: list[tuple[str, dict[str, object]]] = [
    ("target=/a", {"target": "/a"}),
    ("type=bind,from=base,src=/x,dst=/a,rw", {"from_": "base", "source": "/x", "target": "/a", "readonly": False}),
    ("TYPE=Bind,destination=/a,readwrite=false", {"target": "/a"}),
    ("type=cache,target=/c/", {"type": "cache", "target": "/c/", "id": "/c", "readonly": False}),
    (
        "type=cache,id=x,target=/c,sharing=Locked,mode=0700,uid=1,gid=2,ro=1,from=s,source=y",
        {
            "type": "cache", "id": "x", "target": "/c", "sharing": "locked", "mode": 0o700, "uid": 1, "gid": 2,
            "from_": "s", "source": "y",
        },
    ),
    ("type=tmpfs,target=/t,size=1.5g", {"type": "tmpfs", "target": "/t", "size": 3 * 2**29, "readonly": False}),
    ("type=secret,id=a/b", {"type": "secret", "id": "a/b", "target": "/run/secrets/b"}),
    ("type=secret,target=/k,required", {"type": "secret", "id": "k", "target": "/k", "required": True}),
    ("type=secret,src=a,env=KEY,mode=0444", {"type": "secret", "id": "a", "env": "KEY", "mode": 0o444}),
    ("type=secret,id=TOKEN,env=", {"type": "secret", "id": "TOKEN", "env": "TOKEN"}),
    ("type=secret,id=a,env=E,dst=/k", {"type": "secret", "id": "a", "env": "E", "target": "/k"}),
    ("type=ssh", {"type": "ssh", "id": "default"}),
    ('type=bind,"source=a,b",target=/x', {"source": "a,b", "target": "/x"}),
    ("type=bind,readonly=true,readonly=false,target=/x", {"target": "/x", "readonly": False}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), MOUNTS)
def test_a_mount_is_read(text: str, expected: dict[str, object]) -> None:
    """Keys in any case, their aliases, and the defaults of each type."""
    (mount,) = only(f"RUN --mount='{text}' x").resolve_mounts(lambda word: word)
    assert mount == RunMount(**expected)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("type=bnid,target=/x", 'unsupported mount type "bnid" (did you mean bind?)'),
        ("typ=bind", "unexpected key 'typ' in 'typ=bind' (did you mean type?)"),
        ("type=bind,x", "unexpected key 'x' in 'x'"),
        ("type=bind,target", "invalid field 'target' must be a key=value pair"),
        ("type=cache,target=/c,sharing=share", 'unsupported sharing value "share" (did you mean shared?)'),
        ("type=bind,sharing=shared", "unexpected key 'sharing' for mount type 'bind'"),
        ("type=bind,required", "unexpected key 'required' for mount type 'bind'"),
        ("type=bind,size=1", "unexpected key 'size' for mount type 'bind'"),
        ("type=tmpfs,uid=1", "unexpected key 'uid' for mount type 'tmpfs'"),
        ("type=tmpfs,size=x", "invalid value for size: x"),
        (f"type=tmpfs,size={'9' * 400}g", "invalid value for size: 999"),
        (f"type=cache,uid={'9' * 5000}", "invalid value 999"),
        ("type=cache,gid=4294967296", "invalid value 4294967296 for gid"),
        ("", "failed to parse csv mounts: there are none"),
        ("type=cache,mode=9", "invalid value 9 for mode"),
        ("type=cache,uid=-1", "invalid value -1 for uid"),
        ("ro=x", "invalid value for readonly: x"),
        ("type=secret", "invalid secret mount. one of source, target required"),
        ("type=secret,id=a,source=b", "both source and id can't be set"),
        ("type=secret,id=a,from=b", "secret mount should not have a from"),
        ("from=$X", "'from' doesn't support variable expansion, define alias stage instead"),
        ('type=bind,"source=a', "failed to parse csv mounts"),
    ],
)
def test_a_bad_mount_is_told_with_its_place(text: str, reason: str) -> None:
    """Already when the file is read, if there is nothing to expand."""
    with pytest.raises(DockerfileError) as caught:
        only(f"RUN --mount='{text}' x")
    assert reason in caught.value.message
    assert caught.value.lines == (2, 2)


def test_variables_in_a_mount_wait() -> None:
    """What they make of it is read when they are known, and told at the mount."""
    run = only("RUN --mount=type=cache,id=$ID,target=/c,sharing=$S true")
    values = {"ID": "x", "S": "locked"}
    (mount,) = run.resolve_mounts(functools.partial(expand, env=values))
    assert (mount.id, mount.sharing) == ("x", "locked")
    with pytest.raises(DockerfileError, match='Dockerfile:2:13: unsupported sharing value "y"'):
        run.resolve_mounts(functools.partial(expand, env={"S": "y"}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ENV $k=$v", {"pairs": (("key", "a b", False),)}),
        ("LABEL a='$v' b=\"$v\"", {"pairs": (("a", "$v", False), ("b", "a b", False))}),
        ("USER $v", {"user": "a b"}),
        ("WORKDIR /$k/x", {"path": "/key/x"}),
        ("STOPSIGNAL $k", {"signal": "key"}),
        ('VOLUME ["/$k"]', {"paths": ("/key",)}),
        ("EXPOSE $ports", {"ports": ("80", "443/udp")}),
        (
            "COPY --chown=$k --chmod=$k --exclude=$k $k /$k",
            {"sources": ("key",), "dest": "/key", "exclude": ("$k",), "chown": "key", "chmod": "key"},
        ),
        ("ADD --checksum=$k $k /$k", {"sources": ("key",), "dest": "/key", "checksum": "key"}),
        ("RUN echo $k", {"words": ("echo $k",)}),
        ("CMD $k", {"words": ("$k",)}),
        ("ENTRYPOINT $k", {"words": ("$k",)}),
        ("HEALTHCHECK CMD $k", {"test": ("CMD-SHELL", "$k")}),
        ('SHELL ["$k"]', {"words": ("$k",)}),
        ("MAINTAINER $k", {"author": "$k"}),
        ("ONBUILD USER $k", {"expression": "USER $k"}),
        ("ARG x=$k", {"arguments": (("x", "$k", ""),)}),
    ],
)
def test_each_instruction_expands_what_the_reference_says(text: str, expected: dict[str, object]) -> None:
    """Keys and values, paths and flags; never a command, ``--from``, ``--exclude`` or the default of an ARG."""
    env = {"k": "key", "v": "a b", "ports": "80 443/udp"}
    expanded: Instruction = only(text).expanded(functools.partial(expand, env=env))
    assert {name: getattr(expanded, name) for name in expected} == expected


def test_a_copied_heredoc_is_expanded_unless_its_name_is_quoted() -> None:
    """Tabs of ``<<-`` go first; those that a variable brings stay."""
    copy: Copy = only("COPY <<-A <<'B' /d\n\t$t'\nA\n$t\nB\n")
    env = {"t": "\tx"}
    expanded = copy.expanded(functools.partial(expand, env=env), functools.partial(expand_text, env=env))
    assert [one.text for one in expanded.heredocs] == ["\tx'\n", "$t\n"]
    assert copy.expanded(functools.partial(expand, env=env)).heredocs[0].text == "$t'\n"


def test_a_bad_expansion_is_told_at_its_instruction() -> None:
    """With the lines of the whole instruction."""
    with pytest.raises(DockerfileError, match=r'Dockerfile:2: failed to process "\${x:\?no}": x: no'):
        only("USER ${x:?no}").expanded(functools.partial(expand, env={}))


@pytest.mark.parametrize(
    ("words", "ports"),
    [
        ("80", ("80/tcp",)),
        ("80/UDP 9000-9002", ("80/udp", "9000/tcp", "9001/tcp", "9002/tcp")),
        ("127.0.0.1:80:8080/sctp", ("8080/sctp",)),
        ("[::1]:8080:8080 1000-1002:80", ("1000", "8080/tcp")),
        ("0", ("0/tcp",)),
    ],
)
def test_ports_are_taken_apart(words: str, ports: tuple[str, ...]) -> None:
    """Ranges become ports; an address and a host's port mean nothing in an image."""
    expose: Expose = only(f"EXPOSE {words}")
    assert set(expose.container_ports) == {"80/tcp" if port == "1000" else port for port in ports}


@pytest.mark.parametrize(
    "word", ["x", "80/icmp", "/tcp", "70000", "90-80", "1.2.3:80:80", "1-2:3-5", "x:80", "80-", "9" * 5000, "80:1-", ""]
)
def test_what_is_no_port_is_refused(word: str) -> None:
    """Words, protocols, numbers that are too high, ranges that go down or do not fit."""
    expose: Expose = only("EXPOSE $p").expanded(lambda _: word or ":")
    with pytest.raises(DockerfileError, match=r"^Dockerfile:2: invalid "):
        expose.container_ports  # noqa: B018 - it is read when it is asked for


def refuse_all(run: Run) -> None:
    """All that can be refused of a RUN."""
    refuse(run)
    for mount in run.resolve_mounts(lambda word: word):
        refuse_mount(mount)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("RUN --security=insecure x", "RUN --security=insecure"),
        ("RUN --device=vendor.com/dev=x,required x", "RUN --device=vendor.com/dev=x"),
        ("RUN --mount=type=ssh x", "RUN --mount=type=ssh"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(text: str, what: str) -> None:
    """It is read like the rest, and then refused with what to do instead."""
    run: Run = only(text)
    with pytest.raises(NotSupported, match=f"{what} is not supported") as caught:
        refuse_all(run)
    assert caught.value.hint
    refuse_all(only("RUN --security=sandbox --network=host --mount=type=secret,id=a x"))


@pytest.mark.parametrize(
    "syntax",
    ["docker/dockerfile:1", "docker/dockerfile-upstream:master", "localhost:5000/mirror/dockerfile:1@sha256:24"],
)
def test_the_frontend_of_dockerfiles_is_built_in(syntax: str) -> None:
    """In whichever version and from whichever registry it is asked for."""
    refuse_frontend(parse(f"# syntax={syntax}\nFROM a"))
    refuse_frontend(parse("FROM a"))


def test_another_frontend_is_refused_by_name() -> None:
    """What it would make of the file is not known."""
    with pytest.raises(NotSupported, match="Dockerfile:1: # syntax=: the frontend someone/pack:2 is not supported"):
        refuse_frontend(parse("# syntax=someone/pack:2 // x\nFROM a"))
