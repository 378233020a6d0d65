"""What a Dockerfile can build and be given, as BuildKit lists it.

The Dockerfiles are those of moby/buildkit, frontend/dockerfile/dockerfile_outline_test.go and
dockerfile_targets_test.go.
"""

from __future__ import annotations

import pytest

from dockmagic.dockerfile import parse
from dockmagic.dockerfile.outline import OutlineSecret, outline, targets
from dockmagic.oci.errors import DockerfileError

STAGES = """
ARG inherited=box
ARG inherited2=box2
ARG unused=abc${inherited2}
# sfx is a suffix
ARG sfx="usy${inherited}"

FROM b${sfx} AS first
# this is not assigned to anything
ARG FOO=123
# BAR is a number
ARG BAR=456
RUN true

FROM alpine${unused} AS second
ARG BAZ
RUN true

FROM scratch AS third
ARG ABC=a
# check=skip=all
ARG password
# alternate_password will show up in the outline
# check=skip=all
ARG alternate_password

# target defines build target
FROM third AS target
COPY --from=first /etc/passwd /

FROM second
"""


def test_a_target_has_the_arguments_of_all_that_it_needs() -> None:
    """Those of its base and of the stages that it copies from, with value, description and line; no others."""
    found = outline(parse(STAGES), "Target", build_args={"BAR": "678"})
    assert (found.name, found.description) == ("target", "defines build target")
    assert [(one.name, one.value, one.description, one.lines[0]) for one in found.arguments] == [
        ("inherited", "box", "", 2),
        ("sfx", "usybox", "is a suffix", 6),
        ("FOO", "123", "", 10),
        ("BAR", "678", "is a number", 12),
        ("ABC", "a", "", 20),
        ("password", "", "", 22),
        ("alternate_password", "", "will show up in the outline", 25),
    ]


def test_arguments_may_build_on_one_another() -> None:
    """The last of a name counts, and what it is made of is listed too; what is not used is not."""
    found = outline(
        parse(
            "ARG FOO=123\nARG ABC=abc\nARG DEF=def\nARG FOO=${FOO}${ABC}\nARG BAR=${FOO}456\n"
            "ARG FOO=${FOO}456${BAR}\nFROM scratch\nARG FOO\nARG INFOO=123\nARG INBAR=${INFOO}456\n"
            "ARG INFOO=${INFOO}456${INBAR}\nARG TARGETPLATFORM\n"
        )
    )
    assert [(one.name, one.value) for one in found.arguments] == [
        ("ABC", "abc"),
        ("BAR", "123abc456"),
        ("FOO", "123abc456123abc456"),
        ("INBAR", "123456"),
        ("INFOO", "123456123456"),
    ]


def test_one_env_sees_what_was_before_it() -> None:
    """Its own pairs are no part of that."""
    found = outline(parse("FROM scratch\nENV a=1\nENV a=2 b=$a\nARG c=$a$b\n"))
    assert [one.value for one in found.arguments] == ["21"]


def test_secrets_and_agents_are_listed() -> None:
    """With names expanded, and only of the stages that count."""
    found = outline(
        parse(
            "FROM busybox AS first\n"
            "RUN --mount=type=secret,target=/etc/passwd,required=true --mount=type=ssh true\n"
            "FROM alpine AS second\nRUN --mount=type=secret,id=unused --mount=type=ssh,id=ssh2 true\n"
            "FROM scratch AS third\nARG BAR\nRUN --mount=type=secret,id=second${BAR} true\n"
            "FROM third AS target\nCOPY --from=first /foo /\nRUN --mount=type=ssh,id=ssh3,required true\nFROM second\n"
        ),
        "target",
        build_args={"BAR": "678"},
    )
    assert found.secrets == (
        OutlineSecret(name="passwd", required=True, lines=(2, 2)),
        OutlineSecret(name="second678", required=False, lines=(7, 7)),
    )
    assert found.ssh == (
        OutlineSecret(name="default", required=False, lines=(2, 2)),
        OutlineSecret(name="ssh3", required=True, lines=(10, 10)),
    )


def test_a_target_that_there_is_not_is_suggested() -> None:
    """The nearest name, or all names."""
    with pytest.raises(DockerfileError, match=r'target stage "trget" could not be found \(did you mean target\?\)'):
        outline(parse(STAGES), "trget")
    with pytest.raises(DockerfileError, match="There are first, second, third, target"):
        outline(parse(STAGES), "x")
    with pytest.raises(DockerfileError, match="No stage has a name"):
        outline(parse("FROM a"), "x")


def test_stages_in_a_circle_end_the_outline() -> None:
    """The build complains of it; the outline still has the arguments of both."""
    found = outline(parse("FROM x AS a\nARG one\nCOPY --from=b / /\nFROM y AS b\nARG two\nCOPY --from=a / /\n"))
    assert [one.name for one in found.arguments] == ["one", "two"]


def test_targets_are_all_stages() -> None:
    """With what they begin with and what they are for; the last is the default."""
    found = targets(
        parse(
            "# build defines stage for compiling the binary\nFROM alpine AS build\nRUN true\n\n"
            "FROM busybox as second\nRUN false\n\nFROM --platform=$BUILDPLATFORM alpine\nRUN false\n\n"
            "# binary returns the compiled binary\nFROM second AS binary\n"
        )
    )
    assert [(one.name, one.index, one.base, one.platform, one.default, one.lines[0]) for one in found] == [
        ("build", 0, "alpine", "", False, 2),
        ("second", 1, "busybox", "", False, 5),
        ("", 2, "alpine", "$BUILDPLATFORM", False, 8),
        ("binary", 3, "second", "", True, 12),
    ]
    assert [one.description for one in found] == [
        "defines stage for compiling the binary",
        "",
        "",
        "returns the compiled binary",
    ]
