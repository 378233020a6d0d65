"""``pull``: fetch images from a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockmagic.engine.describe import plan_rows
from dockmagic.oci.counting import count
from dockmagic.oci.errors import InvalidInput
from dockmagic.oci.platforms import Platform
from dockmagic.oci.protocols import ignore_progress
from dockmagic.oci.reference import Reference
from dockmagic.rows import PlanRow

from .cmdline.command import verb
from .cmdline.metadata import Transfer
from .cmdline.parameters import argument, flag
from .cmdline.result import Transferred
from .flags.shared import all_digits, form, platform, platform_of
from .output.format import human_size
from .output.table_output import listing
from .output.transfer_output import Log

if TYPE_CHECKING:
    from dockmagic.image.transfer import PullPlan

    from .cmdline.context import CommandContext
    from .cmdline.result import Result

__all__ = ["command"]


@verb(
    "pull",
    "[OPTIONS] NAME[:TAG|@DIGEST]",
    ("pull ubuntu", "ubuntu:latest of Docker Hub, for this machine's processor"),
    ("pull --platform linux/arm64 alpine:3.20", "the same for another processor"),
    ("pull --all-platforms alpine:3.20", "the index and the images of all platforms in it"),
    ("pull --plan python:3.12", "what would come, before a byte moves"),
    ("pull -a quay.io/org/app", "every tag of the repository"),
    returns="Transferred",
    aliases=("image pull",),
    magic=True,
    transfer=Transfer("Pulling", of="name", silent=("quiet", "only_plan")),
)
@argument("name", "remote tag", "image", metavar="NAME[:TAG|@DIGEST]")
@flag("-a", "--all-tags", help="Download all tagged images in the repository")
@flag("--all-platforms", help="Download an index with the images of all platforms")
@platform
@flag("-q", "--quiet", help="Suppress verbose output")
@flag("--plan", "only_plan", help="List the layers and the bytes to come, and fetch nothing")
@form
@all_digits
@flag("--disable-content-trust", hidden=True, default=True)
def command(
    ctx: CommandContext,
    name: str,
    platform: str | None,
    form: str | None,
    *,
    all_tags: bool,
    all_platforms: bool,
    quiet: bool,
    only_plan: bool,
    whole: bool,
    disable_content_trust: bool,  # noqa: ARG001  (docker's habit: there is no content trust to disable)
) -> Result:
    """Download an image from a registry."""
    ref, wanted = Reference.parse(name), platform_of(platform)
    if all_tags and (ref.tag or ref.digest):
        raise InvalidInput("tag can't be used with --all-tags/-a", hint=f"Write `pull -a {ref.familiar_name}`")
    if all_platforms and (all_tags or only_plan):
        raise InvalidInput(
            "--all-platforms is for one image", hint="Leave out --all-tags and --plan, or use `sync --all`"
        )
    if only_plan:
        plan = ctx.engine.images.plan(ref, all_tags=all_tags, platform=wanted)
        notes = _totals(plan, ctx, ref)
        return listing(plan_rows(plan), PlanRow, form=form, whole=whole, subject=plan, notes=notes)
    log = Log(ignore_progress if quiet else ctx.on_progress)
    if all_tags:
        return _pull_all(ctx, ref, wanted, log, quiet=quiet)
    if not quiet and not ref.tag and not ref.digest:
        ctx.say("Using default tag: latest")
    ref = ref.or_latest()
    if not quiet:
        ctx.say(f"{ref.digest or ref.tag}: Pulling from {ref.path if ref.domain == 'docker.io' else ref.name}")
    before = ctx.engine.images.digest_of(ref)
    pull = ctx.engine.images.pull_platforms if all_platforms else ctx.engine.images.pull
    image = pull(ref, platform=wanted, on_progress=log)
    if quiet:
        return Transferred((image,), log.rows, (str(ref),))
    if wanted is None and not image.runs_here:
        ctx.say(
            f"WARNING: the image is for {image.platform}, and this machine is {Platform.local()}: "
            "look into it as you like, it will not run here"
        )
    if wanted is not None and not wanted.accepts(image.platform):
        ctx.say(f"WARNING: {wanted} was asked for, and the image exists for {image.platform} only")
    news = "Image is up to date" if before == image.digest else "Downloaded newer image"
    status = f"Status: {news} for {ref.familiar}"
    return Transferred((image,), log.rows, (f"Digest: {image.repo_digest}", status, str(ref)))


def _pull_all(ctx: CommandContext, ref: Reference, wanted: Platform | None, log: Log, *, quiet: bool) -> Result:
    plan = ctx.engine.images.plan(ref, all_tags=True, platform=wanted)
    if not quiet:
        ctx.say(f"Pulling from {ref.familiar_name}: {'; '.join(_totals(plan, ctx, ref))}")
    images = ctx.engine.images.pull_all(ref, platform=wanted, on_progress=log)
    lines: tuple[str, ...] = (ref.name,)
    if not quiet:
        digests = tuple(dict.fromkeys(f"Digest: {image.repo_digest}" for image in images))
        news = "Downloaded newer image" if plan.to_fetch else "Image is up to date"
        lines = (*digests, f"Status: {news} for {ref.familiar_name}", ref.name)
    return Transferred(images, log.rows, lines)


def _totals(plan: PullPlan, ctx: CommandContext, ref: Reference) -> tuple[str, ...]:
    manifests, layers = len(plan.images), len(plan.layers)
    needed = sum(1 for layer in plan.layers if not layer.have)
    counts = f"{count(manifests, 'manifest')}, {count(layers, 'layer')}"
    notes: tuple[str, ...] = (f"{counts}, {needed} to fetch: {human_size(plan.to_fetch)} to come",)
    limit = ctx.engine.registries.repository(ref).rate_limit
    if limit is not None and limit.remaining is not None:
        most = f" of {limit.limit}" if limit.limit is not None else ""
        notes += (f"{ref.domain} allows {limit.remaining}{most} more pulls for now",)
    return notes
