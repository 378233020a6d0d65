"""Cases of BuildKit's integration tests that build more than once, or look at more than files.

They are named as in moby/buildkit, frontend/dockerfile/dockerfile_*_test.go; those of one build and its files are in
`test_buildkit_cases`.
"""

from __future__ import annotations

import socket
import tarfile
from typing import TYPE_CHECKING

import pytest
from build_harness import added, read

from dockmagic.builder.outcome.output import BuildOutput
from dockmagic.oci.errors import DockmagicError
from dockmagic.oci.reference import Reference
from dockmagic.runtime.machine.tiers import choose

if TYPE_CHECKING:
    from build_harness import Builder

    from dockmagic.image.image import Image

_UNIQUE = "head -c 100 /dev/urandom | sha256sum >"


def history(image: Image) -> list[str]:
    """What its history says, oldest first."""
    return [row.created_by or "" for row in image.config_file.history or ()]


def test_triggers_are_done_once(make: Builder) -> None:
    """OnBuildCleared, OnBuildWithChildStage: the child has no triggers left, nor has a stage that stands on it."""
    make("FROM base\nONBUILD RUN mkdir -p /out && printf 11 >> /out/foo", tags=(Reference.parse("cleared:1"),))
    make("FROM cleared:1", tags=(Reference.parse("cleared:2"),))
    image = make("FROM cleared:2 AS a\nRUN rm -f /nothing\nFROM a\nRUN touch /end").image
    assert read(image, "/out/foo") == "11"
    assert not image.config.on_build


def test_triggers_bring_stages_of_their_own(make: Builder) -> None:
    """OnBuildNewDeps: a trigger copies from an image, another one mounts a stage of the child."""
    make("FROM scratch\nCOPY r /etc/release", {"r": "3.20"}, tags=(Reference.parse("newdeps:src"),))
    make("FROM base\nONBUILD COPY --from=newdeps:src /etc/release /out/r2", tags=(Reference.parse("newdeps:1"),))
    image = make("FROM newdeps:1 AS b\nRUN cp /out/r2 /out/r3\nFROM scratch\nCOPY --from=b /out /").image
    assert read(image, "/r3") == "3.20"
    make(
        "FROM base\nONBUILD RUN --mount=target=/in,from=inputstage mkdir /out && cat /in/foo /in/out/r2 > /out/bar",
        tags=(Reference.parse("newdeps:2"),),
    )
    image = make("FROM newdeps:1 AS inputstage\nRUN printf foo > /foo\nFROM newdeps:2\nRUN printf 3 > /out/b3").image
    assert read(image, "/out/bar") == "foo3.20"


def test_a_trigger_shares_cache_mounts(make: Builder) -> None:
    """OnBuildWithCacheMount: the trigger and the child have the same cache."""
    make(
        "FROM base\nONBUILD RUN --mount=type=cache,target=/trig printf 42 >> /trig/foo && printf 11 >> /bar",
        tags=(Reference.parse("trigcache"),),
    )
    make('FROM trigcache\nRUN --mount=type=cache,target=/trig [ "$(cat /trig/foo)$(cat /bar)" = 4211 ]')


def test_a_trigger_takes_files_of_a_stage_of_the_child(make: Builder) -> None:
    """OnBuildNamedContext: a named context brings a trigger that names a stage of the Dockerfile."""
    make("FROM base\nONBUILD COPY --from=otherstage /testfile /out/foo", tags=(Reference.parse("trigctx"),))
    image = make(
        "FROM base AS otherstage\nRUN printf hello > /testfile\nFROM other AS inputstage\n"
        "FROM scratch\nCOPY --from=inputstage /out/foo /bar",
        contexts={"other": "docker-image://trigctx"},
    ).image
    assert read(image, "/bar") == "hello"


def test_a_wildcard_is_as_its_files(make: Builder) -> None:
    """CopyWildcardCache, WildcardRenameCache: other files do not matter, those that fit do, their names too."""
    text = (
        f"FROM base AS b\nCOPY foo* files/\nRUN {_UNIQUE} unique\nCOPY bar files/\nFROM scratch\nCOPY --from=b unique /"
    )
    first = read(make(text, {"foo1": "1", "foo2": "2", "bar": "b"}).image, "/unique")
    assert read(make(text, {"bar": "changed"}).image, "/unique") == first
    assert read(make(text, {"foo2": "changed"}).image, "/unique") != first
    text = "FROM base\nCOPY file* /files/\nRUN ls /files/file1"
    make(text, {"file1": "foo"})
    (make.folder / "file1").rename(make.folder / "file2")
    with pytest.raises(DockmagicError, match="did not complete"):
        make(text)


def test_a_socket_is_an_empty_file(plain: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """CopySocket: what is at the other end of it cannot be in an image."""
    monkeypatch.chdir(plain.folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.sock")
        image = plain("FROM scratch\nCOPY . /").image
    assert (image / "socket.sock").read_bytes() == b""


def test_links_that_are_named_are_followed(plain: Builder) -> None:
    """CopySymlinks, CopyFollowAllSymlinks, CopyThroughSymlinkContext: by name or by wildcard."""
    for path, content in {"bar": "bar", "sub/lfile": "lfile", "sub/subfile": "subfile", "sub/baz": "baz"}.items():
        (plain.folder / path).parent.mkdir(exist_ok=True)
        (plain.folder / path).write_text(content)
    for path, target in {
        "foo": "bar", "sub/l0": "subfile", "sub/l1": "second", "sub/second": "baz", "link": "sub", "sub/up": "../bar",
    }.items():  # fmt: skip
        (plain.folder / path).symlink_to(target)
    image = plain("FROM scratch\nCOPY foo /\nCOPY sub/l* all/\nCOPY link/baz /through\nCOPY sub/up /up").image
    found = {path: read(image, path) for path in ("/foo", "/all/l0", "/all/lfile", "/all/l1", "/through", "/up")}
    assert found == {
        "/foo": "bar", "/all/l0": "subfile", "/all/lfile": "lfile", "/all/l1": "baz", "/through": "baz", "/up": "bar",
    }  # fmt: skip


def test_a_file_takes_the_place_of_a_folder_in_the_context(plain: Builder) -> None:
    """ContextChangeDirToFile: between two builds."""
    plain("FROM scratch\nCOPY foo /", {"foo/bar": "contents"})
    (plain.folder / "foo" / "bar").unlink()
    (plain.folder / "foo").rmdir()
    assert read(plain("FROM scratch\nCOPY foo /", {"foo": "contents2"}).image, "/foo") == "contents2"


def test_a_link_in_an_archive_is_a_destination(plain: Builder) -> None:
    """SymlinkDestination: a COPY goes through a link, inside the root, to a folder that is made for it."""
    with tarfile.open(plain.folder / "t.tar", "w") as archive:
        link = tarfile.TarInfo("symlink")
        link.type, link.linkname = tarfile.SYMTYPE, "../srv/target"
        archive.addfile(link)
    image = plain("FROM scratch\nADD t.tar /\nCOPY foo /symlink/", {"foo": "content0"}).image
    assert read(image, "/srv/target/foo") == "content0"


def test_one_variable_holds_several_ports(plain: Builder) -> None:
    """ExposeExpansion."""
    image = plain('FROM scratch\nARG PORTS="3000 4000/udp"\nEXPOSE $PORTS\nEXPOSE 5000').image
    assert sorted(image.config.exposed_ports or ()) == ["3000/tcp", "4000/udp", "5000/tcp"]


def test_another_shell_starts_the_entrypoint(plain: Builder) -> None:
    """CmdShell: it also drops the base's command."""
    plain('FROM scratch\nCMD ["test"]', tags=(Reference.parse("cmdshell"),))
    config = plain('FROM cmdshell\nSHELL ["ls"]\nENTRYPOINT my entrypoint').image.config
    assert (config.entrypoint, config.cmd) == (("ls", "my entrypoint"), None)


@pytest.mark.parametrize("given", ["foo", ""])
def test_the_name_of_the_machine_is_given(make: Builder, given: str) -> None:
    """DockerfileCheckHostname: BUILDKIT_SANDBOX_HOSTNAME needs no ARG, and is no variable of RUN."""
    name = given or "buildkitsandbox"
    make(
        f"FROM base\nRUN grep -w {name} /etc/hosts && [ $(hostname) = {name} ] && [ -z $BUILDKIT_SANDBOX_HOSTNAME ]",
        build_args={"BUILDKIT_SANDBOX_HOSTNAME": given} if given else {},
    )


def test_additional_groups_are_the_images(make: Builder) -> None:
    """UserAdditionalGids: of a user that the image knows, in its order; no others."""
    if not choose(make.store.home).keeps_owners:
        pytest.skip("needs several user ids")
    make(
        "FROM base\nRUN printf 'wheel:x:10:root\\n' >> /etc/group\n"
        'RUN [ "$(id)" = "uid=0(root) gid=0(root) groups=0(root),10(wheel)" ]\n'
        'USER 1234\nRUN [ "$(id)" = "uid=1234 gid=0(root) groups=0(root)" ]\n'
        'USER 1234:1234\nRUN [ "$(id)" = "uid=1234 gid=1234 groups=1234" ]\n'
        'USER user\nRUN [ "$(id)" = "uid=1000(user) gid=1000(user) groups=1000(user)" ]\n'
    )


def test_a_mount_that_may_be_written_is_known_by_its_content(make: Builder) -> None:
    """MountRWCache: what the other stage does besides does not matter."""
    text = (
        "FROM base AS build\nCOPY cachebust /\nRUN mkdir out && echo foo > out/foo\nFROM base AS second\n"
        f"RUN --mount=from=build,src=out,target=/out,rw touch /out/bar && {_UNIQUE} /unique\n"
        "FROM scratch\nCOPY --from=second /unique /unique"
    )
    first = read(make(text, {"cachebust": "0"}).image, "/unique")
    assert read(make(text, {"cachebust": "1"}).image, "/unique") == first


def test_caches_are_kept_apart_by_a_namespace(make: Builder) -> None:
    """BUILDKIT_CACHE_MOUNT_NS: the same ID in another namespace is another cache."""
    text = "FROM base\nRUN --mount=type=cache,target=/apart touch /apart/$(ls /apart | wc -l) && ls /apart > /out"
    space = {"build_args": {"BUILDKIT_CACHE_MOUNT_NS": "other"}}
    built = [make(text, no_cache=True, **given).image for given in ({}, space, {}, space)]
    assert [read(image, "/out") for image in built] == ["0\n", "0\n", "0\n1\n", "0\n1\n"]


def test_a_cache_with_a_mode_begins_anew_without_the_cache(make: Builder) -> None:
    """CacheMountModeNoCache; every other one goes on."""
    text = (
        "FROM base\nARG N\nRUN --mount=type=cache,target=/m,mode=0773 --mount=type=cache,target=/plain "
        "touch /m/$N /plain/$N && ls /m | wc -l > /out && ls /plain | wc -l >> /out"
    )
    flags = ({}, {"no_cache": True}, {})
    built = [make(text, build_args={"N": str(number)}, **options).image for number, options in enumerate(flags)]
    assert [read(image, "/out") for image in built] == ["1\n1\n", "1\n2\n", "2\n3\n"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BUILDKIT_SYNTAX", "example.org/other:1"),
        ("BUILDKIT_INLINE_CACHE", "1"),
        ("BUILDKIT_MULTI_PLATFORM", "1"),
        ("BUILDKIT_CONTEXT_KEEP_GIT_DIR", "1"),
        ("BUILDKIT_SANDBOX_HOSTNAME", "a b"),
    ],
)
def test_an_argument_that_cannot_be_honoured_is_refused_by_name(make: Builder, name: str, value: str) -> None:
    """What the builder is told is never passed over in silence."""
    with pytest.raises(DockmagicError, match=name):
        make("FROM base\nRUN true", build_args={name: value})


def test_a_temporary_filesystem_has_a_size(make: Builder) -> None:
    """MountTmpfsSize."""
    if not choose(make.store.home).driver.mounts:
        pytest.skip("needs mounts of its own")
    make("FROM base\nRUN --mount=type=tmpfs,target=/t,size=128m grep ' /t ' /proc/mounts | grep size=131072k")


def test_without_the_cache_whole_or_of_a_stage(make: Builder) -> None:
    """NoCache: all is done anew, or what is in the stages that are named."""
    text = (
        f"FROM base AS s0\nRUN {_UNIQUE} u\nFROM base AS s1\nRUN {_UNIQUE} u2\nFROM scratch\nCOPY --from=s0 u /\n"
        "COPY --from=s1 u2 /"
    )
    built = [make(text, **options).image for options in ({}, {"no_cache": True}, {"no_cache_filter": ("s1",)})]
    one, two, three = ((read(image, "/u"), read(image, "/u2")) for image in built)
    assert one[0] != two[0] == three[0]
    assert len({one[1], two[1], three[1]}) == 3


def test_history_is_that_of_one_stage(make: Builder) -> None:
    """ExportedHistory: in the file's order, and with docker's words."""
    make("FROM base", tags=(Reference.parse("histbase"),))
    image = make(
        "FROM histbase AS b\nENV foo=bar\nCOPY foo /foo2\nFROM histbase\nLABEL lbl=val\nCOPY --from=b foo2 foo3\n"
        'WORKDIR /\nRUN echo bar > foo4\nRUN ["ls"]\nEXPOSE 2375 5000 1234/udp',
        {"foo": "contents0"},
    ).image
    rows = history(image)[-6:]
    for row, words in zip(
        rows,
        ("lbl=val", "COPY foo2 foo3", "WORKDIR /", "echo bar > foo4", "RUN ls", "EXPOSE [1234/udp 2375/tcp 5000/tcp]"),
        strict=True,
    ):
        assert words in row
    empty = [bool(row.empty_layer) for row in (image.config_file.history or ())[-6:]]
    assert (*empty[:4], empty[5]) == (True, False, True, False, True)


def test_history_has_each_argument_once(make: Builder) -> None:
    """ExportedHistoryFlattenArgs: with its last value, where it first stood."""
    rows = history(make("FROM base\nARG foo=bar\nARG bar=123\nARG foo=bar2\nRUN ls /etc/").image)[-4:]
    assert rows[:3] == ["ARG foo=bar", "ARG bar=123", "ARG foo=bar2"]
    assert "RUN |2 foo=bar2 bar=123 " in rows[3]


def test_a_context_that_nothing_needs_is_not_looked_up(make: Builder) -> None:
    """EagerNamedContextLookup: neither that of a stage which is not built, nor that of a name which nothing uses."""
    image = make(
        "FROM broken AS notused\nFROM base AS b\nRUN echo base > /foo\nFROM busybox AS otherstage\n"
        "FROM scratch\nCOPY --from=b /foo /foo",
        contexts={"notused": "docker-image://nosuchimage", "busybox": "docker-image://dontexist"},
    ).image
    assert read(image, "/foo") == "base\n"


def test_an_image_stands_for_another_one(make: Builder) -> None:
    """NamedImageContext: with its variables; it may also stand for a stage in the middle; or be ``scratch``."""
    make("FROM base\nENV PATH=/foobar:$PATH FOOBAR=foobar\nRUN touch /release", tags=(Reference.parse("stand:in"),))
    stand_in = {"nothere": "docker-image://stand:in"}
    make(
        'FROM nothere\nRUN [ -f /release ] && [ "$FOOBAR" = foobar ] && [ "${PATH#/foobar:}" != "$PATH" ]',
        contexts=stand_in,
    )
    make(
        "FROM base AS parent\nFROM parent AS middle\nRUN echo base > /out\n"
        "FROM middle\nRUN [ -f /release ] && [ ! -f /out ]",
        contexts={"middle": "docker-image://stand:in"},
    )
    image = make("FROM nothere\nCOPY <<EOF /out\nhello\nEOF", contexts={"nothere": "docker-image://scratch"}).image
    assert added(image) == ["/out"]


def test_a_stage_begins_with_the_files_of_a_context(make: Builder) -> None:
    """NamedLocalContext: the folder stands for a stage, or for an image; its .dockerignore counts."""
    other = make.folder.parent / "other"
    other.mkdir()
    for name, text in {"out": "dummy", "out2": "dummy", ".dockerignore": "out2\n"}.items():
        (other / name).write_text(text)
    text = "FROM base AS part\nRUN cat /nothing > /out\nFROM scratch\nCOPY --from=part /o* /"
    image = make(text, contexts={"part": str(other)}).image
    assert added(image) == ["/out"]
    image = make("FROM busybox\nCOPY f /", {"f": ""}, contexts={"busybox": str(other)}).image
    assert added(image) == ["/.dockerignore", "/f", "/out"]
    assert image.config.entrypoint is image.config.cmd is None


def test_the_date_is_in_the_dockerfile(plain: Builder) -> None:
    """SourceDateEpochDockerfileDefault, …Override, …Invalid: an ARG before the first FROM."""
    text = "ARG SOURCE_DATE_EPOCH=1445412480\nFROM scratch\nCOPY f /"
    image = plain(text, {"f": ""}).image
    assert {row.created for row in image.config_file.history or ()} == {"2015-10-21T07:28:00Z"}
    assert (image / "f").entry.mtime <= 1445412480
    given = plain(text, epoch=1700000002, build_args={"SOURCE_DATE_EPOCH": "1700000002"}).image
    assert given.config_file.created == "2023-11-14T22:13:22Z"
    with pytest.raises(DockmagicError, match=r"Dockerfile:1:.*invalid SOURCE_DATE_EPOCH: not-a-timestamp"):
        plain("ARG SOURCE_DATE_EPOCH=not-a-timestamp\nFROM scratch\nCOPY f /")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("from base\nenv foo=bar\nrun what", 3),
        ("from base\nenv foo=bar\ncopy foo bar\nenv bar=baz", 3),
        ("from base\nenv foo=bar\ncopy --foo=bar / /", 3),
        ("from base\nenv foo=bar\ncopy --from=invalid foo bar", 3),
        ("from base\nrun wh\\\nat\nenv bar=baz", 2),
    ],
)
def test_an_error_has_its_line(make: Builder, text: str, line: int) -> None:
    """ErrorsSourceMap: a program, a file, a flag, an image that is not there."""
    with pytest.raises(DockmagicError, match=f"Dockerfile:{line}"):
        make(text)


def test_the_network_is_the_instructions_or_the_builds(make: Builder) -> None:
    """RunDefaultNetwork, RunHostNetwork, RunNoNetwork, RunGlobalNetwork: by the instruction, or for all of them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        call = f"nc 127.0.0.1 {port} -e true"
        make(f"FROM base\nRUN {call}\nRUN --network=host {call}\nRUN --network=none ! {call}")
        make(f"FROM base\nRUN ! {call}", network="none")


def test_the_result_goes_into_a_tar(plain: Builder) -> None:
    """TarExporterBasic, TarExporterMulti: the files of the result as a tar."""
    out = plain.folder.parent / "out.tar"
    plain("FROM scratch AS s0\nCOPY foo foo\nFROM scratch\nCOPY --from=s0 foo bar", {"foo": "data"},
          outputs=(BuildOutput.parse(f"type=tar,dest={out}"),))  # fmt: skip
    with tarfile.open(out) as archive:
        assert archive.getnames() == ["bar"]
        assert archive.extractfile("bar").read() == b"data"  # type: ignore[union-attr]
