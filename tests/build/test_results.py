"""What a build gives: configuration and history as docker writes them, names, outputs, and the same again."""

from __future__ import annotations

import json
import tarfile
import time
from shutil import make_archive
from typing import TYPE_CHECKING

import pytest
from build_harness import Builder, read

from dockmagic.builder.options import BuildSecret
from dockmagic.builder.outcome.output import BuildOutput
from dockmagic.builder.outcome.reproduce import verify_reproducible
from dockmagic.builder.outcome.result import StepFailed
from dockmagic.image import local
from dockmagic.image.validate import validate
from dockmagic.oci import media
from dockmagic.oci.errors import BlobNotFound, ImageNotFound, InvalidInput, NotSupported
from dockmagic.oci.reference import Reference
from dockmagic.store.content import ContentStore
from dockmagic.store.home import Home

if TYPE_CHECKING:
    from pathlib import Path

_EPOCH = 1_600_000_000


def test_a_layer_that_has_gone_from_the_store_is_named(tmp_path: Path) -> None:
    """An image without it gets no name."""
    make = Builder(ContentStore(Home(tmp_path / "home")), tmp_path)
    base = make("FROM scratch\nCOPY lost /\n", {"lost": "lost\n"}, tags=(Reference.parse("incomplete"),)).image
    make.store.path(base.layers[0].descriptor.digest).unlink()
    with pytest.raises(BlobNotFound, match="is not in the local store"):
        make("FROM incomplete\nENV A=1\n", tags=(Reference.parse("never"),))
    with pytest.raises(ImageNotFound):
        local.find(make.store, "never")


def test_the_configuration_is_dockers(plain: Builder) -> None:
    """Every instruction that only says how to run it, and the row that BuildKit writes for it."""
    text = r"""
FROM scratch
MAINTAINER me
LABEL a=1 b="two words"
ENV X=1 Y="a b"
EXPOSE 80 53/udp 8000-8001
ENTRYPOINT ["/go"]
CMD echo "hi"
VOLUME ["/v"]
USER 1000:1000
WORKDIR /w
WORKDIR x
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1m30s --retries=2 CMD true
SHELL ["/bin/ash", "-c"]
CMD run
ONBUILD RUN make
"""
    image = plain(text).image
    config = image.config
    assert image.config_file.author == "me"
    assert config.labels == {"a": "1", "b": "two words"}
    assert config.env == ("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "X=1", "Y=a b")
    assert list(config.exposed_ports or ()) == ["53/udp", "80/tcp", "8000/tcp", "8001/tcp"]
    assert (config.entrypoint, config.cmd) == (("/go",), ("/bin/ash", "-c", "run"))
    assert (config.user, config.working_dir, config.stop_signal) == ("1000:1000", "/w/x", "SIGINT")
    assert config.healthcheck is not None
    assert (config.healthcheck.interval, config.healthcheck.retries) == (90 * 10**9, 2)
    assert config.on_build == ("RUN make",)
    rows = [(row.created_by, bool(row.empty_layer)) for row in image.history]
    check = "Test:[CMD-SHELL true] Interval:1m30s Timeout:0s StartPeriod:0s StartInterval:0s Retries:2"
    assert rows == [
        ("MAINTAINER me", True),
        ("LABEL a=1 b=two words", True),
        ("ENV X=1 Y=a b", True),
        ("EXPOSE [53/udp 80/tcp 8000/tcp 8001/tcp]", True),
        ('ENTRYPOINT ["/go"]', True),
        (r'CMD ["/bin/sh" "-c" "echo \"hi\""]', True),
        ("VOLUME [/v]", True),
        ("USER 1000:1000", True),
        ("WORKDIR /w", False),
        ("WORKDIR /w/x", False),
        ("STOPSIGNAL SIGINT", True),
        (f"HEALTHCHECK {{{check}}}", True),
        ("SHELL [/bin/ash -c]", True),
        ('CMD ["/bin/ash" "-c" "run"]', True),
    ]  # fmt: skip
    assert {row.comment for row in image.history} == {"buildkit.dockerfile.v0"}
    assert not list(validate(image))


def test_an_entrypoint_drops_the_base_images_command(plain: Builder) -> None:
    """Unless the stage has one of its own."""
    plain('FROM scratch\nCMD ["/a"]', tags=(Reference.parse("cmd"),))
    assert plain('FROM cmd\nENTRYPOINT ["/e"]').image.config.cmd is None
    assert plain('FROM cmd\nCMD ["/b"]\nENTRYPOINT ["/e"]').image.config.cmd == ("/b",)


def test_triggers_run_in_the_child(plain: Builder) -> None:
    """ONBUILD first, and not in grandchildren."""
    plain("FROM scratch\nONBUILD COPY f /f\nONBUILD ENV T=1", tags=(Reference.parse("parent"),))
    child = plain("FROM parent\nENV U=$T", {"f": "x"}, tags=(Reference.parse("child"),))
    assert child.image.config.env[-2:] == ("T=1", "U=1")  # type: ignore[index]
    assert child.image.config.on_build is None
    assert [step.info.instruction for step in child.steps] == ["FROM", "COPY", "ENV", "ENV"]
    assert len(plain("FROM child").image.layers) == 1


def test_names_come_all_at_the_end(plain: Builder) -> None:
    """None where a step fails."""
    names = (Reference.parse("one:1"), Reference.parse("two"))
    with pytest.raises(StepFailed):
        plain("FROM scratch\nCOPY missing /", tags=names)
    with pytest.raises(ImageNotFound):
        local.find(plain.store, "one:1")
    built = plain("FROM scratch\nCOPY f /", {"f": "x"}, tags=names)
    assert local.find(plain.store, "one:1") == local.find(plain.store, "two") == built.image
    assert built.metadata["image.name"] == "docker.io/library/one:1,docker.io/library/two:latest"
    assert built.metadata["containerimage.digest"] == built.image.digest


def test_the_same_again_is_the_same_image(plain: Builder) -> None:
    """From the cache, at once; and after a change, all steps above it."""
    text = "FROM scratch\nENV A=1\nCOPY f /f\nARG B=1\nCOPY g /g\nLABEL x=$B"
    first = plain(text, {"f": "1", "g": "1"})
    second = plain(text)
    assert first.image.digest == second.image.digest
    assert plain.outcomes == ["done"] + ["cached"] * 5
    plain(text, {"g": "2"})
    assert plain.outcomes == ["done", "cached", "cached", "cached", "done", "done"]
    changed = plain(text, {"g": "2"}, no_cache=True)
    assert plain.outcomes == ["done"] * 6
    assert changed.steps[2].why == "not asked: --no-cache"


def test_a_copy_is_another_with_another_flag_or_document(plain: Builder) -> None:
    """All that decides what is copied is in the key, also what the history does not tell."""
    (plain.folder / "f").write_text("f")
    make_archive(str(plain.folder / "t"), "tar", plain.folder, "f")
    lines = ("ADD t.tar /x/", "ADD --unpack=false t.tar /x/", "ADD --exclude=f . /x/", "ADD . /x/")
    assert len({plain(f"FROM scratch\n{line}").image.id for line in lines}) == len(lines)
    for text in ("one", "two"):
        assert read(plain(f"FROM scratch\nCOPY <<EOF /f\n{text}\nEOF").image, "/f") == f"{text}\n"


def test_one_stage_without_the_cache(plain: Builder) -> None:
    """``--no-cache-filter`` names it."""
    text = "FROM scratch AS a\nCOPY f /a\nFROM scratch AS b\nCOPY f /b\nCOPY --from=a /a /a"
    plain(text, {"f": "x"})
    plain(text, no_cache_filter=("A",))
    assert plain.outcomes == ["done", "done", "done", "cached", "cached"]


def test_what_the_cache_says(plain: Builder) -> None:
    """The file that changed, old and new."""
    text = "FROM scratch\nCOPY d /d"
    plain(text, {"d/f": "1"})
    step = plain(text, {"d/f": "2"}).steps[1]
    assert "f changed" in step.why
    assert step.changed


def test_labels_annotations_and_media_types(plain: Builder) -> None:
    """Those of the flags, on the result alone."""
    built = plain(
        "FROM scratch\nLABEL a=1\nCOPY f /",
        {"f": "x"},
        labels={"a": "2", "b": "3"},
        annotations={"org.opencontainers.image.title": "t"},
    )
    assert built.image.config.labels == {"a": "2", "b": "3"}
    assert built.image.manifest.annotations == {"org.opencontainers.image.title": "t"}
    assert built.image.manifest.media_type == media.OCI_MANIFEST
    docker = plain("FROM scratch\nCOPY f /", docker_media_types=True).image
    assert docker.manifest.media_type == media.DOCKER_MANIFEST
    assert {layer.media_type for layer in docker.manifest.layers} == {media.DOCKER_LAYER_GZIP}
    assert docker.manifest.config.media_type == media.DOCKER_CONFIG
    assert not list(validate(docker))


def test_unused_stages_are_not_built(plain: Builder) -> None:
    """Nor is what comes after the target."""
    text = "FROM scratch AS a\nCOPY f /a\nFROM scratch AS no\nCOPY no /\nFROM a AS b\nCOPY f /b\nFROM b\nCOPY no /"
    assert len(plain(text, {"f": "x"}, target="b").steps) == 4


def test_a_stage_hands_on_its_arguments(plain: Builder) -> None:
    """To a stage that begins with it, which need not declare them again; to no other."""
    text = "FROM scratch AS a\nARG V=1\nARG W=w\nENV W=env\nFROM a AS b\nLABEL v=$V w=$W\n"
    assert plain(text).image.config.labels == {"v": "1", "w": "env"}
    given = plain("FROM scratch AS a\nARG V=1\nFROM a AS b\nLABEL v=$V\n", build_args={"V": "2"}).image.config.labels
    assert given == {"v": "2"}
    alone = plain("FROM scratch AS a\nARG V=1\nFROM scratch\nLABEL v=x$V\n").image.config.labels
    assert alone == {"v": "x"}


def test_a_named_context(plain: Builder, tmp_path: Path) -> None:
    """A folder to copy from, and an image that stands for another."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "m").write_text("m")
    plain("FROM scratch\nENV WHO=me", tags=(Reference.parse("stand-in"),))
    contexts = {"more": str(tmp_path / "more"), "elsewhere/base": "docker-image://stand-in"}
    image = plain("FROM elsewhere/base\nCOPY --from=more m /m", contexts=contexts).image
    assert (image / "m").read_text() == "m"
    assert "WHO=me" in (image.config.env or ())


def test_outputs(plain: Builder, tmp_path: Path) -> None:
    """A folder, a tar, and archives of both kinds, each whole."""
    text = "FROM scratch\nCOPY f /d/f"
    outputs = tuple(
        BuildOutput.parse(word)
        for word in (
            str(tmp_path / "out"),
            f"type=tar,dest={tmp_path}/r.tar",
            f"type=oci,dest={tmp_path}/o.tar",
            f"type=docker,dest={tmp_path}/d.tar,name=named:1",
        )
    )
    built = plain(text, {"f": "content"}, outputs=outputs)
    assert (tmp_path / "out" / "d" / "f").read_text() == "content"
    with tarfile.open(tmp_path / "r.tar") as tar:
        assert "d/f" in tar.getnames()
    with tarfile.open(tmp_path / "o.tar") as tar:
        index = json.load(tar.extractfile("index.json"))  # type: ignore[arg-type]
        assert index["manifests"][0]["digest"] == built.image.digest
    with tarfile.open(tmp_path / "d.tar") as tar:
        assert json.load(tar.extractfile("manifest.json"))[0]["RepoTags"] == ["named:1"]  # type: ignore[arg-type]
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("type=nothing", NotSupported),
        ("type=local", InvalidInput),
        ("type=oci,tar=false", InvalidInput),
        ("type=docker,dest=x,tar=false", NotSupported),
        ("type=tar,compression=zstd", NotSupported),
        ("type=oci,compression=estargz", NotSupported),
        ("type=oci,compression=zstd,compression-level=23", InvalidInput),
        ("type=image,compression-level=fast", InvalidInput),
        ("type=image,push-by-digest=true", NotSupported),
        ("type=image,push=maybe", InvalidInput),
    ],
)
def test_other_outputs_are_refused(text: str, kind: type[Exception]) -> None:
    """By name."""
    with pytest.raises(kind):
        BuildOutput.parse(text)


def test_secrets_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a file or a variable, as ``--secret`` says it."""
    (tmp_path / "f").write_bytes(b"file\n")
    monkeypatch.setenv("VARIABLE", "env")
    assert BuildSecret.parse(f"id=a,src={tmp_path}/f").value == b"file\n"
    assert BuildSecret.parse("id=a,env=VARIABLE").value == b"env"
    assert BuildSecret.parse("id=VARIABLE").value == b"env"
    assert "env" not in repr(BuildSecret.parse("id=VARIABLE"))
    for bad in ("src=x", "id=a,src=/nothing", "id=a,env=NOTHING", "id=a,other=1"):
        with pytest.raises(InvalidInput):
            BuildSecret.parse(bad)


# The same everywhere


def test_with_an_epoch_two_builds_are_the_same(make: Builder) -> None:
    """DiffIDs, image ID and manifest digest, without the cache."""
    text = "FROM scratch\nCOPY f /\nCOPY --from=base /bin /bin\nWORKDIR /w\nRUN echo x > y && mkdir z"
    verdict = verify_reproducible(lambda: make(text, {"f": "x"}, epoch=_EPOCH, no_cache=True))
    assert verdict.same
    assert not verdict.differences
    assert verdict.first.image.config_file.created == "2020-09-13T12:26:40Z"
    assert {node.entry.mtime for node in verdict.first.image.files.walk("/w")} == {_EPOCH}


def test_what_differs_is_explained(make: Builder) -> None:
    """Content with its first byte that differs, what is there only once, and times."""
    text = """
FROM base
RUN cat /proc/sys/kernel/random/uuid > /random
RUN touch /tmp/$(cat /proc/sys/kernel/random/uuid)
RUN touch /still
"""

    def build() -> object:
        time.sleep(1.1)  # mtimes of layers have whole seconds
        return make(text, no_cache=True)

    verdict = verify_reproducible(build)  # type: ignore[arg-type]
    assert not verdict.same
    told = {(row.step, row.aspect) for row in verdict.differences}
    assert {(2, "content"), (2, "mtime"), (3, "presence"), (4, "mtime"), (0, "config")} <= told
    random = next(row for row in verdict.differences if (row.step, row.aspect) == (2, "content"))
    assert random.path == "/random"
    assert random.first.startswith("byte ")
    assert random.first != random.second
    assert next(row for row in verdict.differences if row.step == 4).reason.endswith("set SOURCE_DATE_EPOCH")
    assert max(len(row.reason) for row in verdict.differences) <= 50, "a notebook's frame would cut it off"
