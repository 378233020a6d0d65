"""SPDX 2.3 as JSON (ISO/IEC 5962:2021 and its successor, spdx.github.io/spdx-spec/v2.3)."""

from __future__ import annotations

import io
import uuid
from typing import TYPE_CHECKING, Final

from spdx_tools.spdx.model.actor import Actor, ActorType
from spdx_tools.spdx.model.document import CreationInfo, Document
from spdx_tools.spdx.model.package import ExternalPackageRef, ExternalPackageRefCategory, PackagePurpose
from spdx_tools.spdx.model.package import Package as SpdxPackage
from spdx_tools.spdx.model.relationship import Relationship, RelationshipType
from spdx_tools.spdx.model.spdx_no_assertion import SpdxNoAssertion
from spdx_tools.spdx.writer.json.json_writer import write_document_to_stream

from .subject import TOOL

if TYPE_CHECKING:
    from dockmagic.image.packages import Package

    from .subject import SbomSubject

__all__ = ["write"]

_DOCUMENT: Final = "SPDXRef-DOCUMENT"
_IMAGE: Final = "SPDXRef-Image"


def write(subject: SbomSubject) -> str:
    """The document: it describes the image, which contains each package."""
    identity = uuid.uuid5(uuid.NAMESPACE_URL, f"spdx:{subject.digest}")
    image = SpdxPackage(
        _IMAGE, subject.name, SpdxNoAssertion(), version=subject.digest, files_analyzed=False,
        primary_package_purpose=PackagePurpose.CONTAINER,
    )  # fmt: skip
    packages = [_package(place, package) for place, package in enumerate(subject.packages)]
    document = Document(
        CreationInfo(
            spdx_version="SPDX-2.3", spdx_id=_DOCUMENT, name=subject.name, created=subject.date,
            document_namespace=f"urn:uuid:{identity}",
            creators=[Actor(ActorType.TOOL, "-".join(TOOL))],
        ),
        packages=[image, *packages],
        relationships=[
            Relationship(_DOCUMENT, RelationshipType.DESCRIBES, _IMAGE),
            *(Relationship(_IMAGE, RelationshipType.CONTAINS, package.spdx_id) for package in packages),
        ],
    )  # fmt: skip
    stream = io.StringIO()
    # Validation takes longer than all the rest, and tests hold what it would say.
    write_document_to_stream(document, stream, validate=False, drop_duplicates=False)
    return stream.getvalue()


def _package(place: int, package: Package) -> SpdxPackage:
    return SpdxPackage(
        f"SPDXRef-Package-{place}", package.name, SpdxNoAssertion(), version=package.version, files_analyzed=False,
        source_info=f"told by {package.path.encode('utf-8', 'replace').decode()}, supplied by layer {package.layer}",
        external_references=[ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", package.purl)],
    )  # fmt: skip
