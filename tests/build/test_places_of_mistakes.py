"""Mistakes that show only while a build goes on: each is told at its word in the Dockerfile, with what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.builder.outcome.result import StepFailed
from dockmagic.oci.errors import DockerfileError, ImageNotFound
from dockmagic.registry.registries import Registries

if TYPE_CHECKING:
    from build_harness import Builder

FILES = {"app.py": "print()", "sub/kept": "", "sub/log.txt": "", ".dockerignore": "# logs\nsub\n!sub/kept\n"}


def failure(build: Builder, text: str) -> StepFailed:
    """What a build of `text` fails with."""
    with pytest.raises(StepFailed) as caught:
        build(text, FILES)
    return caught.value


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nothing", '"/nothing": not found in the build context'),
        ("ap.py", '"/ap.py": not found in the build context (did you mean app.py?)'),
        ("sub/log.txt", '"/sub/log.txt": not found in the build context: .dockerignore:2 (sub) ignores it'),
        ("../other", '"../other": not found in the build context'),
        ("out", '"/etc/hostname": not found in the build context, where the link /out leads'),
        ("up/hostname", '"/etc/hostname": not found in the build context, where the link /up leads'),
        ("loop", "/loop goes through too many symbolic links"),
    ],
)
def test_a_source_that_is_not_there_is_told_at_its_word(plain: Builder, source: str, message: str) -> None:
    """Missing, misspelt, ignored, outside the context, behind a link: each reads differently, at line and column."""
    for name, target in (("out", "/etc/hostname"), ("up", "../../etc"), ("loop", "loop")):
        (plain.folder / name).symlink_to(target)
    error = failure(plain, f"FROM scratch\nCOPY app.py \\\n  {source} /x/\n")
    assert error.message == f"Dockerfile:3:3: {message}"
    assert error.hint
    assert [(number, marked) for number, _, marked in error.excerpt] == [(1, False), (2, False), (3, True)]


def test_each_source_that_is_wrong_has_its_own_hint(plain: Builder) -> None:
    """What is ignored is brought back with !, what is outside gets a context, what a link leads to is copied in."""
    (plain.folder / "out").symlink_to("/etc/hostname")
    hints = [failure(plain, f"FROM scratch\nCOPY {source} /").hint for source in ("sub/log.txt", "../other", "out")]
    assert ["!" in hints[0], "--build-context" in hints[1], "as if the context were the root" in hints[2]] == [True] * 3


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("COPY --chown=nobody a /", "2:14", "unable to find user nobody"),
        ("COPY app.py /app.py/", "3:13", "/app.py is not a directory"),
        ("ADD http://127.0.0.1:9/a /", "2:5", "127.0.0.1:9 cannot be reached"),
        ("add app.py a /", "2:12", '"/a": not found'),
    ],
)
def test_other_words_have_their_places(plain: Builder, line: str, place: str, message: str) -> None:
    """An owner, a destination, a URL; a short word is not found inside another one."""
    first = "COPY app.py /app.py\n" if place.startswith("3") else ""
    (plain.folder / "a").unlink(missing_ok=True)
    if "chown" in line:
        (plain.folder / "a").touch()
    assert failure(plain, f"FROM scratch\n{first}{line}").message.startswith(f"Dockerfile:{place}: {message}")


def test_what_a_base_puts_first_is_told_at_its_from(plain: Builder) -> None:
    """A trigger's lines are in another file, so its text stands in the message."""
    error = failure(plain, "FROM scratch AS one\nONBUILD COPY nothing /\nFROM one\n")
    assert error.message == 'Dockerfile:3: the base\'s COPY nothing /: "/nothing": not found in the build context'


def test_a_base_that_is_nowhere_is_told_at_its_from(plain: Builder) -> None:
    """Which line, which image, and what stands in the way."""
    with pytest.raises(DockerfileError, match=r"^Dockerfile:2:6: No such image: nowhere/x:1") as caught:
        plain("FROM scratch AS a\nFROM nowhere/x:1\nCOPY --from=a / /\n")
    assert isinstance(caught.value.__cause__, ImageNotFound)
    assert "pull nowhere/x:1" in caught.value.hint


def test_a_registry_that_cannot_be_reached_is_not_the_only_thing_told(plain: Builder) -> None:
    """The name of the image comes first: who reads of a registry alone does not know what it is asked for."""
    with pytest.raises(DockerfileError) as caught:
        plain("FROM 127.0.0.1:9/box:1", registry=Registries().repository)
    assert caught.value.message.startswith("Dockerfile:1:6: 127.0.0.1:9/box:1 is not here, and 127.0.0.1:9 cannot be")
    assert caught.value.hint.endswith("`images` lists what is here")


def test_from_sees_the_stages_above_it_only(plain: Builder) -> None:
    """As in BuildKit the name is an image's; where there is none, the stage further down is probably meant."""
    with pytest.raises(DockerfileError, match=r"Dockerfile:1:6: No such image: second:latest") as caught:
        plain("FROM second AS first\nFROM first AS second\n")
    assert caught.value.hint == "The stage second begins in line 2, and FROM sees those above it only"


def test_the_beginning_of_an_id_is_a_name_in_from(plain: Builder) -> None:
    """A Dockerfile means the same everywhere, so one letter is not the image here whose ID begins with it."""
    image = plain("FROM scratch\nLABEL a=b\n").image
    known = image.id.hex
    with pytest.raises(DockerfileError, match="No such image"):
        plain(f"FROM {known[:11]}")
    assert plain(f"FROM {known[:12]}").image.id == image.id


def test_an_unknown_user_is_told_at_its_user(make: Builder) -> None:
    """At the USER, once a program is to run: a step in between may bring who is not there yet."""
    error = failure(make, "FROM base\nUSER nosuch\nENV A=b\nRUN true\n")
    assert error.message == (
        "Dockerfile:2:6: unable to find user nosuch: no matching entries in passwd file, "
        "so that the RUN in line 4 cannot start"
    )
    assert error.step.instruction == "RUN"
    inherited = failure(make, "FROM base AS one\nUSER user:nosuch\nFROM one\nRUN true\n")
    assert inherited.message.startswith("Dockerfile:2:6: unable to find group nosuch")
    users = "root:x:0:0::/:/bin/sh\nlate:x:7:7::/:/bin/sh\n"
    make("FROM base\nUSER late\nCOPY passwd /etc/\nRUN test $(id -u) = 7\n", {"passwd": users})
