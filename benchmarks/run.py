"""`make bench`: every job beside its peers, as a table of ratios in benchmarks/results.md.

Arguments name job groups (``pull listing changes push archives copies builds containers kernel packages catalog``);
without any, all run. The images are made on the spot, unless ``DOCKMAGIC_BENCH_IMAGE`` (a big one),
``DOCKMAGIC_BENCH_BASE`` (which it stands on) and ``DOCKMAGIC_BENCH_SMALL`` (a prefix such as ``localhost:5000/small/``,
before 000 to 299) name others. ``DOCKMAGIC_BENCH_DEBIAN`` names a Debian image to install packages in, unless it is
Docker Hub's.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import archives
import builds
import catalog
import changes
import containers
import copies
import images
import kernel
import listing
import packages
import pull
import push
from world import World, have, registry

if TYPE_CHECKING:
    from race import Row

_GROUPS = {
    "kernel": kernel, "pull": pull, "listing": listing, "changes": changes, "push": push, "archives": archives,
    "catalog": catalog, "copies": copies,
    "builds": builds, "containers": containers, "packages": packages,
}  # fmt: skip
_SMALL = 300
_MEMORY = 6 << 30


def touch_memory() -> None:
    """Let a virtual machine give out its memory before anything is timed: the first touch of a page is slow."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    block = bytearray(min(_MEMORY, free // 2))
    for page in range(0, len(block), 4096):
        block[page] = 1


def table(rows: list[Row], world: World) -> str:
    """The results as a Markdown page."""
    machine = f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
    lines = [
        "# Benchmarks",
        "",
        f"{time.strftime('%Y-%m-%d')}, {machine}. Medians of runs that take turns.",
        "",
        *(f"- {line}" for line in world.peers()),
        "",
        "| job | dockmagic | peer | ratio | goal | |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for row in rows:
        ours = f"{row.ours:.3f} {row.unit}"
        peer = f"{row.peer} {row.theirs:.3f} s" if row.theirs else ""
        ratio = f"{row.measure:.2f}" if row.theirs else ""
        goal = f"≤ {row.goal:g}" + ("" if row.theirs else f" {row.unit}")
        lines.append(
            f"| {row.job} | {ours} | {peer} | {ratio} | {goal} | {'reached' if row.reached else '**missed**'} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Prepare, let every group run, write the table."""
    if not have("docker-registry"):
        sys.exit("The benchmarks need docker-registry (on Debian: apt-get install docker-registry)")
    groups = sys.argv[1:] or list(_GROUPS)
    scratch = Path(tempfile.mkdtemp(prefix="dm-bench-"))
    rows: list[Row] = []
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        touch_memory()
        image = os.environ.get("DOCKMAGIC_BENCH_IMAGE", "")
        base = os.environ.get("DOCKMAGIC_BENCH_BASE", "")
        prefix = os.environ.get("DOCKMAGIC_BENCH_SMALL", "")
        if not (image and base and prefix):
            address = stack.enter_context(registry(scratch / "registry"))
            print("Making the images", flush=True)
            images.fill(address, _SMALL)
            image, base, prefix = f"{address}/big", f"{address}/base", f"{address}/small/"
        world = World(scratch, image, base, tuple(f"{prefix}{number:03}" for number in range(_SMALL)))
        world.pull((image, base), world.home, world.store)
        for name in groups:
            for row in _GROUPS[name].measure(world):
                rows.append(row)
                print(f"{row.job}: {row.ours:.3f} {row.unit}, {row.peer or 'limit'} "
                      f"{row.theirs or row.goal:.3f}; {row.measure:.2f} of {row.goal:g}", flush=True)  # fmt: skip
        page = table(rows, world)
    if len(groups) == len(_GROUPS):
        Path(__file__).with_name("results.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
