"""``build`` and its cache from a command line: progress, failures, checks, outputs, and what is refused."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Type = Callable[..., "object"]


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a Dockerfile that starts no process, which is the working folder too."""
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "app.txt").write_text("one\n")
    (folder / "Dockerfile").write_text('FROM scratch\nCOPY app.txt /app/\nENV A=1\nCMD ["/app"]\n')
    monkeypatch.chdir(folder)
    return folder


def test_plain_progress_numbers_the_steps(typed, context: Path) -> None:  # noqa: ANN001
    """As BuildKit prints them; nothing is on standard output."""
    run = typed("build -t app .")
    assert (run.code, run.out) == (0, "")
    assert "#2 [2/4] COPY app.txt /app/\n#2 DONE " in run.err
    assert "naming to app:latest  sha256:" in run.err
    again = typed("image build -t app .")
    assert "#2 [2/4] COPY app.txt /app/\n#2 CACHED\n" in again.err


def test_quiet_prints_the_id_alone(typed, context: Path) -> None:  # noqa: ANN001
    """And the file that --iidfile names has the same."""
    run = typed("buildx build -q --iidfile id --metadata-file about .")
    assert run.err == ""
    assert run.out.strip() == (context / "id").read_text()
    assert json.loads((context / "about").read_text())["containerimage.config.digest"] == run.out.strip()


def test_every_event_is_a_json_object(typed, context: Path) -> None:  # noqa: ANN001
    """With its kind."""
    events = [json.loads(line) for line in typed("build -t app --progress rawjson .").err.splitlines()]
    assert [event["type"] for event in events][:2] == ["BuildStarted", "StepStarted"]
    assert {"StepDone", "Exported"} <= {event["type"] for event in events}


def test_explain_tells_of_each_step_in_lines_that_fit_a_terminal(typed, context: Path) -> None:  # noqa: ANN001
    """A base that is here comes from the cache; what changed stands below its step; what follows is said to follow."""
    assert typed("build -t base .").code == 0
    (context / "Dockerfile").write_text(
        'FROM base\nARG WORDS\nCOPY app.txt /somewhere/that/has/a/long/name/\nCMD ["/app"]\n'
    )
    typed("build --build-arg WORDS=one .")
    (context / "app.txt").write_text("two\n")
    lines = typed("build --explain -q --build-arg", f"WORDS={'very ' * 40}long", ".").lines
    assert [line.split(maxsplit=2)[:2] for line in lines if not line.startswith(" ")] == [
        ["STEP", "CACHED"], ["1", "yes"], ["2", "no"], ["3", "no"], ["4", "no"],
    ]  # fmt: skip
    assert lines[1].endswith("  cached")
    assert lines[4].endswith("file app.txt changed")
    assert lines[5].startswith("          file app.txt: regular 0644 4 ")
    assert lines[6].endswith("an earlier step changed")
    assert max(map(len, lines)) <= 100


def test_explain_says_a_short_reason_once(typed, context: Path) -> None:  # noqa: ANN001
    """What the step's own line tells whole is not repeated below it; FROM scratch has no line."""
    (context / "Dockerfile").write_text("FROM scratch\nARG V\nCOPY app.txt /$V/\n")
    typed("build --build-arg V=1 .")
    told = typed("build --explain -q --build-arg V=2 .").lines
    assert [line.split()[0] for line in told] == ["STEP", "2", "3"]
    assert told[1].endswith("  argument V: 1 → 2")


def test_a_dockerfile_comes_on_standard_input(typed, context: Path) -> None:  # noqa: ANN001
    """With a context (-f -), or with none (-)."""
    text = b"FROM scratch\nCOPY app.txt /\n"
    assert typed("build -q -f - .", stdin=text).code == 0
    alone = typed("build -q -", stdin=text)
    assert (alone.code, '"/app.txt": not found in the build context' in alone.err) == (1, True)
    both = typed("build -f - -", stdin=text)
    assert "cannot be both" in both.err


def test_a_mistake_is_shown_in_its_lines(typed, context: Path) -> None:  # noqa: ANN001
    """File, line and column, the line marked, and what was probably meant."""
    run = typed("build -f - .", stdin=b"FROM scratch\n\nCOPPY app.txt /\n")
    assert run.code == 1
    assert "   3 | >>> COPPY app.txt /" in run.err
    assert "Error: Dockerfile:3:1: unknown instruction: COPPY (did you mean COPY?)." in run.err


def test_a_mistake_at_the_end_is_found_before_anything_is_done(typed, context: Path) -> None:  # noqa: ANN001
    """No step begins; ``--check`` tells it with what is odd besides."""
    (context / "Dockerfile").write_text("FROM scratch AS Base\nCOPY app.txt /\nARG port=http\nEXPOSE $port\n")
    ended = typed("build", str(context))
    assert ended.code == 1
    assert "Error: Dockerfile:4: invalid containerPort: http" in ended.err
    assert "[1/" not in ended.err
    checked = typed("build --check", str(context))
    assert checked.code == 1
    assert "WARNING: StageNameCasing: Stage name 'Base' should be lowercase (line 1)" in checked.err
    assert "   4 | >>> EXPOSE $port" in checked.err


def test_a_mistake_hides_nothing_of_what_is_odd_above_it(typed, context: Path) -> None:  # noqa: ANN001
    """Both at once, so that one goes back to the file once."""
    (context / "Dockerfile").write_text("FROM scratch AS Base\nCPY a /\n")
    ended = typed("build", str(context))
    assert "WARNING: StageNameCasing: Stage name 'Base' should be lowercase (line 1)" in ended.err
    assert "Error: Dockerfile:2:1: unknown instruction: CPY (did you mean COPY?)." in ended.err


def test_a_step_that_cannot_be_done_names_its_line(typed, context: Path) -> None:  # noqa: ANN001
    """Nothing is named, and the state before it can be looked into."""
    (context / "Dockerfile").write_text("FROM scratch\nCOPY app.txt /\nCOPY missing /\n")
    run = typed("build -t app .")
    assert run.code == 1
    assert ">>> COPY missing /" in run.err
    assert typed("images -q app").out == ""
    assert typed("cat @failed /app.txt").out == "one\n"
    assert typed("cat @2 /app.txt").out == "one\n"


def test_a_build_warns_of_what_it_builds_alone(typed, context: Path) -> None:  # noqa: ANN001
    """A stage that the target does not need keeps its warnings for --check; a build argument chooses the rules."""
    (context / "Dockerfile").write_text("FROM scratch AS a\nCMD odd\nFROM scratch\nCOPY app.txt /\n")
    assert "JSONArgs" not in typed("build --progress plain .").err
    assert "JSON arguments recommended" in typed("build --progress plain --target a .").err
    assert typed("build --check .").code == 1
    assert typed("build --check --build-arg BUILDKIT_DOCKERFILE_CHECK=skip=JSONArgsRecommended .").code == 0
    failed = typed("build --target a --build-arg BUILDKIT_DOCKERFILE_CHECK=error=true .")
    assert failed.code == 1
    assert "lint violation found for rules: JSONArgsRecommended" in failed.err


def test_a_copy_of_an_ignored_file_is_warned_of(typed, context: Path) -> None:  # noqa: ANN001
    """Where the rule is asked for, as it is an experimental one; the ignore file is the context's."""
    (context / ".dockerignore").write_text("*.txt\n")
    (context / "Dockerfile").write_text("# check=experimental=CopyIgnoredFile\nFROM scratch\nCOPY app.txt /\n")
    run = typed("build --check .")
    assert run.code == 1
    assert 'Attempting to Copy file "app.txt" that is excluded by .dockerignore' in run.out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("STOPSIGNAL SIGNONE", "Dockerfile:2:12: there is no signal 'SIGNONE'"),
        ("COPY --chmod=0999 app.txt /", "Dockerfile:2:14: invalid chmod parameter: '0999'"),
        ("COPY --chmod=u+q app.txt /", "Dockerfile:2:14: invalid chmod parameter: 'u+q'"),
    ],
)
def test_check_refuses_what_a_build_would(typed, context: Path, line: str, says: str) -> None:  # noqa: ANN001
    """Signals and modes that are none, with their places; a build refuses them at their step."""
    (context / "Dockerfile").write_text(f"FROM scratch\n{line}\n")
    checked = typed("build --check .")
    assert checked.code == 1
    assert says in checked.err
    assert says.partition(": ")[2] in typed("build .").err


def test_an_image_layout_is_a_base(typed, context: Path, tmp_path: Path) -> None:  # noqa: ANN001
    """--build-context NAME=oci-layout://FOLDER:TAG stands for an image, as FROM and for COPY."""
    (context / "Dockerfile").write_text("FROM scratch\nCOPY app.txt /\nENV A=1\n")
    layout = tmp_path / "layout"
    assert typed(f"build -o type=oci,tar=false,dest={layout},name=x:1 .").code == 0
    (context / "Dockerfile").write_text("FROM mine\nCOPY --from=mine /app.txt /again\n")
    run = typed(f"build -t derived --build-context mine=oci-layout://{layout}:1 .")
    assert run.code == 0, run.err
    assert "A=1" in typed("inspect derived").out
    missing = typed(f"build --build-context mine=oci-layout://{layout}:2 .")
    assert "has no image 2" in missing.err


def test_check_tells_what_is_odd_and_fails(typed, context: Path) -> None:  # noqa: ANN001
    """With the rule, the lines and the fix; a clean Dockerfile passes."""
    (context / "Dockerfile").write_text("FROM scratch AS Base\nCMD run me\n")
    run = typed("build --check .")
    assert run.code == 1
    assert run.lines[0] == "Check complete, 2 warnings have been found!"
    assert "Fix: Write AS base" in run.lines
    assert "   2 | >>> CMD run me" in run.lines
    (context / "Dockerfile").write_text("FROM scratch\nCOPY app.txt /\n")
    clean = typed("build --call check .")
    assert (clean.code, clean.lines) == (0, ["Check complete, no warnings found."])


def test_a_build_ends_with_its_warnings(typed, context: Path) -> None:  # noqa: ANN001
    """After all else; with check=error=true they stop it before anything runs."""
    (context / "Dockerfile").write_text("FROM scratch\nCOPY app.txt /\nCMD run me\n")
    run = typed("build .")
    assert run.code == 0
    assert run.err.splitlines()[-1].startswith(" - JSONArgsRecommended: ")
    (context / "Dockerfile").write_text("# check=error=true\nFROM scratch\nCOPY app.txt /\nCMD run me\n")
    strict = typed("build .")
    assert strict.code == 1
    assert "lint violation found for rules: JSONArgsRecommended" in strict.err


def test_targets_and_arguments_are_listed(typed, context: Path) -> None:  # noqa: ANN001
    """With the comments above them as their description."""
    (context / "Dockerfile").write_text(
        "# VERSION of the program\nARG VERSION=1\n# build compiles\nFROM scratch AS build\n"
        "ARG VERSION\nFROM scratch\nCOPY --from=build / /\n"
    )
    assert typed("build --call targets .").lines == ["TARGET    DESCRIPTION", "build     compiles", "(default)"]
    assert typed("build --call outline --target build .").lines[:5] == [
        "TARGET:      build",
        "DESCRIPTION: compiles",
        "",
        "BUILD ARG   VALUE   DESCRIPTION",
        "VERSION     1       of the program",
    ]


def test_calls_answer_with_the_documents_of_buildkit(typed, context: Path) -> None:  # noqa: ANN001
    """For programs: the same members as with docker buildx, the Dockerfile among them; only warnings end with 1."""
    text = (
        "# build compiles\nFROM --platform=linux/amd64 scratch AS build\nARG V=1\n"
        "RUN --mount=type=secret,id=k,required --mount=type=ssh \\\n  make\nFROM build\nCMD run me\n"
    )
    (context / "Dockerfile").write_text(text)
    outline = json.loads(typed("build --call outline,format=json .").out)
    line_4 = {"ranges": [{"start": {"line": line}, "end": {"line": line}} for line in (4, 5)]}
    assert outline.pop("args") == [{"name": "V", "value": "1", "location": at(3)}]
    assert outline.pop("secrets") == [{"name": "k", "required": True, "location": line_4}]
    assert outline.pop("ssh") == [{"name": "default", "location": line_4}]
    assert [base64.b64decode(source).decode() for source in outline.pop("sources")] == [text]
    assert not outline
    targets = json.loads(typed("build --call=format=json,targets .").out)["targets"]
    assert targets == [
        {"name": "build", "description": "compiles", "base": "scratch", "platform": "linux/amd64", "location": at(2)},
        {"default": True, "base": "build", "location": at(6)},
    ]
    check = typed("build --call check,format=json .")
    (warning,) = (one for one in json.loads(check.out)["warnings"] if one["ruleName"] == "JSONArgsRecommended")
    assert (check.code, warning["location"], warning["url"][:8]) == (1, at(7), "https://")
    assert typed("build --call lint,format=json,ignorestatus=true .").code == 0


def at(line: int) -> dict[str, object]:
    """The place of one line."""
    return {"ranges": [{"start": {"line": line}, "end": {"line": line}}]}


def test_a_check_tells_as_a_document_what_a_build_would_fail_with(typed, context: Path) -> None:  # noqa: ANN001
    """Beside the warnings."""
    (context / "Dockerfile").write_text("FROM scratch\nEXPOSE nothing\n")
    run = typed("build --call check,format=json .")
    error = json.loads(run.out)["buildError"]
    assert (run.code, error["location"]) == (1, at(2))
    assert "nothing" in error["message"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("nothing", "'nothing' is not one of build, check, outline, targets"),
        ("outline,format=xml", "'xml' is not a format"),
        ("outline,targets", "'targets' is neither format=text"),
        ("check,ignorestatus=maybe", "'maybe' is neither true nor false"),
    ],
)
def test_a_call_that_there_is_not_is_refused(typed, context: Path, call: str, message: str) -> None:  # noqa: ANN001
    """With what there is."""
    run = typed(f"build --call {call} .")
    assert run.code == 125
    assert message in run.err


def test_results_go_into_a_folder_a_tar_and_standard_output(typed, context: Path) -> None:  # noqa: ANN001
    """Beside the store."""
    assert typed("build -q -o out --output type=oci,dest=image.tar -t app .").code == 0
    assert (context / "out/app/app.txt").read_text() == "one\n"
    with tarfile.open(context / "image.tar") as archive:
        assert "oci-layout" in archive.getnames()
    raw = typed("build --progress quiet -o - .").out.encode("utf-8", "surrogateescape")
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        assert "app/app.txt" in archive.getnames()


def test_a_build_is_pushed(typed, context: Path, registry: str) -> None:  # noqa: ANN001
    """With --push; a result without a name cannot be."""
    assert typed(f"build -q --push -t {registry}/built:1 .").code == 0
    assert "1" in typed(f"tags {registry}/built").out
    assert "cannot be pushed" in typed("build --push .").err


def test_variables_that_a_base_in_a_registry_lacks_are_warned_of(typed, context: Path, registry: str) -> None:  # noqa: ANN001
    """Its configuration is read before the build; one that is nowhere is the FROM's mistake alone."""
    (context / "Dockerfile").write_text("FROM scratch\nENV THERE=1\nCOPY app.txt /\n")
    assert typed(f"build --push -t {registry}/base .").code == 0
    assert typed(f"rmi {registry}/base").code == 0
    (context / "Dockerfile").write_text(f"FROM {registry}/base\nLABEL a=$THERE b=$NOWHERE\n")
    run = typed("build .")
    assert run.code == 0
    assert "Usage of undefined variable '$NOWHERE'" in run.err
    assert "$THERE" not in run.err.replace("a=$THERE", "")
    (context / "Dockerfile").write_text(f"FROM {registry}/none\nLABEL b=$NOWHERE\n")
    run = typed("build .")
    assert run.code == 1
    assert "UndefinedVar" not in run.err


def test_a_check_tells_as_a_document_what_cannot_be_read(typed, context: Path) -> None:  # noqa: ANN001
    """With its place and its text; and what check=error=true makes of warnings."""
    text = "FROM scratch as a\nFRM x\n"
    (context / "Dockerfile").write_text(text)
    run = typed("build --call check,format=json .")
    document = json.loads(run.out)
    assert (run.code, document["buildError"]["location"]) == (1, at(2))
    assert "unknown instruction: FRM" in document["buildError"]["message"]
    assert [one["ruleName"] for one in document["warnings"]] == ["FromAsCasing"]
    assert base64.b64decode(document["sources"][0]["data"]).decode() == text
    assert typed("build --call check,format=json,ignorestatus=true .").code == 0
    assert typed("build --call check .").code == 1
    (context / "Dockerfile").write_text("# check=error=true\nFROM scratch as a\n")
    run = typed("build --call check,format=json .")
    assert run.code == 1
    assert "lint violation found for rules: FromAsCasing" in json.loads(run.out)["buildError"]["message"]
    (context / "Dockerfile").write_text("# check=nothing\nFROM scratch\n")
    assert "buildError" in json.loads(typed("build --call check,format=json .").out)


def test_a_builder_can_be_named_that_is_the_only_one(typed, context: Path) -> None:  # noqa: ANN001
    """``default``, before the verb or behind it; others are refused, and so is a way to talk to one."""
    assert typed("buildx --builder default build -q .").code == 0
    assert typed("buildx --builder=default du").code == 0
    assert typed("build -q --builder default --attest type=provenance,disabled=true .").code == 0
    refused = typed("buildx --builder mine build .")
    assert refused.code == 1
    assert "--builder mine is not supported" in refused.err
    assert typed("buildx version --short").out == typed("version --short").out
    assert "buildx dial-stdio is not supported" in typed("buildx dial-stdio").err
    assert "--debug is not supported" in typed("buildx --debug build .").err


def test_fields_whose_quotes_do_not_close_are_refused(typed, context: Path) -> None:  # noqa: ANN001
    """In one line."""
    for flag in ("--secret", "-o", "--attest"):
        run = typed(f'build {flag} "id=x .')
        assert run.code
        assert "Traceback" not in run.err


def test_what_goes_to_the_cache_only_is_no_image(typed, context: Path) -> None:  # noqa: ANN001
    """Not listed, not named; the next build has its steps."""
    before = typed("images -a -q").lines
    assert typed("build -t app -o type=cacheonly .").code == 0
    assert "app" not in typed("images").out
    assert len(typed("images -q").lines) == len([line for line in before if line in typed("images -q").lines])
    assert "CACHED" in typed("build --progress plain .").err


def test_a_prune_keeps_what_it_is_told_to(typed, context: Path) -> None:  # noqa: ANN001
    """All within ``--max-used-space``, and nothing that would have to go for ``--min-free-space``."""
    assert typed("build -q .").code == 0
    steps = len(typed("builder du --format {{.ID}}").lines)
    assert typed("builder prune -a -f --max-used-space 1g").code == 0
    assert typed("builder prune -a -f --min-free-space 1k").code == 0
    assert len(typed("builder du --format {{.ID}}").lines) == steps
    assert typed("buildx prune -a -f --min-free-space 1000p").code == 0
    assert typed("builder du --format {{.ID}}").lines == []


def test_two_builds_are_compared(typed, context: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN001
    """With a fixed date they are the same; without one the command fails and says why."""
    loose = typed("build -q --verify-reproducible .")
    assert loose.code == 1
    assert "Set SOURCE_DATE_EPOCH, and all dates are the same." in loose.out
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    fixed = typed("build -q --verify-reproducible .")
    assert (fixed.code, fixed.out.strip()) == (0, "Both builds made the same image, bit for bit.")


def test_the_cache_is_listed_counted_and_pruned(typed, context: Path) -> None:  # noqa: ANN001
    """Steps are images that images -a lists; a prune of all leaves the named image whole."""
    assert typed("build -q -t app .").code == 0
    assert typed("builder du --format {{.Description}}").lines.count("COPY app.txt /app/") == 1
    assert any(line.startswith("Build Cache") for line in typed("system df").lines)
    assert len(typed("images -a -q").lines) > len(typed("images -q").lines)
    assert typed("builder prune -a -f").out.startswith("Deleted build cache:")
    assert typed("buildx du -q --format {{.ID}}").code == 125
    assert typed("buildx du --format {{.ID}}").lines == []
    assert typed("validate app").code == 0


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ("--squash", "an image keeps the layers of its steps"),
        ("--ssh default", "no SSH agent is forwarded"),
        ("--cache-from type=registry,ref=x", "the build cache stays on this machine"),
        ("--cache-to type=inline", "the build cache stays on this machine"),
        ("-m 1g", "RUN has no limits of its own"),
        ("--allow security.insecure", "RUN never gets more rights"),
        ("--builder x", "there are no builders to choose from"),
        ("--attest type=provenance,mode=max", "images are made without attestations"),
        ("--output type=image,name=x,push-by-digest=true", "push-by-digest=true is not supported"),
        ("--build-arg A=\udce9", "--build-arg A=\\xe9 is not UTF-8"),
        ("--label a=\udce9", "--label a=\\xe9 is not UTF-8"),
        ("--provenance true", "images are made without attestations"),
        ("--platform linux/amd64,linux/arm64", "one build makes one image"),
        ("--network bridge", "RUN has this machine's network or none"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(typed, context: Path, flags: str, reason: str) -> None:  # noqa: ANN001
    """With the reason, before anything is read."""
    run = typed(f"build {flags} .")
    assert run.code
    assert flags.split(" ", maxsplit=1)[0] in run.err
    assert reason in run.err


def test_the_frontend_is_named_by_an_argument(typed, context: Path) -> None:  # noqa: ANN001
    """BUILDKIT_SYNTAX goes before ``# syntax=``: ``dockerfile.v0`` is the one that is here."""
    (context / "Dockerfile").write_text("# syntax=example.org/other:1\nFROM scratch\nCOPY app.txt /\n")
    assert "example.org/other:1 is not supported" in typed("build .").err
    assert typed("build -q --build-arg BUILDKIT_SYNTAX=dockerfile.v0 .").code == 0
    assert "BUILDKIT_SYNTAX" in typed("build --build-arg BUILDKIT_SYNTAX=example.org/third .").err


@pytest.mark.parametrize(
    "flags", ["--allow network.host", "--load", "--rm", "--force-rm=false", "--provenance=false", "--sbom=false"]
)
def test_habits_of_scripts_change_nothing(typed, context: Path, flags: str) -> None:  # noqa: ANN001
    """What is so anyway may be said."""
    assert typed(f"build -q {flags} .").code == 0


def test_a_terminal_is_drawn_on(typed, context: Path) -> None:  # noqa: ANN001
    """Its last state stays: a head, and a line for each step with its time."""
    lines = typed("build --progress tty .").err.splitlines()
    assert any(line.startswith("[+] Building ") and line.rstrip().endswith("(4/4)") for line in lines)
    assert any("=> [2/4] COPY app.txt /app/" in line for line in lines)
