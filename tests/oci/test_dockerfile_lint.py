"""The checks find what BuildKit's find, with its words, in its lines.

The rows are those of moby/buildkit, frontend/dockerfile/dockerfile_check_test.go.
"""

from __future__ import annotations

import pytest

from dockmagic.dockerfile import Ignore, parse
from dockmagic.dockerfile.lint import CheckOptions, check, check_above, options
from dockmagic.dockerfile.rules import RULES
from dockmagic.oci.errors import DockerfileError
from dockmagic.oci.platforms import Platform
from dockmagic.oci.spec import Config, ConfigFile, RootFS

AMD64 = Platform.parse("linux/amd64")
BUSYBOX = ConfigFile(architecture="amd64", os="linux", rootfs=RootFS(type="layers", diff_ids=()), config=Config())


def known(_image: str, _platform: Platform) -> ConfigFile:
    """Every base image is here, and plain."""
    return BUSYBOX


LINES: dict[str, list[tuple[str, list[tuple[int, str]]]]] = {
    "StageNameCasing": [
        ("FROM scratch AS BadStageName", [(1, "Stage name 'BadStageName' should be lowercase")]),
        ("FROM scratch AS base3", []),
        ("# check=skip=StageNameCasing\n\nFROM scratch AS Bad", []),
    ],
    "FromAsCasing": [
        ("FROM scratch as base", [(1, "'as' and 'FROM' keywords' casing do not match")]),
        ("from scratch AS base", [(1, "'AS' and 'from' keywords' casing do not match")]),
        ("from scratch as base", []),
        ("From scratch as base\nFROM scratch AS b", []),
    ],
    "NoEmptyContinuation": [
        ("FROM scratch\nCOPY Dockerfile \\\n\n.\nCOPY Dockerfile \\\n.\n", [(4, "Empty continuation line")]),
    ],
    "ConsistentInstructionCasing": [
        ("From scratch as base\nFROM scratch AS base2",
         [(1, "Command 'From' should match the case of the command majority (uppercase)")]),
        ("FROM scratch\ncopy Dockerfile /foo\nCOPY Dockerfile /bar",
         [(2, "Command 'copy' should match the case of the command majority (uppercase)")]),
        ("frOM scratch as base\nfrom scratch as base2",
         [(1, "Command 'frOM' should match the case of the command majority (lowercase)")]),
        ("FROM scratch\ncopy a /foo\ncopy a /bar",
         [(1, "Command 'FROM' should match the case of the command majority (lowercase)")]),
        ("from scratch\ncopy Dockerfile /foo", []),
        ("FROM scratch\nRUN <<'EOT'\nenv\nEOT", []),
    ],
    "DuplicateStageName": [
        ("FROM scratch AS b\nFROM scratch AS b",
         [(2, 'Duplicate stage name "b", stage names should be unique')]),
        ("FROM scratch AS b1\nFROM scratch AS b2", []),
    ],
    "ReservedStageName": [
        ("FROM scratch AS scratch\nFROM scratch AS context",
         [(1, 'Stage name should not use the same name as reserved stage "scratch"'),
          (2, 'Stage name should not use the same name as reserved stage "context"')]),
        ("FROM scratch\nFROM scratch AS a", []),
    ],
    "JSONArgsRecommended": [
        ("FROM scratch\nCMD mycommand",
         [(2, "JSON arguments recommended for CMD to prevent unintended behavior related to OS signals")]),
        ("FROM scratch\nentrypoint mycommand",
         [(2, "JSON arguments recommended for entrypoint to prevent unintended behavior related to OS signals")]),
        ('FROM scratch\nSHELL ["/usr/bin/customshell"]\nCMD mycommand', []),
        ('FROM scratch AS base\nSHELL ["/usr/bin/customshell"]\nFROM base\nENTRYPOINT mycommand', []),
        ("FROM scratch\n# check=skip=JSONArgsRecommended\nCMD mycommand", []),
    ],
    "MaintainerDeprecated": [
        ("FROM scratch\nMAINTAINER me@example.org",
         [(2, "Maintainer instruction is deprecated in favor of using label")]),
        ('FROM scratch\nLABEL org.opencontainers.image.authors="me@example.org"', []),
        ("FROM scratch\n# check=skip=MaintainerDeprecated\nMAINTAINER me@example.org", []),
    ],
    "UndefinedArgInFrom": [
        ("ARG base=scratch\nFROM $base", []),
        ("FROM --platform=$BUILDPLATFORM scratch", []),
        ("ARG DEBUG\nFROM scratch${DEBUG}", []),
        ("FROM --platform=$BULIDPLATFORM scratch",
         [(1, "FROM argument 'BULIDPLATFORM' is not declared (did you mean BUILDPLATFORM?)")]),
        ("ARG MY_OS=linux\nARG MY_ARCH=amd64\nFROM --platform=linux/${MYARCH} busybox",
         [(3, "FROM argument 'MYARCH' is not declared (did you mean MY_ARCH?)")]),
        ("ARG tag=latest\nFROM busybox:${tag}${version} AS b", [(2, "FROM argument 'version' is not declared")]),
    ],
    "WorkdirRelativePath": [
        ("FROM scratch\nWORKDIR app/",
         [(2, 'Relative workdir "app/" can have unexpected results if the base image changes')]),
        ("FROM scratch AS a\nWORKDIR /app\nFROM a AS b\nWORKDIR subdir/", []),
        ("FROM scratch\nARG d=/x\nWORKDIR $d\nWORKDIR y", []),
    ],
    "UndefinedVar": [
        ("FROM scratch\nARG foo\nCOPY Dockerfile${foo} .", []),
        ("FROM alpine AS base\nARG foo=Dockerfile\nFROM base\nCOPY $foo .", []),
        ("FROM alpine\nRUN echo $nobody", []),
        ("FROM alpine\nCOPY $foo .\nARG foo=bar\nRUN echo $foo", [(2, "Usage of undefined variable '$foo'")]),
        ("FROM alpine\nARG DIR_BINARIES=b/\nARG DIR_ASSETS=a/\nARG DIR_CONFIG=c/\nCOPY $DIR_ASSET .",
         [(5, "Usage of undefined variable '$DIR_ASSET' (did you mean $DIR_ASSETS?)")]),
        ("FROM alpine\nENV PATH=$PAHT:/tmp/bin",
         [(2, "Usage of undefined variable '$PAHT' (did you mean $PATH?)")]),
        ("FROM scratch AS first\nCOPY $foo .\nFROM scratch AS second\nCOPY $bar .",
         [(2, "Usage of undefined variable '$foo'"), (4, "Usage of undefined variable '$bar'")]),
        ("FROM scratch\nENV a=1 b=$a", [(2, "Usage of undefined variable '$a'")]),
        ("FROM scratch AS a\nONBUILD USER $u\nFROM a", [(3, "Usage of undefined variable '$u'")]),
        ("FROM scratch\nCOPY <<A <<'B' /\n$x\nA\n$y\nB", [(2, "Usage of undefined variable '$x'")]),
        ("FROM scratch\nRUN --mount=type=cache,id=$i,target=/c true", [(2, "Usage of undefined variable '$i'")]),
    ],
    "MultipleInstructionsDisallowed": [
        (('FROM scratch\nENTRYPOINT ["/a"]\nENTRYPOINT ["/b"]\nCMD ["/a"]\nCOPY a b\nCMD ["/b"]\n'
         'HEALTHCHECK CMD ["/a"]\nHEALTHCHECK NONE'),
         [(line, (f"Multiple {name} instructions should not be used in the same stage because only the last one will "
                 "be used")) for line, name in ((2, "ENTRYPOINT"), (4, "CMD"), (7, "HEALTHCHECK"))]),
        ('FROM scratch AS a\nCMD ["/a"]\nFROM a AS b\nCMD ["/b"]', []),
    ],
    "LegacyKeyValueFormat": [
        ("FROM scratch\nENV testkey value\nlabel key value",
         [(2, '"ENV key=value" should be used instead of legacy "ENV key value" format'),
          (3, '"label key=value" should be used instead of legacy "label key value" format')]),
        ("FROM scratch\nENV testkey=value\nLABEL key=value", []),
    ],
    "RedundantTargetPlatform": [
        ("FROM --platform=${TARGETPLATFORM} scratch",
         [(1, ("Setting platform to predefined ${TARGETPLATFORM} in FROM is redundant as this is the default "
              "behavior"))]),
        ("# check=skip=RedundantTargetPlatform\nFROM --platform=$TARGETPLATFORM scratch", []),
        ("FROM --platform=$TARGETPLATFORM$X scratch", []),
    ],
    "SecretsUsedInArgOrEnv": [
        (("FROM scratch\nARG SECRET_PASSPHRASE\nENV SUPER_Secret=foo\nENV password=bar secret=baz\n"
         "ARG super_duper_secret_token=foo auth=bar\nENV apikey=bar sunflower=foo\nENV git_key=\nENV PUBLIC_KEY=\n"
         "ARG public_token\nARG SECRET_PASSPHRASE_FILE\nENV password_file=bar secret_File=baz\n"
         "ARG AUTH_MODULE_VERSION\n# check=skip=SecretsUsedInArgOrEnv // allow secret in environment\n"
         "ENV password=bar\n# check=skip=all // is local to only this instruction\nARG alternate_password"),
         [(line, f'Do not use ARG or ENV instructions for sensitive data ({kind} "{key}")') for line, kind, key in (
             (2, "ARG", "SECRET_PASSPHRASE"), (3, "ENV", "SUPER_Secret"), (4, "ENV", "password"),
             (4, "ENV", "secret"), (5, "ARG", "auth"), (5, "ARG", "super_duper_secret_token"), (6, "ENV", "apikey"),
             (7, "ENV", "git_key"))]),
    ],
    "InvalidDefaultArgInFrom": [
        ("ARG VERSION\nFROM busybox:$VERSION",
         [(2, "Default value for ARG busybox:$VERSION results in empty or invalid base image name")]),
        ("ARG IMAGE\nFROM $IMAGE", [(2, "Default value for ARG $IMAGE results in empty or invalid base image name")]),
        ('ARG SFX="box:"\nFROM busy${SFX}',
         [(2, "Default value for ARG busy${SFX} results in empty or invalid base image name")]),
        ('ARG VERSION="latest"\nFROM busybox:${VERSION}', []),
        ("ARG BUSYBOX_VARIANT\nFROM busybox:stable${BUSYBOX_VARIANT}", []),
    ],
    "FromPlatformFlagConstDisallowed": [
        ("FROM --platform=linux/amd64 scratch",
         [(1, 'FROM --platform flag should not use constant value "linux/amd64"')]),
        ("FROM --platform=linux/amd64 scratch AS my_amd64_stage", []),
        ("FROM --platform=linux/amd64 scratch AS linux", []),
    ],
    "ExposeProtoCasing": [
        ("FROM scratch\nEXPOSE 80/TcP 8080/TCP 8080/udp",
         [(2, "Defined protocol '80/TcP' in EXPOSE instruction should be lowercase"),
          (2, "Defined protocol '8080/TCP' in EXPOSE instruction should be lowercase")]),
    ],
    "ExposeInvalidFormat": [
        ("FROM scratch\nEXPOSE 127.0.0.1:80:80 [::1]:8080:8080 5000:5000 8000",
         [(2, f"EXPOSE instruction should not define an IP address or host-port mapping, found '{word}'")
          for word in ("127.0.0.1:80:80", "5000:5000", "[::1]:8080:8080")]),
    ],
    "InvalidDefinitionDescription": [
        (("# check=skip=all;experimental=InvalidDefinitionDescription\n# foo this is the foo\nARG foo=bar\n\n"
         "# base this is the base image\nFROM scratch AS base\n\n# baz this is the baz\nARG foo=baz bar=qux baz=quux\n"
         "# something else\n#\nARG bit=bat\n\n# comment for something other than ARG or FROM\nCOPY Dockerfile ."), []),
        (("# check=experimental=InvalidDefinitionDescription\n# bar this is the bar\nARG foo=bar\n"
         "# BasE this is the BasE image\nFROM scratch AS base\n# definitely a bad comment\nARG version=latest\n"
         "# definitely a bad comment\nARG foo=baz bar=qux baz=quux"),
         [(3, "Comment for ARG should follow the format: `# foo <description>`"),
          (5, "Comment for FROM should follow the format: `# base <description>`"),
          (7, "Comment for ARG should follow the format: `# version <description>`"),
          (9, "Comment for ARG should follow the format: `# <arg_key> <description>`")]),
        ("# a bad comment\nARG foo=bar\nFROM scratch", []),
    ],
}  # fmt: skip

ROWS = [(rule, text, found) for rule, rows in LINES.items() for text, found in rows]


@pytest.mark.parametrize(("rule", "text", "expected"), ROWS)
def test_a_rule_finds_what_buildkit_finds(rule: str, text: str, expected: list[tuple[int, str]]) -> None:
    """Its lines and messages, in the file's order; and a fix for each."""
    found = [one for one in check(parse(text), platform=AMD64, base=known) if one.rule == rule]
    assert [(one.lines[0], one.message) for one in found] == expected
    assert all(one.fix and one.description and one.url.startswith("https://docs.docker.com/") for one in found)


def test_every_rule_is_held_here() -> None:
    """The table above has all rules, but for the two that need more than a Dockerfile."""
    assert set(RULES) - set(LINES) == {"CopyIgnoredFile", "InvalidBaseImagePlatform"}
    assert len(RULES) == 22


@pytest.mark.parametrize(
    ("ignored", "text", "files"),
    [
        ("a", "FROM scratch\nCOPY a .\nADD a /windy", ['Copy file "a"', 'Add file "a"']),
        ("foobar", "FROM scratch AS base\nCOPY Dockerfile /foobar\nFROM base\nCOPY --from=base /foobar /x", []),
        ("**\n!Dockerfile", "FROM scratch\nCOPY ./Dockerfile .", []),
        ("**\n!Dockerfile", "FROM scratch\nCOPY . .", []),
        (".*", "FROM scratch\nCOPY . .", []),
        ("*", "FROM scratch\nCOPY . .", ['Copy file "."']),
        ("a", "FROM scratch\nCOPY ./a/../a/b .", ['Copy file "a/b"']),
        ("*", "FROM scratch\nADD https://example.org/x git@example.org:a.git /", []),
        ("*", "FROM scratch\nCOPY <<A /\nA", []),
        ("# nothing", "FROM scratch\nCOPY a .", []),
    ],
)  # fmt: skip
def test_files_that_the_context_leaves_out_are_found(ignored: str, text: str, files: list[str]) -> None:
    """Of the context only, and only where nothing is brought back."""
    found = [one.message for one in check(parse(text), ignore=Ignore(ignored)) if one.rule == "CopyIgnoredFile"]
    assert found == [f"Attempting to {file} that is excluded by .dockerignore" for file in sorted(files, reverse=True)]


def test_a_base_image_of_another_platform_is_found() -> None:
    """Operating system and processor are compared with what the stage asked for; an unknown image with nothing."""
    text = "FROM busybox AS a\nFROM a\nFROM --platform=linux/amd64 busybox AS amd64"
    arm64 = Platform.parse("linux/arm64")
    found = [one for one in check(parse(text), platform=arm64, base=known) if one.rule == "InvalidBaseImagePlatform"]
    assert [(one.lines[0], one.message) for one in found] == [
        (
            1,
            'Base image busybox was pulled with platform "linux/amd64", expected "linux/arm64" for current build',
        )
    ]
    assert check(parse(text), platform=AMD64, base=known) == ()
    assert [one.rule for one in check(parse(text), platform=arm64)] == []


def test_variables_of_a_base_image_are_no_mistake() -> None:
    """Those that its configuration sets, and any where it is not known."""
    text = "FROM app\nCOPY $HERE $NOT_HERE /x"
    config = Config(env=("HERE=1",), shell=("bash", "-c"))  # noqa: S604 - a field of that name
    image = ConfigFile(rootfs=RootFS(type="layers", diff_ids=()), config=config)
    found = check(parse(text), base=lambda name, _: image if name == "app" else None)
    assert [one.message for one in found if one.rule == "UndefinedVar"] == ["Usage of undefined variable '$NOT_HERE'"]
    assert check(parse(text)) == ()
    assert not [one for one in check(parse("FROM app\nCMD x"), base=lambda *_: image) if one.rule.startswith("JSON")]


@pytest.mark.parametrize(
    ("directive", "given", "rules"),
    [
        ("skip=all", "", []),
        ("skip=all;error=true", "", []),
        ("skip=ConsistentInstructionCasing,FromAsCasing", "", []),
        ("skip=ConsistentInstructionCasing", "", ["FromAsCasing"]),
        ("skip=all", "skip=ConsistentInstructionCasing;error=true", ["FromAsCasing"]),
        ("error=true", "skip=all", []),
        ("error=true", "", ["FromAsCasing", "ConsistentInstructionCasing"]),
    ],
)
def test_checks_are_chosen(directive: str, given: str, rules: list[str]) -> None:
    """By the file's ``# check=``, and before it by the build argument."""
    dockerfile = parse(f"#check={directive}\nFROM scratch as base\ncopy Dockerfile .\n")
    found = check(dockerfile, build_args={"BUILDKIT_DOCKERFILE_CHECK": given} if given else {})
    assert [one.rule for one in found] == rules


def test_options_are_read() -> None:
    """Rules with commas, options with semicolons, a remark behind a space."""
    assert options(" skip=A, // B") == CheckOptions(skip=frozenset({"A", ""}))
    assert options("skip=A,B;experimental=all;error=1") == CheckOptions(
        skip=frozenset("AB"), experimental=frozenset({"all"}), error=True
    )
    assert options("") == CheckOptions()


@pytest.mark.parametrize("text", ["skip", "shit=all", "error=maybe", "skip=A;x"])
def test_a_bad_option_is_refused_in_its_line(text: str) -> None:
    """Unknown keys, no value, no truth."""
    with pytest.raises(DockerfileError, match=r"Dockerfile:2: failed to parse check option"):
        check(parse(f"# syntax=x\n# check={text}\nFROM a"))


def test_only_what_a_target_needs_is_looked_into() -> None:
    """Its base, what it copies and mounts from; what FROM and names show is found everywhere."""
    dockerfile = parse(
        "FROM scratch AS a\nCOPY $a /\nFROM scratch AS b\nCOPY $b /\nFROM scratch AS c\nCOPY $c /\n"
        "FROM a AS Target\nCOPY --from=1 / /\nFROM scratch\nCOPY $last /\n"
    )
    found = [one.message[-8:] for one in check(dockerfile, target="target")]
    assert found == ["ble '$a'", "ble '$b'", "owercase"]
    assert [one.message[-8:] for one in check(dockerfile, target="")] == ["owercase", " '$last'"]
    assert len(check(dockerfile)) == 5
    with pytest.raises(DockerfileError, match='target stage "x" could not be found'):
        check(dockerfile, target="x")


def test_what_cannot_be_expanded_ends_the_look_into_its_stage() -> None:
    """The build tells of it; the checks find what they can."""
    text = "FROM scratch AS a\nUSER ${x:?}\nCMD x\nFROM scratch\nCMD y\nFROM ${z:?} AS C\nCMD z"
    assert [(one.rule, one.lines[0]) for one in check(parse(text))] == [
        ("JSONArgsRecommended", 5),
        ("StageNameCasing", 6),
    ]
    assert [one.rule for one in check(parse("ARG a=${b:?}\nFROM $a AS B"))] == ["StageNameCasing"]


def test_what_stands_above_a_mistake_is_looked_at() -> None:
    """WarningsBeforeError: what ends the reading hides nothing of what came before it."""
    text = "\nFROM scratch AS BadStageName\nMAINTAINER me@example.org\nBADCMD\n"
    assert [(one.rule, one.lines[0]) for one in check_above(text, 4)] == [
        ("StageNameCasing", 2),
        ("MaintainerDeprecated", 3),
    ]
    assert check_above("BADCMD\n", 1) == ()
    assert [one.lines for one in check_above(text, 5, first_line=2)] == [(3, 3), (4, 4)]
