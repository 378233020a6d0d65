"""What a build would refuse is found in the text before anything is done; what cannot be known is no mistake."""

from __future__ import annotations

import pytest

from dockmagic.builder.dry_run import dry_run
from dockmagic.builder.reading.plan import make_plan
from dockmagic.dockerfile import parse
from dockmagic.oci.errors import DockerfileError
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import Config

AMD64 = Platform("amd64", "linux")

MISTAKES = [
    ("FROM scratch\nENV a='b", "Dockerfile:2: failed to process"),
    ("FROM scratch\nRUN true\nLABEL x=${y:?missing}", "Dockerfile:3: failed to process"),
    ("FROM scratch\nARG a=${b", "Dockerfile:2:7: failed to process"),
    ("FROM scratch\nENV signal=NONE\nSTOPSIGNAL $signal", "Dockerfile:3:12: there is no signal 'NONE'"),
    ("FROM scratch\nARG port=http\nEXPOSE 80 $port", "Dockerfile:3: invalid containerPort: http"),
    ("FROM scratch\nENV empty=\nVOLUME $empty", "Dockerfile:3: VOLUME names an empty path"),
    ("FROM scratch\nARG mode=rwx\nCOPY --chmod=$mode a b", "Dockerfile:3:14: invalid chmod parameter: 'rwx'"),
    ("FROM scratch\nCOPY https://example.com/a /", "Dockerfile:2: source can't be a URL for COPY"),
    ("FROM scratch\nCOPY https://example.com/a.git /", "Dockerfile:2: source can't be a git ref for COPY"),
    ("FROM scratch\nCOPY --exclude=[ a /", "Dockerfile:2: syntax error in pattern '['"),
    ("FROM scratch\nADD --checksum=sha256:1 a /", "Dockerfile:2: --checksum is for one URL or git repository"),
    ("FROM scratch\nADD --checksum=sha256:1 https://example.com/a /", "is not a sha256 digest"),
    (
        f"FROM scratch\nADD --checksum=sha256:{64 * '0'} https://example.com/a https://example.com/b /",
        "Dockerfile:2: --checksum is for one source only",
    ),
    ("FROM scratch\nADD https://example.com/a.git?commit=1&size=2 /", "unexpected query 'size'"),
    ("FROM scratch\nENV kind=tape\nRUN --mount=type=$kind,target=/x y", "Dockerfile:3:13: unsupported mount type"),
    ("FROM scratch\nWORKDIR /a\nRUN --mount=target=.. x", 'Dockerfile:3:20: invalid mount target ".."'),
    ("FROM scratch AS a\nCOPY --from=b c d\nFROM a AS b", "Dockerfile:2:13: cannot copy from stage"),
    ("ARG image\nFROM $image", "Dockerfile:2:6: base name ($image) should not be blank"),
    ("ARG SOURCE_DATE_EPOCH=yesterday\nFROM scratch", "Dockerfile:1:5: invalid SOURCE_DATE_EPOCH: yesterday"),
    ("FROM scratch AS a\nENV port=x\nFROM a\nEXPOSE $port", "Dockerfile:4: invalid containerPort: x"),
    ("FROM scratch AS a\nONBUILD EXPOSE x\nFROM a", "Dockerfile:3: invalid containerPort: x"),
    # The image is not known, and the mistake is one whatever its variables are.
    ("FROM image\nENV a=${b", "Dockerfile:2: failed to process"),
    ("FROM image\nARG a=${b:+'}", "Dockerfile:2:7: failed to process"),
    ("FROM image\nEXPOSE http", "Dockerfile:2: invalid containerPort: http"),
]


def test_a_default_in_place_of_which_a_value_is_given_is_not_expanded() -> None:
    """As BuildKit has it; and each argument of a line sees those before it, whatever the base brings."""
    for base in ("scratch", "unknown"):
        text = f"FROM {base}\nARG A=1 B=${{A:?no}}\nARG BAR=${{FOO:?missing}}\nLABEL x=$B\n"
        dry_run(make_plan(parse(text), build_args={"BAR": "1"}))
    with pytest.raises(DockerfileError, match="FOO: missing"):
        dry_run(make_plan(parse("FROM scratch\nARG BAR=${FOO:?missing}\n")))


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_found_where_it_is(text: str, message: str) -> None:
    """With the variables that hold there, and with the place of what is written."""
    with pytest.raises(DockerfileError) as caught:
        dry_run(make_plan(parse(text), platform=AMD64))
    assert message in caught.value.message


@pytest.mark.parametrize(
    "text",
    [
        "FROM image\nENV port=$base_port\nEXPOSE $port $other\nSTOPSIGNAL $signal\nVOLUME $folder",
        "FROM image\nARG port=$base_port\nEXPOSE $port/tcp\nARG token=${token:?}",
        "FROM image AS one\nFROM one\nRUN --mount=type=$kind,target=$where x\nCOPY --chmod=$mode a $dest",
        "FROM scratch\nRUN --mount=type=secret,id=a --mount=type=ssh x\nRUN --mount=type=secret,id=b,env=B x",
        "FROM scratch\nARG unset\nEXPOSE $unset\nCOPY --chmod=$unset git@host a",
    ],
)
def test_what_cannot_be_known_is_no_mistake(text: str) -> None:
    """A base image that is not here may set what is asked for."""
    dry_run(make_plan(parse(text), platform=AMD64))


def test_a_base_that_is_known_says_what_it_sets() -> None:
    """Its variables hold, and its triggers come first."""
    plan = make_plan(parse("FROM image\nEXPOSE $port\n"), platform=AMD64)
    dry_run(plan, config=lambda _base: Config(env=("port=80",)))
    with pytest.raises(DockerfileError, match="Dockerfile:2: invalid containerPort: x"):
        dry_run(plan, config=lambda _base: Config(env=("port=x",)))
    with pytest.raises(DockerfileError, match="Dockerfile:1: there is no signal 'NONE'"):
        dry_run(plan.with_triggers(lambda _base: ("STOPSIGNAL NONE",)), config=lambda _base: Config(env=()))


def test_only_what_the_target_needs_is_looked_at() -> None:
    """The others may be wrong, unless all are asked for."""
    read = parse("FROM scratch AS one\nEXPOSE x\nFROM scratch AS two\n")
    dry_run(make_plan(read, platform=AMD64))
    with pytest.raises(DockerfileError):
        dry_run(make_plan(read, target=None, platform=AMD64))
