r"""Text becomes statements and instructions as in BuildKit's parser.

The rows are those of moby/buildkit, frontend/dockerfile/parser (testfiles, testfiles-negative, parser_test.go) and
frontend/dockerfile/instructions (parse_test.go, bflag_test.go), some shortened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dockmagic.dockerfile import (
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    Healthcheck,
    Instruction,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    parse,
    parse_trigger,
)
from dockmagic.oci.errors import DockerfileError

if TYPE_CHECKING:
    from dockmagic.dockerfile import (
        Dockerfile,
    )


def only(text: str) -> Instruction:
    """The one instruction behind a FROM."""
    (instruction,) = parse(f"FROM scratch\n{text}").stages[0].instructions
    return instruction


def fields(instruction: Instruction) -> dict[str, object]:
    """What is this instruction's own, as far as it is given."""
    common = set(Instruction.__struct_fields__)
    return {
        name: value
        for name in type(instruction).__struct_fields__
        if name not in common and (value := getattr(instruction, name)) not in ("", (), False, None, 0)
    }


INSTRUCTIONS = [
    ("RUN echo hello", Run, {"words": ("echo hello",), "shell": True, "network": "default", "security": "sandbox"}),
    ('RUN ["ls", "-la"]', Run, {"words": ("ls", "-la"), "network": "default", "security": "sandbox"}),
    ("RUN --network=none true", Run, {"words": ("true",), "shell": True, "network": "none", "security": "sandbox"}),
    ("CMD []", Cmd, {}),
    ('CMD [""]', Cmd, {"words": ("",)}),
    ('CMD	[	"a",	"b"	]	', Cmd, {"words": ("a", "b")}),
    (r'CMD ["a b", "♥", "\" \\ \/ \b \f \n \r \t \u0041"]', Cmd, {"words": ("a b", "♥", '" \\ / \b \f \n \r \t A')}),
    ("CMD echo 'test' | wc -", Cmd, {"words": ("echo 'test' | wc -",), "shell": True}),
    ('CMD "[\\"echo\\"]"', Cmd, {"words": ('"[\\"echo\\"]"',), "shell": True}),
    ("CMD ['echo', 'hello']", Cmd, {"words": ("['echo', 'hello']",), "shell": True}),
    ('CMD ["unterminated", "x"', Cmd, {"words": ('["unterminated", "x"',), "shell": True}),
    ('CMD ["open string]', Cmd, {"words": ('["open string]',), "shell": True}),
    ('ENTRYPOINT [ "/usr/bin/redis-server" ]', Entrypoint, {"words": ("/usr/bin/redis-server",)}),
    ("COPY	.	/go/src", Copy, {"sources": (".",), "dest": "/go/src"}),
    ('COPY [ "test file", "/top/test file" ]', Copy, {"sources": ("test file",), "dest": "/top/test file"}),
    ("COPY -- foo /d/", Copy, {"sources": ("foo",), "dest": "/d/"}),
    (
        "COPY --from=base --chown=1:2 --chmod=u=rw --link --parents=TRUE --exclude=*.a --exclude=b foo bar /d/",
        Copy,
        {
            "sources": ("foo", "bar"), "dest": "/d/", "from_": "base", "chown": "1:2", "chmod": "u=rw", "link": True,
            "parents": True, "exclude": ("*.a", "b"),
        },
    ),
    ("COPY --link=false a b", Copy, {"sources": ("a",), "dest": "b"}),
    (r"ADD \conf\\\" /.znc", Add, {"sources": (r"\conf\\\"",), "dest": "/.znc"}),
    (
        "ADD --checksum=sha256:24 --keep-git-dir --unpack=false https://e.org/x /",
        Add,
        {"sources": ("https://e.org/x",), "dest": "/", "checksum": "sha256:24", "keep_git_dir": True},
    ),
    ("ENV name value", Env, {"pairs": (("name", "value", True),)}),
    ('ENV SCUBA "1 DUBA 3"', Env, {"pairs": (("SCUBA", '"1 DUBA 3"', True),)}),
    ("ENV a=1 b=2", Env, {"pairs": (("a", "1", False), ("b", "2", False))}),
    (r"ENV name=value\ value2 name2=", Env, {"pairs": (("name", r"value\ value2", False), ("name2", "", False))}),
    ("""ENV n="a'b c'd" m='a\\'b''""", Env, {"pairs": (("n", '''"a'b c'd"''', False), ("m", "'a\\'b''", False))}),
    ("ENV a=1 \\", Env, {"pairs": (("a", "1", False),)}),
    ('LABEL maintainer James "j@e.org"', Label, {"pairs": (("maintainer", 'James "j@e.org"', True),)}),
    ("LABEL a.b=c", Label, {"pairs": (("a.b", "c", False),)}),
    ("MAINTAINER Eric <e@f.org>", Maintainer, {"author": "Eric <e@f.org>"}),
    ("EXPOSE 9000 5000 6000", Expose, {"ports": ("5000", "6000", "9000")}),
    ("USER docker:root", User, {"user": "docker:root"}),
    ("VOLUME /a /b", Volume, {"paths": ("/a", "/b")}),
    ('VOLUME ["/test", "/test2"]', Volume, {"paths": ("/test", "/test2")}),
    ("WORKDIR /a b", Workdir, {"path": "/a b"}),
    ("STOPSIGNAL SIGKILL", Stopsignal, {"signal": "SIGKILL"}),
    ('SHELL ["powershell", "-command"]', Shell, {"words": ("powershell", "-command")}),
    ('ARG a b= c="d e"', Arg, {"arguments": (("a", None, ""), ("b", "", ""), ("c", '"d e"', ""))}),
    ("HEALTHCHECK NONE", Healthcheck, {"test": ("NONE",)}),
    ("HEALTHCHECK   CMD   a b", Healthcheck, {"test": ("CMD-SHELL", "a b")}),
    (
        'HEALTHCHECK --start-period=0s --start-interval=2s --interval=1m5.5s --timeout=1ms --retries=3 CMD ["x"]',
        Healthcheck,
        {"test": ("CMD", "x"), "start_interval": 2 * 10**9, "interval": 65_500_000_000, "timeout": 10**6, "retries": 3},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "expected"), INSTRUCTIONS)
def test_an_instruction_is_read(text: str, kind: type[Instruction], expected: dict[str, object]) -> None:
    """Flags, exec form, shell form and its fallback, pairs and words."""
    instruction = only(text)
    assert type(instruction) is kind
    assert fields(instruction) == expected


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("RUN echo hello\\\n  world\\\n  goodnight  \\\n  li\\\nght", "hello  world  goodnight    light"),
        ("RUN echo hello  \\  \nworld", "hello  world"),
        ("RUN echo hi \\\n \\\n world \\\n\\\n good\\\n\\\nnight", "hi   world  goodnight"),
        ("RUN echo good\\\nbye\\\nfrog", "goodbyefrog"),
        ("RUN echo hello \\\n# this is a comment\n\n# another\n\nthis is more", "hello this is more"),
        ("RUN echo hello \\\n    # an indented comment\n    world", "hello     world"),
        ("RUN echo a\\\\\nRUN echo b", None),
        ("RUN echo hello\\\r\n  world\r", "hello  world"),
        ("RUN echo something \\", "something "),
    ],
)  # fmt: skip
def test_lines_are_continued(text: str, joined: str | None) -> None:
    """A backslash at the end goes on, unless another escapes it; comments and empty lines in between do not count."""
    first, *others = parse(f"FROM scratch\n{text}").stages[0].instructions
    assert isinstance(first, Run)
    if joined is None:
        assert len(others) == 1
    else:
        assert first.words == (f"echo {joined}".strip(),)


@pytest.mark.parametrize(
    ("text", "escape"),
    [
        ("# escape = `\nFROM image\nENV GOPATH `\n\\go", "`"),
        ("#escape=\\\nFROM image\nENV GOPATH \\\n\\go", "\\"),
        ("# syntax = docker/dockerfile\n# EScape = `\n\nFROM `\n    image\nENV GOPATH \\go", "`"),
        ("#!/usr/bin/env build\n# escape=`\nFROM image\nENV GOPATH \\go", "`"),
        ("# Comment here\n# escape = `\nFROM image\nENV GOPATH \\\n\\go", "\\"),
        ("# KEY = value\n# escape = `\nFROM image\nENV GOPATH \\\n\\go", "\\"),
        ("\n# escape = `\nFROM image\nENV GOPATH \\\n\\go", "\\"),
    ],
)
def test_the_escape_character_is_a_directive_at_the_top(text: str, escape: str) -> None:
    """It counts only above any other comment, line or instruction."""
    dockerfile = parse(text)
    assert dockerfile.escape == escape
    assert dockerfile.stages[0].base.image == "image"
    assert dockerfile.stages[0].instructions[0] == only_env(dockerfile)


def only_env(dockerfile: Dockerfile) -> Instruction:
    """The ENV, whose value is the same in every row."""
    (env,) = dockerfile.stages[0].instructions
    assert isinstance(env, Env)
    assert env.pairs == (("GOPATH", "\\go", True),)
    return env


def test_directives_are_kept() -> None:
    """Whoever builds sees which syntax and checks were asked for."""
    directives = parse("# syntax=docker/dockerfile:1 // x\n# check=skip=all;error=true\nFROM a").directives
    assert directives.syntax == "docker/dockerfile:1 // x"
    assert directives.check == "skip=all;error=true"


def test_instructions_know_their_lines() -> None:
    """From the keyword to the last line of a continuation or heredoc; comments above are not part of it."""
    text = "# c\n\nFROM a\n  # d\nRUN x \\\n # e\n\n  y\nCOPY <<A <<B /d\na\nA\nb\nB\nUSER c\n"
    dockerfile = parse(text)
    assert [one.lines for one in dockerfile.instructions] == [(3, 3), (5, 8), (9, 13), (14, 14)]
    assert dockerfile.instructions[2].source == "COPY <<A <<B /d\na\nA\nb\nB\n"
    assert dockerfile.excerpt((5, 8)) == "RUN x \\\n # e\n\n  y"
    assert dockerfile.empty_continuations == (8,)


def test_lines_count_from_where_a_cell_says() -> None:
    """A Dockerfile below a cell's first line has that line's number in its instructions, errors and excerpts."""
    dockerfile = parse("FROM a\nRUN b", first_line=2)
    assert [one.lines for one in dockerfile.instructions] == [(2, 2), (3, 3)]
    assert dockerfile.excerpt((3, 3)) == "RUN b"
    with pytest.raises(DockerfileError, match="cell:3:1"):
        parse("FROM a\nFOO", name="cell", first_line=2)


def test_comments_above_describe_arguments_and_stages() -> None:
    """``# name description`` right above says what an argument or a stage is for."""
    dockerfile = parse(
        "# foo sets foo\nARG foo=bar\n\n# base defines first stage\nFROM busybox AS base\n# this is irrelevant\n"
        "ARG foo\n# bar defines bar\n# baz is something else\nARG bar baz=123\n"
    )
    assert dockerfile.meta_args[0].arguments[0].description == "sets foo"
    (stage,) = dockerfile.stages
    assert stage.base.description == "defines first stage"
    described = [(a.name, a.description) for one in stage.instructions if isinstance(one, Arg) for a in one.arguments]
    assert described == [("foo", ""), ("bar", "defines bar"), ("baz", "is something else")]


def test_stages_are_found_by_name_and_number() -> None:
    """A name in any case; the last of the same name; a number only if no stage is called so."""
    dockerfile = parse("ARG v=1\nFROM a AS One\nRUN x\nFROM --platform=$P b\nFROM c AS one")
    assert [stage.base.image for stage in dockerfile.stages] == ["a", "b", "c"]
    assert [stage.name for stage in dockerfile.stages] == ["one", "", "one"]
    found = dockerfile.stage("ONE")
    assert found is not None
    assert found.index == 2
    assert dockerfile.stage("1") is dockerfile.stages[1]
    assert dockerfile.stage("3") is None
    assert dockerfile.stages[1].base.platform == "$P"


ERRORS = [
    ("", "Dockerfile: the Dockerfile has no instructions"),
    ("# only\n# comments\n", "Dockerfile: the Dockerfile has no instructions"),
    ("ARG a", "Dockerfile: dockerfile contains no stages to build"),
    ("RUN x", "Dockerfile:1:1: RUN before the first FROM"),
    ("FORM scratch", "Dockerfile:1:1: unknown instruction: FORM (did you mean FROM?)"),
    ("FROM a\n  foo bar", "Dockerfile:2:3: unknown instruction: foo"),
    ("FROM a\nrnu x", "Dockerfile:2:1: unknown instruction: rnu (did you mean run?)"),
    ("FROM a b", "Dockerfile:1: FROM requires either one or three arguments"),
    ("FROM a AS 1x", 'Dockerfile:1:11: invalid name for build stage: "1x", name can\'t start with a number'),
    ("FROM --plat=x a", "Dockerfile:1:6: unknown flag: --plat"),
    ("FROM a\nENV PATH", "Dockerfile:2: ENV must have two arguments"),
    ("FROM a\nENV a=1 b", 'Dockerfile:2:9: Syntax error - can\'t find = in "b". Must be of the form: name=value'),
    ("FROM a\nENV =b", "Dockerfile:2:5: ENV names can not be blank"),
    ("FROM a\nLABEL", "Dockerfile:2: LABEL requires at least one argument"),
    ("FROM a\nARG =b", "Dockerfile:2:5: ARG names can not be blank"),
    ("FROM a\nUSER", "Dockerfile:2: USER requires exactly one argument"),
    ("FROM a\nMAINTAINER --boo joe@example.com", "Dockerfile:2:12: unknown flag: --boo"),
    ("FROM a\nCOPY b", "COPY requires at least two arguments, but only one was provided. Destination could not be"),
    ("FROM a\nCOPY	\n		quux \\\n      bar", "COPY requires at least two arguments, but none was provided"),
    ("FROM a\nCOPY \\\n  --chonw=1 \\\n  a b", "Dockerfile:3:3: unknown flag: --chonw (did you mean chown?)"),
    ("FROM a\nCOPY --chown=1 --chown=2 a b", "Dockerfile:2:6: duplicate flag specified: --chown"),
    ("FROM a\nCOPY --chown a b", "Dockerfile:2:6: missing a value on flag: --chown"),
    ("FROM a\nCOPY --link=maybe a b", "Dockerfile:2:6: expecting boolean value for flag --link, not: maybe"),
    ("FROM a\nCOPY --link= a b", "Dockerfile:2:6: expecting boolean value for flag --link"),
    ("FROM a\nRUN --network=hots x", 'Dockerfile:2:5: invalid network mode "hots" (did you mean host?)'),
    ("FROM a\nRUN --security=x y", 'Dockerfile:2:5: security "x" is not valid'),
    ("FROM a\nRUN []", "Dockerfile:2: RUN requires at least one argument"),
    ('FROM a\nCMD [["nested"]]', "Dockerfile:2:5: when using JSON array syntax, arrays must be comprised of strings"),
    ("FROM a\nVOLUME", "Dockerfile:2: VOLUME requires at least one argument"),
    ('FROM a\nVOLUME [" "]', "Dockerfile:2: VOLUME specified can not be an empty string"),
    ("FROM a\nSHELL bash -c", "Dockerfile:2:7: SHELL requires the arguments to be in JSON form"),
    ("FROM a\nSHELL []", "Dockerfile:2: SHELL requires at least one argument"),
    ("FROM a\nHEALTHCHECK", "Dockerfile:2: HEALTHCHECK requires at least one argument"),
    ("FROM a\nHEALTHCHECK CMD", "Dockerfile:2:13: Missing command after HEALTHCHECK CMD"),
    ("FROM a\nHEALTHCHECK NONE x", "Dockerfile:2:18: HEALTHCHECK NONE takes no arguments"),
    ("FROM a\nHEALTHCHECK CONNECT TCP 7000", 'Dockerfile:2:13: Unknown type "CONNECT" in HEALTHCHECK (try CMD)'),
    ("FROM a\nHEALTHCHECK --interval=50ns CMD x", 'Dockerfile:2:13: Interval "interval" cannot be less than 1ms'),
    ("FROM a\nHEALTHCHECK --timeout=5 CMD x", 'Dockerfile:2:13: invalid duration "5" for --timeout'),
    ("FROM a\nHEALTHCHECK --retries=-1 CMD x", "Dockerfile:2:13: --retries cannot be negative (-1)"),
    ("FROM a\nONBUILD", "Dockerfile:2: ONBUILD requires at least one argument"),
    ("FROM a\nONBUILD FROM b", "Dockerfile:2:9: FROM isn't allowed as an ONBUILD trigger"),
    ("FROM a\nONBUILD maintainer b", "Dockerfile:2:9: MAINTAINER isn't allowed as an ONBUILD trigger"),
    ("FROM a\nONBUILD ONBUILD RUN b", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
    ("FROM a\nONBUILD COPY --x a b", "Dockerfile:2:14: unknown flag: --x"),
    ("# escape=x\nFROM a", "Dockerfile:1:10: invalid escape token 'x' does not match ` or \\"),
    ("# escape=`\n# Escape=`\nFROM a", "Dockerfile:2:3: only one escape parser directive can be used"),
    ("FROM a\nCOPY /foo <<EOF\nEOF", "Dockerfile:2:11: COPY cannot accept a heredoc as a destination"),
    ("FROM a\nRUN <<EOF\nfoo", "Dockerfile:2:5: unterminated heredoc: no line is EOF"),
    ("FROM a\nRUN \0", "Dockerfile:2:5: the text has a NUL character"),
    ("FROM a\nENV \x1c", "Dockerfile:2: ENV must have two arguments"),
    ("FROM a\n \\\n", "Dockerfile:2:2: a backslash continues nothing"),
    ("FROM a\nHEALTHCHECK --retries=2147483648 CMD x", 'Dockerfile:2:13: invalid number "2147483648" for --retries'),
    (f"FROM a\nHEALTHCHECK --retries=+{'9' * 5000} CMD x", "Dockerfile:2:13: invalid number"),
    (f"FROM a\nHEALTHCHECK --interval={'9' * 30}h CMD x", "Dockerfile:2:13: invalid duration"),
    (f"FROM a\nHEALTHCHECK --interval={'9' * 5000}h CMD x", "Dockerfile:2:13: invalid duration"),
    ("FROM a\nRUN --device= x", "Dockerfile:2:5: failed to parse csv devices: there are none"),
    ('FROM a\nRUN --device=\'"gpu\' x', "Dockerfile:2:15: failed to parse csv devices"),
    ("FROM a\nRUN --device=gpu,required=perhaps x", "Dockerfile:2:14: invalid value for required: perhaps"),
    ("FROM a\nRUN --device=gpu,name=tpu x", "Dockerfile:2:14: device name already set to gpu"),
    ("FROM a\nRUN --device=gpu,nane=tpu x", "unexpected key 'nane' in 'nane=tpu' (did you mean name?)"),
    ("FROM a\nRUN --device=gpu,tpu x", "Dockerfile:2:14: invalid field 'tpu' must be a key=value pair"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_a_mistake_is_told_with_its_place(text: str, message: str) -> None:
    """File, line and column, what is wrong, and the word that was probably meant."""
    with pytest.raises(DockerfileError) as caught:
        parse(text)
    assert caught.value.message.startswith(message) or message in caught.value.message
    assert not caught.value.message.endswith(".")


def test_an_error_carries_its_place_as_data() -> None:
    """For whoever marks the line."""
    with pytest.raises(DockerfileError) as caught:
        parse("FROM a\n\nCOPY \\\n  --chonw=1 a b", name="x.Dockerfile")
    error = caught.value
    assert (error.file, error.lines, error.column) == ("x.Dockerfile", (4, 4), 3)
    assert (error.reason, error.suggestion) == ("unknown flag: --chonw", "chown")


def test_bytes_may_begin_with_a_mark_and_must_be_utf8() -> None:
    """A byte-order mark is passed over; other encodings are refused where they begin to differ."""
    assert parse(b"\xef\xbb\xbfFROM a").stages[0].base.image == "a"
    with pytest.raises(DockerfileError, match=r"Dockerfile:2:6: the text is not UTF-8"):
        parse("FROM a\nRUN ä".encode() + b"\xff")
    with pytest.raises(DockerfileError, match=r"Dockerfile:3:1: the text is not UTF-8"):
        parse(b"FROM a\nRUN <<E\n\xe9\nE\n")
    with pytest.raises(DockerfileError, match="UTF-8"):
        parse("FROM a".encode("utf-16"))
    with pytest.raises(DockerfileError, match=r"Dockerfile:2:5: the text is not UTF-8"):
        parse("FROM a\nRUN \ud800")  # half a character, as a notebook may hold it


def test_comments_may_be_written_in_any_encoding() -> None:
    """An old file with an accent in a comment builds; what is shown of it can be shown anywhere."""
    read = parse(b"# caf\xe9\nFROM a\n# na\xefve\nRUN x \\\n # \xff\n y\n")
    (run,) = read.stages[0].instructions
    assert run.original == "RUN x  y"
    assert run.comments == ("na\ufffdve",)
    assert (read.source + run.source).encode().count("\ufffd".encode()) == 4


def test_a_line_is_no_longer_than_docker_reads() -> None:
    """One byte more, and docker would not build the file."""
    longest = "x" * (65535 - len("RUN "))
    (run,) = parse(f"FROM a\nRUN {longest}\n").stages[0].instructions
    assert isinstance(run, Run)
    assert run.words == (longest,)
    with pytest.raises(DockerfileError, match="Dockerfile:2: the line is longer than 65535 bytes"):
        parse(f"FROM a\nRUN {longest}x\n")
    with pytest.raises(DockerfileError, match="Dockerfile:1: the line is longer"):
        parse(f"# {'ö' * 33000}\nFROM a\n")


def test_a_number_of_a_stage_may_have_any_length() -> None:
    """A number without a stage names none, zeros before one do not matter, and nothing is too long to be looked at."""
    read = parse("FROM a\nFROM b\n")
    assert read.stage("001") is read.stages[1]
    assert read.stage("2") is None
    assert read.stage("9" * 5000) is None


def test_a_trigger_of_a_base_image_is_read_at_the_from() -> None:
    """ONBUILD's instructions come as text, with heredocs, and their mistakes are told at the FROM."""
    onbuild = only("ONBUILD RUN <<E\nx\nE\n")
    assert isinstance(onbuild, Onbuild)
    trigger = parse_trigger(onbuild.expression, lines=(7, 7))
    assert isinstance(trigger, Run)
    assert trigger.heredocs == onbuild.trigger.heredocs if isinstance(onbuild.trigger, Run) else False
    assert trigger.lines == (7, 7)
    with pytest.raises(DockerfileError, match=r"Dockerfile:7: the base image's ONBUILD RNU x: unknown instruction"):
        parse_trigger("RNU x", lines=(7, 7))
    with pytest.raises(DockerfileError, match="not one instruction"):
        parse_trigger("USER a\nUSER b")


@given(
    st.lists(
        st.sampled_from(
            [
                "FROM a",
                "RUN",
                "ENV",
                "COPY",
                "--link",
                "--mount=",
                "type=bind",
                "<<E",
                "E",
                "\\",
                "\n",
                " ",
                "[",
                '"',
                "'",
                "]",
                "#",
                "escape=`",
                "a=b",
                "ONBUILD",
                "$x",
                "`",
                "\t",
                "\r\n",
                "AS",
                "HEALTHCHECK CMD",
                "é",
                "-",
            ]
        ),
        max_size=30,
    )
)
@example(["FROM a", "\n", "RUN", " ", "[" * 5000])
def test_any_text_is_a_dockerfile_or_an_error(pieces: list[str]) -> None:
    """Nothing else comes out, and every line number lies in the file."""
    text = "".join(pieces)
    try:
        dockerfile = parse(text)
    except DockerfileError as error:
        assert error.lines[1] <= text.count("\n") + 1  # noqa: PT017 - that there is one is not asked for
        return
    for one in dockerfile.instructions:
        assert 1 <= one.lines[0] <= one.lines[1] <= text.count("\n") + 1
        assert one.expanded(lambda word: word) == one or one.name == "EXPOSE"
