"""``--detach``: what takes long goes on in the background; and the progress of what is pulled on the way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dockmagic.notebook.progress.transfer import Board

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., list[Any]]

_WIDGET = "application/vnd.jupyter.widget-view+json"


def _texts(outputs: list[Any]) -> list[str]:
    return [output["text"] if "text" in output else output.get("data", {}).get("text/plain", "") for output in outputs]


def test_a_detached_pull_is_a_job_that_a_cell_awaits(run: Run) -> None:
    """The cell returns at once and prints nothing; its value is the job, whose result is the image."""
    began, shown, awaited, state = run(
        "job = %pull --detach ubuntu:12.04", "job", "(await job).tags", "job.state, job.result().tags"
    )
    assert began == []
    assert [output["output_type"] for output in shown] == ["execute_result"]
    assert _WIDGET in shown[0]["data"]
    assert _texts(shown) == ["<Job Pulling ubuntu:12.04>"]
    assert _texts(awaited) == ["('ubuntu:12.04',)"]
    assert _texts(state) == ["('done', ('ubuntu:12.04',))"]


def test_a_detached_job_prints_into_no_other_cell(run: Run) -> None:
    """What it has to say stands in its own view."""
    _, waited = run("job = %docker pull --detach ubuntu", "image = job.result(60)\nprint('mine')")
    assert _texts(waited) == ["mine\n"]


def test_a_detached_build_gives_the_view_of_the_build(run: Run, tier: None) -> None:
    """Its Dockerfile is the cell's; its result is what the cell would have had."""
    built, image = run(
        "%%build --detach --into job -t detached:1\nFROM ubuntu:12.04\nRUN echo made > /made\n",
        "view = await job\n(view.image / 'made').read_text()",
    )
    assert built == []
    assert _texts(image) == ["'made\\n'"]


def test_a_job_of_a_cell_is_cancelled(run: Run, tier: None) -> None:
    """Also where the program of a step says nothing; nothing is named."""
    outputs = run(
        "%%build --detach --into job --no-cache -t never:1\nFROM ubuntu:12.04\nRUN echo begun; sleep 1000\n",
        "next(one for one in job.events() if getattr(one, 'data', b'').startswith(b'begun')) and job.cancel()",
        "job.result(60)",
        "%images -q never",
    )
    assert _texts(outputs[1]) == ["True"]
    assert outputs[2][0]["ename"] == "JobCancelled"
    assert "never" not in "".join(_texts(outputs[3]))


def test_a_failed_job_raises_where_it_is_asked(run: Run) -> None:
    """Not before, and not in another cell."""
    began, other, asked = run("job = %pull --detach nothing/here:1", "1 + 1", "job.result(60)")
    assert (began, _texts(other)) == ([], ["2"])
    assert asked[0]["ename"] == "ImageNotFound"


def test_a_view_that_comes_late_tells_the_jobs_own_time() -> None:
    """Not the time since it was shown, which made a transfer of minutes one of an instant."""
    board = Board(lambda: 10.0)
    board.put("sha256:" + "1" * 64, "Downloading", 20_000_000, 80_000_000)
    assert "20MB of 80MB, 2MB/s, 30 s left" in board.draw()
    board.put("sha256:" + "1" * 64, "Pull complete", 80_000_000, 80_000_000)
    assert "1 layer, 80MB moved in 10.0 s" in board.summary()


def test_what_takes_no_time_has_no_detach(run: Run) -> None:
    """One line says which verbs have it; ``run`` has one of its own."""
    (outputs,) = run("%docker images --detach")
    (verbs,) = re.findall(r"no --detach. (.*) have it", outputs[0]["evalue"])
    assert {"build", "pull", "push", "load", "import"} <= set(re.split(", | and ", verbs))


def test_the_job_ends_with_the_extension(run: Run, tier: None) -> None:
    """A kernel that restarts leaves no build behind."""
    outputs = run(
        "%%build --detach --into job --no-cache\nFROM ubuntu:12.04\nRUN echo begun; sleep 1000\n",
        "x = next(one for one in job.events() if getattr(one, 'data', b'').startswith(b'begun'))",
        "%unload_ext dockmagic",
        "job.exception(60)",
    )
    assert "JobCancelled" in outputs[3][0]["data"]["text/plain"]


def test_run_shows_the_progress_of_what_it_pulls(run: Run, containers: None) -> None:
    """A display with a constant text, only where something is pulled, and before the program's output."""
    pulled, here, quiet = run(
        "%docker run --rm ubuntu:12.04 echo first",
        "%docker run --rm ubuntu:12.04 echo again",
        "%docker run --rm -q ubuntu:12.10 echo quiet",
    )
    texts = _texts(pulled)
    assert "Pulling ubuntu:12.04" in texts
    assert texts.index("Pulling ubuntu:12.04") < next(place for place, text in enumerate(texts) if "first" in text)
    assert "".join(_texts(here)) == "again\n"
    assert "".join(_texts(quiet)) == "quiet\n"
