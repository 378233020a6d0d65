"""What an image can be asked of its content: waste, packages, bills of materials, pictures."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from dockmagic.oci.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from matplotlib.axes import Axes

    from dockmagic.layer.tree import FileTree
    from dockmagic.layer.waste import Waste
    from dockmagic.oci.digest import Digest
    from dockmagic.plots import Chart

    from .layer import Layers
    from .packages import Catalog

__all__ = ["Analysed"]


class Analysed:
    """What an `Image` tells of its content."""

    if TYPE_CHECKING:

        @property
        def digest(self) -> Digest:
            """Of its manifest."""
            ...

        @property
        def files(self) -> FileTree:
            """The merged view of its layers."""
            ...

        @property
        def layers(self) -> Layers:
            """Its layers, base first."""
            ...

        @property
        def size(self) -> int:
            """Bytes of the layers' files."""
            ...

        @property
        def tags(self) -> tuple[str, ...]:
            """Its names."""
            ...

        @property
        def short_id(self) -> str:
            """The beginning of its ID."""
            ...

        @property
        def created(self) -> datetime | None:
            """When it was made."""
            ...

    @cached_property
    def waste(self) -> tuple[Waste, ...]:
        """Files that it carries and never shows, the largest first: hidden or deleted by upper layers.

        Raises:
            InvalidContent: a layer is not what it should be.
        """
        from dockmagic.layer.waste import waste_of

        return waste_of(self.files)

    @cached_property
    def packages(self) -> Catalog:
        """Its packages, each with the layer that supplies it, by type and name.

        Raises:
            InvalidContent: a layer is not what it should be.
        """
        from .packages import catalog

        return catalog(self.files, self.layers)

    @property
    def efficiency(self) -> float:
        """The share of the layers' bytes that its merged view shows, 0 to 1; 1 for an image without bytes."""
        return 1 - sum(one.size for one in self.waste) / self.size if self.size else 1.0

    def plot(self, kind: Literal["files", "layers", "waste"] = "files", *, ax: Axes | None = None) -> Chart:
        """Draw it with matplotlib.

        Args:
            kind: ``files``, a treemap of its bytes by path, in the colours of the layers; ``layers``, a bar for each of
                them; ``waste``, the largest files that it carries and never shows.
            ax: where to draw; None for a figure of its own.

        Raises:
            InvalidInput: there is no such kind.
            InvalidContent: a layer is not what it should be.
        """
        from dockmagic import plots

        title = min(self.tags, default=self.short_id)
        if kind == "files":
            instructions = {layer.index: layer.created_by for layer in self.layers}
            return plots.plot_files(self.files, instructions, title=title, ax=ax)
        if kind == "layers":
            return plots.plot_layers([layer.row() for layer in self.layers], title=title, ax=ax)
        if kind == "waste":
            return plots.plot_waste(self.waste, self.size, title=title, ax=ax)
        raise InvalidInput(f"{kind!r} is no kind of plot", hint="There are files, layers and waste")

    def sbom(self, form: str = "cyclonedx-json") -> str:
        """Its bill of materials: the packages as CycloneDX 1.6 or SPDX 2.3, the same text for the same image.

        Args:
            form: ``cyclonedx-json`` or ``spdx-json``.

        Raises:
            InvalidInput: there is no such format.
            NotSupported: the format's library is not installed (``pip install 'dockmagic[sbom]'``).
            InvalidContent: a layer is not what it should be.
        """
        from .sbom import SbomSubject, write_sbom

        name = min(self.tags, default=self.short_id)
        return write_sbom(SbomSubject(name, self.digest, self.created, self.packages), form)
