"""Builds from the cells of a live kernel: the result as a view, failures with the cell's lines, checks, completion."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.completer import provisionalcompleter
from well_formed import WellFormed

from dockmagic.commands.cmdline.invocation import bind
from dockmagic.notebook.magics.host_paths import expand_host_paths

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from IPython.core.interactiveshell import InteractiveShell

    Run = Callable[..., list[Any]]

_CONTEXT = "import os, tempfile\nos.chdir(tempfile.mkdtemp())\n_ = open('name', 'w').write('one')"


def plain(outputs: list[Any]) -> str:
    """The texts of a cell's outputs."""
    return "\n".join(one.get("text") or one.get("data", {}).get("text/plain", "") for one in outputs)


def build(dockerfile: str, flags: str = "-t app .", magic: str = "%%build") -> str:
    """A cell."""
    return f"{magic} {flags}\n{dockerfile}"


def test_the_display_is_stable_and_the_result_a_view(run: Run) -> None:
    """Progress has a constant twin; the steps, with what they did, stand in text and in HTML without a script."""
    progress, result = run(_CONTEXT, build("FROM scratch\nCOPY name /\nENV A=1\n"))[1]
    assert progress["data"]["text/plain"] == "Building app"
    text = result["data"]["text/plain"].splitlines()
    assert re.fullmatch(r"app:latest  linux/\w+  3B  1 layer", text[0])
    assert text[1:] == [
        "  3 steps, 0 from the cache",
        "  1  [1/3] FROM scratch",
        "  2  [2/3] COPY name /   +3B",
        "  3  [3/3] ENV A=1",
    ]
    html = result["data"]["text/html"]
    balance = WellFormed(html)
    assert (balance.open, balance.wrong) == ([], [])
    assert html.count("<details") >= 3
    assert ">name</code>" in html
    assert not re.search(r"<script|\d\.\d ?s<", html)


def test_a_result_can_be_gone_on_with(run: Run) -> None:
    """The image, the steps, a frame, the reasons, and files by their paths."""
    *_, told = run(
        _CONTEXT,
        build("FROM scratch\nCOPY name /\n", "--into app -t app ."),
        build("FROM scratch\nCOPY name /\n", "--into again -t app .", "%%docker build"),
        "_ = open('name', 'w').write('two')",
        build("FROM scratch\nCOPY name /\n", "--into third ."),
        "print((app / 'name').read_text(), len(app.layers), app.id == again.id)\n"
        "print(list(again.frame()['Cached']), again.frame()['Time'].dtype, len(again.frame()['ImageID'][1]))\n"
        "print(list(third.explain()['Part']), third.explain()['Why'][1])\n"
        "step = app.steps[1]\n"
        "print([change.path for change in step.changes], step.diff.files[0].letter, app.steps[0].diff)\n"
        "print(app.text == app.image.id, app.json()[0]['Instruction'], repr(app.output(1)))",
    )
    assert [line for line in plain(told).splitlines() if line] == [
        "one 1 True",
        "[False, True] float64 71",
        "['', 'file name'] file name changed",
        "['/name'] A None",
        "True FROM scratch ''",
    ]


def test_lines_are_counted_from_the_top_of_the_cell(run: Run) -> None:
    """In errors of the language, of a step, and in warnings."""
    _, mistake, missing, warned, checked = run(
        _CONTEXT,
        build("FROM scratch\nCOPPY name /\n"),
        build("# escape=`\nFROM scratch\nCOPY nothing /\n"),
        build("FROM scratch\nCOPY name /\nCMD run me\n"),
        build("FROM scratch AS Base\nCOPY name /\n", "--check ."),
    )
    assert mistake[-1]["evalue"].startswith("Dockerfile:3:1: unknown instruction: COPPY (did you mean COPY?)")
    assert "   3 | >>> COPPY name /" in "\n".join(mistake[-1]["traceback"])
    assert missing[-1]["evalue"].startswith('Dockerfile:4:6: "/nothing": not found in the build context')
    assert "warning: line 4: JSON arguments recommended for CMD" in plain(warned)
    assert "   2 | >>> FROM scratch AS Base" in plain(checked)


def test_names_in_braces_are_the_dockerfiles(run: Run) -> None:
    """Unless --expand asks for the notebook's."""
    *_, kept, expanded = run(
        _CONTEXT,
        "who = 'Ada'",
        build("FROM scratch\nLABEL a={who}\n", "--into kept .") + "",
        build("FROM scratch\nLABEL a={who}\n", "--expand --into expanded ."),
        "print(kept.image.config.labels)",
        "print(expanded.image.config.labels)",
    )
    assert (plain(kept), plain(expanded)) == ("{'a': '{who}'}\n", "{'a': 'Ada'}\n")


def test_a_build_of_a_folder_needs_no_cell(run: Run) -> None:
    """%build reads the Dockerfile there; one more in the cell is too many, `-f -` is the cell; `-` has no context."""
    _, built, twice, said, alone, bare, asks, adds, quiet = run(
        _CONTEXT + "\n_ = open('Dockerfile', 'w').write('FROM scratch\\nCOPY name /\\n')",
        "%build -t app .",
        build("FROM scratch\n", "-f Dockerfile ."),
        build("FROM scratch\nCOPY name /\n", "-t said -f - ."),
        build("FROM scratch\nENV A=1\n", "-t alone -"),
        build("FROM scratch\nENV A=1\n", "-t bare", "%%docker image build"),
        build("FROM scratch\nENV A=1\nCOPY . /\n", "-t asks", "%%docker buildx build"),
        build("FROM scratch\nADD name /\n", "-t adds -"),
        "x = %build -q .\nprint(x.text.startswith('sha256:'), len(x.text))",
    )
    assert plain(built).startswith("Building app\napp:latest")
    assert twice[-1]["evalue"].startswith("there are two Dockerfiles")
    assert "said:latest" in plain(said)
    assert "alone:latest" in plain(alone)
    assert plain(bare).startswith("Building bare\nbare:latest")
    assert asks[-1]["evalue"].startswith("there is no context, the folder that COPY in line 4 takes its files from")
    assert "There is no context: name the folder" in adds[-1]["evalue"]
    assert plain(quiet) == "True 71\n"


def test_programs_run_and_a_failing_one_can_be_entered(containers: None, run: Run) -> None:
    """Output is in the result, folded; a failure shows the lines, the last output, and what to do next."""
    _, good, bad, entered, before = run(
        _CONTEXT,
        build("FROM busybox\nRUN <<END\necho 'from the program'\necho made > /made\nEND\n"),
        build("FROM busybox\nRUN echo 1 > /count\nRUN echo 2 >> /count; echo last words; exit 7\n"),
        "%docker run --rm @failed cat /count",
        "%docker run --rm @failed^ cat /count",
    )
    assert "from the program" in good[-1]["data"]["text/html"]
    assert "from the program" not in good[-1]["data"]["text/plain"]
    told = "\n".join(bad[-1]["traceback"])
    assert bad[-1]["ename"] == "StepFailed"
    assert "last words" in told
    assert ">>> RUN echo 2 >> /count; echo last words; exit 7" in told
    assert "exit code: 7" in bad[-1]["evalue"]
    assert "run -it @failed" in bad[-1]["evalue"]
    assert (plain(entered), plain(before)) == ("1\n2\n", "1\n")


def test_a_failed_build_can_be_gone_on_with(containers: None, run: Run) -> None:
    """--into binds what is left of it, and so does the exception: steps, frame, output, and the state of @failed."""
    _, bad, shown, told = run(
        _CONTEXT,
        build(
            "FROM busybox\nRUN echo 1 > /count\nRUN echo 2 > /more; echo last words; exit 7\nENV A=1\n", "--into b ."
        ),
        "b",
        "import sys\n"
        "print(b.exit_code, b.output(3), list(b.frame()['Cached']), [c.path for c in b.steps[-1].changes])\n"
        "print((b.image / 'more').read_text().strip(), len(b.explain()), b.error.step.number)\n"
        "print(sys.last_value.result is b)",
    )
    assert bad[-1]["ename"] == "StepFailed"
    text = shown[-1]["data"]["text/plain"].splitlines()
    assert text[0] == "[3/4] RUN echo 2 > /more; echo last words; exit 7  failed with exit code 7"
    assert text[-1].split()[-2:] == ["failed", "+2B"]
    html = shown[-1]["data"]["text/html"]
    balance = WellFormed(html)
    assert (balance.open, balance.wrong) == ([], [])
    assert html.count("<details open") == 1
    assert "last words" in html
    assert plain(told).splitlines() == [
        "7 last words [False, False, False] ['/more']",
        "2 3 3",
        "True",
    ]


def test_checks_and_calls_are_tables(run: Run) -> None:
    """--check, --call outline and --call targets have frames and HTML of their own."""
    *_, checked, targets, outline = run(
        _CONTEXT,
        build("FROM scratch AS Base\nCOPY name /\n", "--check --into lint ."),
        "lint",
        build("FROM scratch AS base\nFROM base AS last\nCOPY name /\n", "--call targets ."),
        build("FROM scratch\nARG A=1\nCOPY name /\n", "--call outline ."),
    )
    for outputs, words in ((checked, "StageNameCasing"), (targets, "last"), (outline, "argument")):
        data = outputs[-1]["data"]
        assert words in data["text/plain"]
        assert words in data["text/html"]


def test_stages_complete_and_flags_do(shell: InteractiveShell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--target knows the stages of the cell below it, or of the Dockerfile in the folder."""
    monkeypatch.chdir(tmp_path)
    Path("Dockerfile").write_text("FROM scratch AS Compile\nFROM scratch AS release\nFROM scratch\n")

    def complete(text: str, line: str) -> list[str]:
        with provisionalcompleter():
            return [one.text for one in shell.Completer.completions(text, len(line))]

    assert complete("%build --target ", "%build --target ") == ["compile", "release"]
    assert complete("%build --tar", "%build --tar") == ["--target"]
    cell = "%%build --target  .\nFROM busybox AS one\nFROM busybox as two\nRUN"
    assert complete(cell, "%%build --target ") == ["one", "two"]


def test_paths_of_this_machine_are_expanded() -> None:
    """~ in the context, the Dockerfile, and where results go."""
    home = str(Path("~").expanduser())
    words = ["build", "-f", "~/Dockerfile", "-o", "type=tar,dest=~/x.tar", "--secret", "id=a,src=~/key", "~/app"]
    bound = expand_host_paths(bind(words)).parameters
    assert (bound["dockerfile"], bound["context"]) == (f"{home}/Dockerfile", f"{home}/app")
    assert (bound["outputs"], bound["secrets"]) == ((f"type=tar,dest={home}/x.tar",), (f"id=a,src={home}/key",))


def test_the_cells_dockerfile_is_built_by_every_name_of_build(run: Run) -> None:
    """The folder has another one, which stays out of it: docker image build, buildx build, builder build."""
    magics = ("%%build", "%%docker build", "%%docker image build", "%%docker buildx build", "%%docker builder build")
    cells = [
        build("FROM scratch\nLABEL from=cell\n", f"--into b{place} .", magic) for place, magic in enumerate(magics)
    ]
    *built, told = run(
        _CONTEXT + "\n_ = open('Dockerfile', 'w').write('FROM scratch\\nLABEL from=folder\\n')",
        *cells,
        "print([b.image.config.labels['from'] for b in (b0, b1, b2, b3, b4)])",
    )
    assert all("Building" in plain(outputs) for outputs in built[1:])
    assert plain(told) == f"{['cell'] * 5}\n"
