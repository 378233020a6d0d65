"""Run the quickstart notebook offline, write it as a page that can be opened, and say what it showed.

python notebooks/demo.py [PAGE]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor

if TYPE_CHECKING:
    from nbformat import NotebookNode

NOTEBOOK = Path(__file__).with_name("00-quickstart.ipynb")
PAGE = Path(__file__).parents[1] / "build" / "quickstart.html"


def main(page: Path) -> None:
    """Execute the notebook; an error in a cell ends the demo with it."""
    began = time.perf_counter()
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    executor = ExecutePreprocessor(timeout=120, kernel_name="python3", store_widget_state=False)
    executor.preprocess(notebook, {"metadata": {"path": NOTEBOOK.parent}})
    show_without_a_kernel(notebook)
    html, _ = HTMLExporter(embed_images=True, mathjax_url="", require_js_url="").from_notebook_node(notebook)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(html, encoding="utf-8")
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    print(*(transcript(cell) for cell in cells[1:]), sep="\n")
    print(f"{len(cells)} cells ran in {time.perf_counter() - began:.1f} s, offline. Open the page: {page}")
    print("Next: `make lab` opens JupyterLab on the course, of which this was the first notebook")


def show_without_a_kernel(notebook: NotebookNode) -> None:
    """Leave the static views alone: live ones need a kernel, and a page with them asks the network for their code."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)


def transcript(cell: NotebookNode) -> str:
    """A cell and what it showed, as text."""
    shown = [f">>> {cell.source}".replace("\n", "\n... ")]
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        shown.append(text.rstrip())
    return "\n".join(shown) + "\n"


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE)
