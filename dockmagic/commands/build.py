"""``build``: build an image from a Dockerfile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from click import Choice

from dockmagic.engine.options.build import build_request
from dockmagic.engine.options.build_unsupported import REFUSED
from dockmagic.engine.step_rows import unstable_rows
from dockmagic.oci.errors import DockerfileError
from dockmagic.rows import UnstableRow

from .cmdline.command import verb
from .cmdline.metadata import CellText
from .cmdline.parameters import argument, flag, option
from .cmdline.result import Built, Table
from .flags.build import build_flags, unused_flags
from .output.call_option import CALLS, Call, CallType

if TYPE_CHECKING:
    from dockmagic.builder.options import Options
    from dockmagic.engine.prepared_build import PreparedBuild

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]

_STYLES = ("auto", "plain", "tty", "quiet", "rawjson")


@verb(
    "build",
    "[OPTIONS] PATH | URL | -",
    ("build -t app .", "the Dockerfile of this folder"),
    ("build -t app -f docker/app.Dockerfile .", "another Dockerfile"),
    ("build --target test --build-arg VERSION=2 .", "one stage, with an argument"),
    ("build --check .", "what is odd about the Dockerfile; nothing runs"),
    ("build --explain .", "why each step was, or was not, in the cache"),
    ("build -o out .", "the files of the result in a folder"),
    ("build --verify-reproducible .", "build twice, and tell what differs"),
    returns="Built",
    refused=REFUSED,
    common=(
        "-t",
        "-f",
        "--target",
        "--build-arg",
        "--no-cache",
        "--pull",
        "--platform",
        "--secret",
        "-o",
        "--check",
        "--explain",
    ),
    aliases=("builder build", "buildx build", "image build"),
    magic=True,
    cell=CellText(read_by=(("context", "-"), ("dockerfile", "-")), dockerfile=True, defaults={"context": "-"}),
)
@argument("context", "host path", metavar="PATH | URL | -")
@build_flags
@option("--iidfile", "id_file", kinds=("host path",), metavar="string", help="Write the image ID to a file")
@option(
    "--metadata-file", kinds=("host path",), metavar="string", help="Write what came of the build to a file, as JSON"
)
@option("--progress", "style", type=Choice(_STYLES), default="auto", help=f"Kind of progress: {', '.join(_STYLES)}")
@flag("-q", "--quiet", help="Print only the image ID")
@option("--call", type=CallType(), default="build", help=f"What to do: {', '.join(CALLS)}; ,format=json for data")
@flag("--check", help="The same as --call check")
@flag("--explain", help="Tell why the cache had each step, or had it not")
@flag("--verify-reproducible", "verify", help="Build twice without the cache, and tell what differs")
@unused_flags
def command(
    ctx: CommandContext,
    context: str,
    *,
    id_file: str | None,
    metadata_file: str | None,
    style: str,
    quiet: bool,
    call: Call,
    check: bool,
    explain: bool,
    verify: bool,
    **flags: Any,
) -> Result:
    """Build an image from a Dockerfile."""
    request = build_request(context, flags, stdin=ctx.stdin, first_line=ctx.stdin_line, command_line=True)
    call = Call("check") if check else call
    builds = ctx.engine.builds
    try:
        prepared = builds.open(request)
    except DockerfileError as error:
        from .output.build_call import unreadable

        on_stdin = "-" in (request.dockerfile, request.context)
        answer = unreadable(error, call, first_line=ctx.stdin_line if on_stdin else 1)
        if answer is None:
            raise
        return answer
    with prepared:
        if call.method != "build":
            from .output.build_call import asked

            return asked(prepared, request.options, call)
        if verify:
            return _verified(ctx, prepared, request.options, "quiet" if quiet else style)
        with ctx.follow_build("quiet" if quiet else style) as on_event:
            build = builds.carry_out(
                prepared,
                request,
                stdout=ctx.stdout,
                on_event=on_event,
                on_progress=ctx.on_progress,
                stop=ctx.stop,
            )
    _write(id_file, build.image.id)
    _write(metadata_file, json.dumps(build.metadata, indent=2))
    lines = (build.image.id,) if quiet else ()
    if not explain:
        return Built(build, None, lines)
    from .output.cache_report import explained

    return Built(build, explained(build), lines)


def _verified(ctx: CommandContext, prepared: PreparedBuild, options: Options, style: str) -> Result:
    with ctx.follow_build(style) as on_event:
        verdict = prepared.verify(options, on_event=on_event)
    if verdict.same:
        note = "Both builds made the same image, bit for bit."
    else:
        count = len(verdict.differences)
        note = f"The two builds differ in {count} thing{'' if count == 1 else 's'}."
        if options.epoch is None:
            note += " Set SOURCE_DATE_EPOCH, and all dates are the same."
    rows = unstable_rows(verdict.differences)
    return Table(
        rows,
        UnstableRow,
        UnstableRow.shown,
        subject=verdict,
        notes=(note,),
        lines=() if verdict.same else None,
        exit_code=0 if verdict.same else 1,
    )


def _write(path: str | None, text: str) -> None:
    if path:
        Path(path).expanduser().write_text(text)
