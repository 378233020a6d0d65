"""The magics in a live kernel, on the samples that need no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from dockmagic.commands.cmdline.invocation import bind
from dockmagic.notebook.magics.host_paths import expand_host_paths
from dockmagic.oci.errors import ImageNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Run = Callable[..., list[Any]]

_WIDGET = "application/vnd.jupyter.widget-view+json"


def _plain(outputs: list[Any]) -> str:
    return "\n".join(
        output["text"] if output["output_type"] == "stream" else output.get("data", {}).get("text/plain", "")
        for output in outputs
    )


def _comparable(outputs: list[Any]) -> list[Any]:
    """What nbval compares: streams joined, without widget models, images, tracebacks and counters."""
    streams: dict[str, str] = {}
    rest = []
    for output in outputs:
        if output["output_type"] == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + output["text"]
        else:
            rest.append({kind: data for kind, data in output.get("data", {}).items() if kind != _WIDGET})
    return [streams, *rest]


def test_a_pulled_image_is_the_cells_value(run: Run) -> None:
    """``img = %pull`` shows nothing of its own but what docker says; the image is there to go on with."""
    pulled, shown, text = run("img = %pull ubuntu:12.04", "img", "print((img / 'etc/os-release').read_text()[:4])")
    assert [output["output_type"] for output in pulled] == ["display_data", "stream"]
    assert "ubuntu:12.04" in _plain(shown)
    assert "<details" in shown[0]["data"]["text/html"]
    assert text[0]["text"].strip()


def test_every_form_of_pull_and_push_shows_its_progress(run: Run) -> None:
    """Also as ``image pull``, in a cell of commands, and with flags behind the name; not where nothing moves."""
    *shown, quiet, plan, asked = run(
        "x = %docker image pull ubuntu:12.04 --platform linux/amd64",
        "x = %pull ubuntu:12.04 --platform=linux/amd64",
        "%%docker\nimage pull ubuntu:12.04",
        "x = %docker image pull ubuntu:12.04 -q",
        "x = %docker image pull --plan ubuntu:12.04",
        "x = %docker image pull --help",
    )
    for outputs in shown:
        assert outputs[0]["data"]["text/plain"] == "Pulling ubuntu:12.04"
        assert _WIDGET in outputs[0]["data"]
    for outputs in (quiet, plan, asked):
        assert "display_data" not in {output["output_type"] for output in outputs}


def test_a_pull_that_is_shown_says_what_became_of_each_layer(run: Run) -> None:
    """In the cell that pulled it, the image's card has docker's final lines."""
    (outputs, again) = run("%pull ubuntu:12.04", "%pull ubuntu:12.04")
    assert "Status: Downloaded newer image for ubuntu:12.04" in _plain(outputs)
    assert "Pull complete" in outputs[-1]["data"]["text/html"]
    assert "Status: Image is up to date for ubuntu:12.04" in _plain(again)


def test_a_notebook_that_is_run_again_shows_the_same(run: Run, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that nbval compares is equal in two runs with a fresh store: text, HTML, progress."""
    cells = [
        "%docker samples on --fresh", "%pull ubuntu:12.04", "%images", "%layers ubuntu:12.04",
        "%diff ubuntu:12.04[0] ubuntu:12.04[0:4]", "%files ubuntu:12.04 /etc", "%docker history ubuntu:12.04",
        "%inspect ubuntu:12.04", "%tags ubuntu", "img = %pull ubuntu:12.10\nimg.files", "img / 'etc'", "img.layers",
    ]  # fmt: skip
    runs = []
    for name in ("first", "second"):
        monkeypatch.setenv("DOCKMAGIC_HOME", str(tmp_path / name))
        runs.append(run(*cells))
    for cell, first, second in zip(cells, *runs, strict=True):
        assert "error" not in {output["output_type"] for output in first}, (cell, first)
        assert _comparable(first) == _comparable(second), cell


def test_views_have_twins_without_a_script_and_a_widget_where_there_is_a_kernel(run: Run) -> None:
    """The widget stands beside its text and HTML, and ``DOCKMAGIC_WIDGETS=0`` leaves it out."""
    _, layers, diff, _, static = run(
        "%docker pull ubuntu:12.04",
        "%layers ubuntu:12.04",
        "%diff ubuntu:12.04",
        "import os; os.environ['DOCKMAGIC_WIDGETS'] = '0'",
        "%layers ubuntu:12.04",
    )
    for outputs in (layers, diff):
        data = outputs[-1]["data"]
        assert _WIDGET in data
        assert "<script" not in data["text/html"]
        assert len(data["text/plain"].splitlines()) < 60
    assert set(static[-1]["data"]) == {"text/plain", "text/html"}
    assert static[-1]["data"]["text/html"] == layers[-1]["data"]["text/html"]


def test_an_error_fails_the_cell_in_one_line_and_verbose_mode_shows_all(run: Run) -> None:
    """Nbclient sees an error; the reader sees what is wrong and what to do next."""
    short, _, long, missing = run("%rmi nope", "%xmode Verbose", "%rmi nope", "%docker nosuch")
    assert short[-1]["output_type"] == "error"
    assert short[-1]["ename"] == "ImageNotFound"
    assert len(short[-1]["traceback"]) == 1
    assert "with %docker pull nope" in short[-1]["traceback"][0]
    assert "dockmagic/commands" in "".join(long[-1]["traceback"])
    assert missing[-1]["ename"] == "UsageMistake"


@pytest.mark.parametrize(
    "error",
    ["oci.errors.Conflict('conflict: unable to delete it')", "oci.errors.InternalError('internal error: KeyError')"],
)
def test_the_kind_of_an_error_is_told_once(run: Run, error: str) -> None:
    """Docker's text begins with ``conflict:``, and so does the line of a cell."""
    (failed,) = run(
        "from dockmagic import oci\nfrom dockmagic.notebook.magics.error_line import in_one_line\n"
        f"with in_one_line(get_ipython()):\n    raise {error}"
    )
    line = failed[-1]["traceback"][0].lower().replace(" ", "")
    assert line.count(failed[-1]["ename"].lower()) == 1


def test_python_callers_get_plain_exceptions(run: Run) -> None:
    """Only the magic installs the short rendering, and on the one exception that it lets out."""
    (outputs,) = run("import dockmagic\ndockmagic.Engine().images.get('nope')")
    assert outputs[-1]["ename"] == ImageNotFound.__name__
    assert "Traceback" in "".join(outputs[-1]["traceback"])


def test_lines_of_a_cell_run_one_after_another(run: Run) -> None:
    """Each shows its result; prompts and sudo are dropped; the first error ends the cell."""
    shown, failed = run(
        "%%docker\n$ docker pull -q ubuntu:12.04\n$ sudo docker images -q\nversion",
        "%%docker\nrmi nope\nversion",
    )
    assert sum(output["output_type"] in ("display_data", "execute_result") for output in shown) == 3
    assert [output["output_type"] for output in failed] == ["error"]


def test_a_cells_result_can_be_named(run: Run) -> None:
    """``--into`` binds it and shows nothing; text reads as text, JSON or a frame."""
    bound, named, columns = run(
        "%%docker --into rows\n$ docker samples",
        "rows.text",
        "x = %docker version --format json\nprint(type(x.json()).__name__, list(x.frame().columns)[:1])",
    )
    assert bound == []
    assert "Samples are on" in _plain(named)
    assert _plain(columns).startswith("dict")


def test_a_variable_is_put_into_a_line(run: Run) -> None:
    """Also inside a function, where locals come first."""
    outputs, inside = run(
        "tag = 'ubuntu:12.04'\n%pull -q {tag}",
        "def names(tag):\n    x = %docker images -q {tag}\n    return x.text\nnames('nothing-here')",
    )
    assert "ubuntu:12.04" in _plain(outputs)
    assert _plain(inside) == "''"


def test_home_and_working_folder_are_expanded_in_host_paths_alone(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``save -o $(pwd)/x`` writes here; a path in an image, and a program's words, stay as they are written."""

    def bound(*words: str) -> Mapping[str, Any]:
        return expand_host_paths(bind(words)).parameters

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert bound("save", "-o", "$(pwd)/x.tar", "app")["output"] == f"{tmp_path}/x.tar"
    assert bound("image", "save", "app", "--output=$PWD/x")["output"] == f"{tmp_path}/x"
    assert bound("import", "~/root.tar", "app")["source"] == "/home/me/root.tar"
    assert bound("run", "-v", "~/data:/data", "app", "ls", "~/x")["volumes"] == ("/home/me/data:/data",)
    assert bound("run", "-v", "~/data:/data", "app", "ls", "~/x")["words"] == ("ls", "~/x")
    assert bound("cat", "app", "~/x")["path"] == "~/x"


_SERVE_AND_INTERRUPT = """
import os, signal, time
from dockmagic.registry.server import RegistryServer

def interrupt(method, path, status):
    if armed and method == "GET" and "/blobs/" in path:
        armed.clear()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.5)

armed = []
registry = RegistryServer(on_request=interrupt).start()
host = registry.host
"""


def test_an_interrupt_ends_with_one_line_and_a_whole_store(run: Run) -> None:
    """Ctrl-C in the middle of a pull: the cell fails in one line, nothing half pulled is seen, a next pull goes on."""
    *_, interrupted, images, again, checked = run(
        _SERVE_AND_INTERRUPT,
        "%pull -q ubuntu:12.04\n%tag ubuntu:12.04 {host}/u:1\n%push {host}/u:1\n"
        "%rmi {host}/u:1\n%rmi ubuntu:12.04\n%docker gc\narmed.append(True)",
        "%pull {host}/u:1",
        "x = %docker images -q\nprint(repr(x.text))",
        "%pull {host}/u:1",
        "%docker validate {host}/u:1",
    )
    assert interrupted[-1]["ename"] == "KeyboardInterrupt"
    assert len(interrupted[-1]["traceback"]) == 1
    assert "the store is whole" in interrupted[-1]["traceback"][0]
    assert images[0]["text"] == "''\n"
    assert "error" not in {output["output_type"] for output in [*again, *checked]}


def test_samples_are_told_once_until_they_are_switched(run: Run) -> None:
    """Under the first table of a kernel, and not under each."""
    shown = run(
        "%docker samples off",
        "%docker samples on",
        "%images",
        "%images",
        "%docker images --tree",
        "%docker samples off",
        "%docker samples on",
        "%images",
    )
    told = ["stand-ins made" in str(outputs) for outputs in shown]
    assert told == [False, False, True, False, False, False, False, True]


def test_packages_are_a_frame_and_so_is_what_an_update_brings(run: Run) -> None:
    """Also from Python: a catalog of the image, and the changes of a comparison."""
    frame, narrowed, changes, catalog, found = run(
        "installed = %packages ubuntu:14.04\n' '.join([*installed.columns, *installed.Name])",
        "wrong = %packages --type wheel ubuntu:14.04",
        "%diff --packages ubuntu:12.04 ubuntu:14.04",
        "img = %docker pull -q ubuntu:14.04\nimg.packages",
        "img.packages[0].purl",
    )
    assert _plain(frame[-1:]) == "'Name Version Type Architecture Layer apt bash libc6'"
    assert "wheel is no type of package. Types: apk, conda, deb" in str(narrowed)
    assert "C    apt  deb  0.8.16~exp12ubuntu10   1.0.1ubuntu2" in _plain(changes)
    assert _plain(catalog) == "<Catalog deb 3>"
    assert _plain(found) == "'pkg:deb/ubuntu/apt@1.0.1ubuntu2?arch=amd64&distro=ubuntu-14.04'"
