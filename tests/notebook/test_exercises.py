"""The exercises of the course: each with a solution, and with what people typically do instead."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., list[Any]]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
sys.path.append(str(NOTEBOOKS))

from exercises import EXERCISES  # noqa: E402

_BOX = "ubuntu:12.04"
_SOURCE = "open('source.txt', 'w').writelines(f'line {n % 977}\\n' for n in range(40_000))"


_FAT = f"%%build -t small:1 .\nFROM {_BOX}\nCOPY source.txt /src/\nRUN wc -l /src/source.txt > /result"
_SMALL = f"""%%build -t small:1 .
FROM {_BOX}
RUN --mount=type=bind,source=source.txt,target=/src/source.txt wc -l /src/source.txt > /result"""


class Case(NamedTuple):
    """What is typed for an exercise.

    Attributes:
        before: cells of the notebook that it stands on.
        solution: cells that solve it.
        wrong: pairs of cells that do not, and what `check` says of them.
    """

    before: tuple[str, ...]
    solution: tuple[str, ...]
    wrong: tuple[tuple[str, str], tuple[str, str]]


_SERVE = "work = %docker serve --port 0 registry\nimport exercises\nexercises._REGISTRY = host = work.host"

CASES = {
    "1.1": Case(
        (),
        ("%pull ubuntu:12.10",),
        (
            ("%pull ubuntu:14.04", "no image ubuntu:12.10"),
            ("%docker cat ubuntu:12.10 /etc/issue", "no image ubuntu:12.10"),
        ),
    ),
    "1.2": Case(
        (),
        ("%docker pull -a dockmagic/layers",),
        (
            ("%pull dockmagic/layers", "no image dockmagic/layers:zstd"),
            ("%pull dockmagic/layers:zstd", "no image dockmagic/layers:latest"),
        ),
    ),
    "1.3": Case(
        ("%pull -q ubuntu:14.04",),
        ("%docker tag ubuntu:14.04 mine:1",),
        (
            ("%docker tag mine:1 ubuntu:14.04", "There is no image mine:1"),
            ("%pull -q ubuntu:12.04\n%docker tag ubuntu:12.04 mine:1", "another image than ubuntu:14.04"),
        ),
    ),
    "1.4": Case(
        ("%pull -q ubuntu:14.04\n%pull -q fedora:20",),
        ("%docker rmi fedora:20",),
        (
            ("%docker rmi fedora", "fedora:20 is still here"),
            ("%docker rmi fedora:20 ubuntu:14.04", "There is no image ubuntu:14.04"),
        ),
    ),
    "2.1": Case(
        ("%pull -q ubuntu:14.04\n%pull -q ubuntu:12.04", _SERVE),
        ("%docker tag ubuntu:14.04 {host}/mine/ubuntu:14.04\n%push {host}/mine/ubuntu:14.04",),
        (
            ("%docker tag ubuntu:14.04 {host}/mine/ubuntu:14.04", "There is no"),
            (
                "%docker tag ubuntu:12.04 {host}/mine/ubuntu:14.04\n%push {host}/mine/ubuntu:14.04",
                "another image",
            ),
        ),
    ),
    "2.2": Case(
        (
            "%pull -q ubuntu:14.04\n%pull -q ubuntu:12.04",
            _SERVE,
            "%docker tag ubuntu:14.04 {host}/mine/ubuntu:14.04\n%push {host}/mine/ubuntu:14.04",
        ),
        ("%docker tag ubuntu:14.04 {host}/mine/ubuntu\n%push {host}/mine/ubuntu",),
        (
            ("%docker tag ubuntu:14.04 {host}/mine/ubuntu", "There is no"),
            ("%docker tag ubuntu:12.04 {host}/mine/ubuntu\n%push {host}/mine/ubuntu", "two digests"),
        ),
    ),
    "2.3": Case(
        ("%pull -q haochen/testrepo:2.0\n%pull -q haochen/testrepo:1.0",),
        ("%docker save -o site.tar haochen/testrepo:2.0",),
        (
            ("%docker save -o site haochen/testrepo:2.0", "no file site.tar"),
            ("%docker save -o site.tar haochen/testrepo:1.0", "another image"),
        ),
    ),
    "3.1": Case(
        (),
        (f"%docker run --network none --name three --check=false {_BOX} sh -c 'exit 3'",),
        (
            (f"%docker run --rm --network none --name three --check=false {_BOX} sh -c 'exit 3'", "No such container"),
            (f"%docker run --network none --name three {_BOX} echo 3", "ended with 0"),
        ),
    ),
    "3.2": Case(
        (),
        (f"%docker run --network none --name writer {_BOX} sh -c 'echo 42 > /answer'",),
        (
            (f"%docker run --network none --name writer {_BOX} echo 42", "no file /answer"),
            (f"%docker run --network none --name writer {_BOX} sh -c 'echo 43 > /answer'", "is not 42"),
        ),
    ),
    "3.3": Case(
        (),
        (f"%docker run --network none --name copied {_BOX} sh -c 'echo changed >> /etc/issue'",),
        (
            (f"%docker run --network none --name copied {_BOX} cat /etc/issue", "has not changed /etc/issue"),
            (f"%docker run --network none --name copied {_BOX} rm /etc/issue", "was deleted"),
        ),
    ),
    "3.4": Case(
        (f"%docker run --network none --name writer {_BOX} sh -c 'echo 42 > /answer'",),
        ("%commit writer mine/answer:1",),
        (
            (f"%docker tag {_BOX} mine/answer:1", "no file /answer"),
            (
                "%docker run --network none --name new ubuntu:14.04 touch /answer\n%commit new mine/answer:1",
                "does not stand on ubuntu:12.04",
            ),
        ),
    ),
    "4.1": Case(
        (f"%pull -q {_BOX}",),
        (f"%%build -t hello:1 .\nFROM {_BOX}\nRUN echo hello > /hello",),
        (
            (f"%%build -t hello:1 .\nFROM {_BOX}\nRUN echo hello", "no file /hello"),
            (
                f"%docker run --network none --name hand {_BOX} touch /hello\n%commit hand hello:1",
                "Nothing in the history of hello:1",
            ),
        ),
    ),
    "4.2": Case(
        (f"%pull -q {_BOX}",),
        (f'%%build -t talk:1 .\nFROM {_BOX}\nCMD ["echo", "hello"]',),
        (
            (f"%%build -t talk:1 .\nFROM {_BOX}\nRUN echo hello", "not hello"),
            (f'%%build -t talk .\nFROM {_BOX}\nCMD ["echo", "hello"]', "no image talk:1"),
        ),
    ),
    "4.3": Case(
        (f"%pull -q {_BOX}", _SOURCE),
        (_SMALL,),
        (
            (f"{_FAT}\nRUN rm /src/source.txt", "still carry"),
            (_FAT, "shows /src/source.txt"),
        ),
    ),
    "4.4": Case(
        (f"%pull -q {_BOX}",),
        (f"%%build -t fixed:1 .\nFROM {_BOX}\nRUN mkdir /data && echo 1 > /data/count\nRUN echo 2 >> /data/count",),
        (
            (f"%%build -t fixed:1 .\nFROM {_BOX}\nRUN mkdir /data && echo 1 > /data/count", "not the lines 1 and 2"),
            (f"%%build -t fixed:1 .\nFROM {_BOX}\nRUN echo 2", "no file /data/count"),
        ),
    ),
}


def _check(number: str) -> str:
    return f"import sys\nsys.path.append({str(NOTEBOOKS)!r})\nfrom exercises import check\ncheck({number!r})"


def _needs_containers(number: str) -> bool:
    return number.startswith(("3.", "4."))


def _last(outputs: list[Any]) -> str:
    return "".join(output["text"] for output in outputs[-1] if output["output_type"] == "stream")


@pytest.fixture
def started(run: Run, request: pytest.FixtureRequest) -> Run:
    """A live kernel in which containers of samples run, where the exercise needs them."""
    if _needs_containers(request.node.callspec.params["number"]):
        request.getfixturevalue("containers")
    return run


@pytest.mark.parametrize("number", CASES)
def test_a_solution_is_done_and_no_answer_gets_a_hint(started: Run, number: str) -> None:
    """Nothing is raised by either."""
    case = CASES[number]
    path = f"import sys\nsys.path.append({str(NOTEBOOKS)!r})"
    *_, without = started(path, *case.before, _check(number))
    assert _last([without]).startswith(f"Exercise {number}: not yet. ")
    assert EXERCISES[number][1] in _last([without])
    outputs = started(path, *case.before, *case.solution, _check(number))
    assert _last(outputs) == f"Exercise {number}: done.\n", outputs


@pytest.mark.parametrize(("number", "which"), [(number, which) for number in CASES for which in (0, 1)])
def test_a_typical_wrong_answer_is_told_what_is_missing(started: Run, number: str, which: int) -> None:
    """By what there is, not by what was typed."""
    case = CASES[number]
    cell, told = case.wrong[which]
    path = f"import sys\nsys.path.append({str(NOTEBOOKS)!r})"
    outputs = started(path, *case.before, cell, _check(number))
    assert _last(outputs).startswith(f"Exercise {number}: not yet. ")
    assert told.casefold() in _last(outputs).casefold()


def test_every_exercise_stands_in_its_notebook() -> None:
    """And each of the notebooks has three to five."""
    found: dict[str, int] = {}
    for path in sorted(NOTEBOOKS.glob("0[1-4]-*.ipynb")):
        numbers = re.findall(r'check\(\\"(\d\.\d)\\"\)', path.read_text())
        found |= dict.fromkeys(numbers, len(numbers))
    assert set(found) == set(EXERCISES) == set(CASES)
    assert all(3 <= count <= 5 for count in found.values())
