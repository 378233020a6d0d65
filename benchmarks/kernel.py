"""Inside a real kernel: how long loading the extension takes, and how much memory a pull."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from jupyter_client.manager import start_new_kernel
from race import Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world import World

__all__ = ["measure"]

_LOAD = """\
import time
begun = time.perf_counter()
get_ipython().run_line_magic("load_ext", "dockmagic")
print(1000 * (time.perf_counter() - begun))
"""
_PULL = """\
def memory(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(field))
idle = memory("VmRSS:")
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # the peak counts from here
image = get_ipython().run_line_magic("pull", "-q {image}")
print(memory("VmHWM:") - idle)
"""


def _printed(code: list[str], home: Path) -> list[float]:
    manager, client = start_new_kernel(
        kernel_name="python3", env=dict(os.environ, DOCKMAGIC_HOME=str(home)), stderr=subprocess.DEVNULL
    )
    numbers: list[float] = []

    def listen(message: dict[str, dict[str, str]]) -> None:
        content = message["content"]
        if content.get("name") == "stdout":
            numbers.append(float(content["text"].split()[-1]))

    try:
        for cell in code:
            answer = client.execute_interactive(cell, timeout=300, output_hook=listen)["content"]
            if answer["status"] != "ok":
                raise RuntimeError("\n".join(answer["traceback"]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    return numbers


def measure(world: World) -> Iterator[Row]:
    """The extension is loaded into an idle kernel; the peak is what the pull adds to that."""
    milliseconds, _ = _printed([_LOAD, _LOAD.replace("load_ext", "reload_ext")], world.scratch / "kernel-0")
    yield Row("%load_ext dockmagic", milliseconds, "", None, 50, "ms")
    pull = _PULL.replace("{image}", world.image)
    _, mebibytes = _printed([_LOAD, pull], world.scratch / "kernel-1")
    yield Row("peak memory of %pull above the idle kernel", mebibytes, "", None, 80, "MiB")
