"""CycloneDX 1.6 as JSON (ECMA-424)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from .subject import TOOL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockmagic.image.packages import Catalog, Package

    from .subject import SbomSubject

__all__ = ["write"]


def write(subject: SbomSubject) -> str:
    """The document: the image as its subject, the distribution and each package as a component."""
    image = Component(type=ComponentType.CONTAINER, name=subject.name, version=subject.digest, bom_ref=subject.digest)
    tool = Component(type=ComponentType.APPLICATION, name=TOOL[0], version=TOOL[1])
    components = tuple(_components(subject.packages))
    bom = Bom(
        serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"cyclonedx:{subject.digest}"),
        metadata=BomMetaData(component=image, timestamp=subject.date, tools=ToolRepository(components=(tool,))),
        components=components,
    )
    bom.register_dependency(image, components)
    text: str = make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2)
    return text


def _components(packages: Catalog) -> Iterator[Component]:
    distribution = packages.distribution
    if distribution.id:
        yield Component(
            type=ComponentType.OPERATING_SYSTEM, name=distribution.id, version=distribution.version_id or None,
            description=distribution.name or None, bom_ref=f"os:{distribution.label}",
        )  # fmt: skip
    yield from (_component(package) for package in packages)


def _component(package: Package) -> Component:
    purl = PackageURL.from_string(package.purl)
    named = package.type in ("npm", "golang")
    return Component(
        type=ComponentType.LIBRARY,
        group=purl.namespace if named else None,
        name=purl.name if named else package.name,
        version=package.version,
        purl=purl,
        # A package that is there twice has two components.
        bom_ref=f"{package.purl}#{package.path}",
        properties=(
            Property(name="dockmagic:layer", value=str(package.layer)),
            Property(name="dockmagic:path", value=_plain(package.path)),
        ),
    )


def _plain(path: str) -> str:
    """A path whose bytes are not UTF-8 with marks in their place."""
    return path.encode("utf-8", "replace").decode()
