"""The exercises of the course: each is checked by what images, containers, registries and files there are.

``check("1.2")`` says whether exercise 2 of notebook 01 is done. What is not done gets a hint, and nothing is raised.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dockmagic import Reference, current_engine
from dockmagic.oci.errors import DockmagicError, ImageNotFound

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockmagic import Engine, Image

    Checked = Callable[[Engine], None]

__all__ = ["EXERCISES", "check"]

#: Number of the exercise → its check and its hint.
EXERCISES: dict[str, tuple[Checked, str]] = {}


class NotYet(Exception):
    """An exercise is not done; the text says what is missing."""


def check(number: str) -> None:
    """Say whether an exercise is done."""
    checked, hint = EXERCISES[number]
    try:
        checked(current_engine())
    except NotYet as missing:
        print(f"Exercise {number}: not yet. {missing}. Hint: {hint}")
    except DockmagicError as error:
        print(f"Exercise {number}: not yet. {error.message[0].upper()}{error.message[1:]}. Hint: {hint}")
    else:
        print(f"Exercise {number}: done.")


def exercise(number: str, *, hint: str) -> Callable[[Checked], Checked]:
    """Make a function the check of an exercise."""

    def enter(checked: Checked) -> Checked:
        EXERCISES[number] = checked, hint
        return checked

    return enter


def _image(engine: Engine, name: str) -> Image:
    if name not in engine.images:
        raise NotYet(f"There is no image {name}")
    return engine.images.get(name)


def _need(*, that: bool, else_: str) -> None:
    if not that:
        raise NotYet(else_)


def _stands_on(image: Image, base: Image) -> bool:
    own, below = ([layer.diff_id for layer in each.layers] for each in (image, base))
    return own[: len(below)] == below


# 01: images and layers


@exercise("1.1", hint="%pull takes REPOSITORY:TAG.")
def _one_tag(engine: Engine) -> None:
    """One image, and no other of its repository."""
    _image(engine, "ubuntu:12.10")


@exercise("1.2", hint="%docker pull has a flag for all tags: %docker pull --help.")
def _all_tags(engine: Engine) -> None:
    for tag in ("latest", "zstd"):
        _image(engine, f"dockmagic/layers:{tag}")


@exercise("1.3", hint="%docker tag OLD NEW adds a name, and copies nothing.")
def _second_name(engine: Engine) -> None:
    mine = _image(engine, "mine:1")
    _need(that=mine.id == _image(engine, "ubuntu:14.04").id, else_="mine:1 is another image than ubuntu:14.04")


@exercise("1.4", hint="%docker rmi takes names away, and the image with its last one.")
def _gone(engine: Engine) -> None:
    _need(that="fedora:20" not in engine.images, else_="fedora:20 is still here")
    _image(engine, "ubuntu:14.04")


# 02: names and registries

_REGISTRY = "127.0.0.1:5411"


def _digest_there(engine: Engine, tag: str) -> str:
    """Of an image in the registry of the notebook, whatever its name means here."""
    name = f"{_REGISTRY}/mine/ubuntu:{tag}"
    try:
        return engine.registries.repository(Reference.parse(name)).resolve(Reference.parse(name)).digest
    except ImageNotFound:
        raise NotYet(f"There is no {name} in the registry") from None


@exercise("2.1", hint="Give it a name that begins with the registry, then %push that name.")
def _pushed(engine: Engine) -> None:
    there = _digest_there(engine, "14.04")
    _need(that=there == _image(engine, "ubuntu:14.04").digest, else_="What is there under this name is another image")


@exercise("2.2", hint="Give it the name with latest, too, and push that.")
def _two_tags(engine: Engine) -> None:
    one, other = (_digest_there(engine, tag) for tag in ("14.04", "latest"))
    _need(that=one == other, else_="14.04 and latest have two digests")


@exercise("2.3", hint="%docker save -o FILE NAME.")
def _saved(engine: Engine) -> None:
    _need(that=Path("site.tar").is_file(), else_="There is no file site.tar in this folder")
    saved = engine.images.open(Path("site.tar"))
    _need(that=saved.id == _image(engine, "haochen/testrepo:2.0").id, else_="In site.tar is another image")


# 03: containers


@exercise("3.1", hint="A container ends with the exit code of its program: sh -c 'exit 3'.")
def _exit_code(engine: Engine) -> None:
    container = engine.containers.get("three")
    _need(that=container.state.status == "exited", else_="The container three has not ended")
    _need(that=container.state.exit_code == 3, else_=f"It ended with {container.state.exit_code}")


@exercise("3.2", hint="Run a program that writes, such as sh -c 'echo 42 > /answer', and do not add --rm.")
def _written(engine: Engine) -> None:
    answer = engine.containers.get("writer") / "answer"
    _need(that=answer.exists(), else_="The container writer has no file /answer")
    _need(that=answer.read_text().strip() == "42", else_="In /answer is not 42")


@exercise("3.3", hint="Look at %diff copied: the letter C, and nothing deleted.")
def _copied_up(engine: Engine) -> None:
    container = engine.containers.get("copied")
    letters = {row.path: row.change for row in engine.containers.changes(container)}
    _need(that="/etc/issue" in letters, else_="The container copied has not changed /etc/issue")
    _need(that=letters["/etc/issue"] == "C", else_="/etc/issue was deleted, and not changed")


@exercise("3.4", hint="%commit CONTAINER NAME makes one layer of the writable one.")
def _committed(engine: Engine) -> None:
    image = _image(engine, "mine/answer:1")
    _need(that=_stands_on(image, _image(engine, "ubuntu:12.04")), else_="mine/answer:1 does not stand on ubuntu:12.04")
    _need(that=(image / "answer").exists(), else_="mine/answer:1 has no file /answer")


# 04: building


@exercise("4.1", hint="Two lines: FROM and RUN, below %%build -t hello:1 .")
def _built(engine: Engine) -> None:
    image = _image(engine, "hello:1")
    _need(that=_stands_on(image, _image(engine, "ubuntu:12.04")), else_="hello:1 does not stand on ubuntu:12.04")
    _need(that=(image / "hello").exists(), else_="hello:1 has no file /hello")
    last = image.layers[-1].created_by
    _need(that="RUN" in last or "COPY" in last, else_="Nothing in the history of hello:1 says how /hello came")


@exercise("4.2", hint="CMD changes the configuration; --rm run of the image shows what it does.")
def _talks(engine: Engine) -> None:
    said = engine.containers.run(_image(engine, "talk:1"), rm=True, network="none").text
    _need(that=said.strip() == "hello", else_=f"talk:1 says {said.strip()[:40]!r}, not hello")


@exercise("4.3", hint="Write and delete in one RUN, or mount the file: RUN --mount=type=bind,…")
def _slim(engine: Engine) -> None:
    image = _image(engine, "small:1")
    base = _image(engine, "ubuntu:12.04")
    _need(that=(image / "result").exists(), else_="small:1 has no file /result")
    _need(that=not (image / "src/source.txt").exists(), else_="small:1 shows /src/source.txt")
    carried = sum(layer.size for layer in image.layers) - sum(layer.size for layer in base.layers)
    _need(that=carried < 10_000, else_=f"Its layers still carry {carried:,} bytes above the base")


@exercise("4.4", hint="%docker run --rm @failed ls -l /data shows what the step had to work with.")
def _mended(engine: Engine) -> None:
    image = _image(engine, "fixed:1")
    count = image / "data/count"
    _need(that=count.exists(), else_="fixed:1 has no file /data/count")
    _need(that=count.read_text().split() == ["1", "2"], else_="In /data/count are not the lines 1 and 2")
