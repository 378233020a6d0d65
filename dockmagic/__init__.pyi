# What type checkers and editors see of the package: at run time each name is imported when it is first used.

from IPython.core.interactiveshell import InteractiveShell

from .builder.outcome.result import Build as Build
from .builder.outcome.result import StepFailed as StepFailed
from .engine import Engine as Engine
from .engine.job import Job as Job
from .engine.job import JobCancelled as JobCancelled
from .engine.job import submit as submit
from .engine.oneshots import build as build
from .engine.oneshots import open as open
from .engine.oneshots import pull as pull
from .engine.oneshots import run as run
from .image.actions import Pushed as Pushed
from .image.actions import Removal as Removal
from .image.analysis import Diff as Diff
from .image.artifacts.reading import Artifact as Artifact
from .image.image import Image as Image
from .image.layer import Layer as Layer
from .image.layer import Layers as Layers
from .image.path import ImagePath as ImagePath
from .image.transports.copy import Copied as Copied
from .notebook.extension import current_engine as current_engine
from .oci.digest import Digest as Digest
from .oci.errors import AmbiguousName as AmbiguousName
from .oci.errors import BlobNotFound as BlobNotFound
from .oci.errors import ConditionMet as ConditionMet
from .oci.errors import Conflict as Conflict
from .oci.errors import CredentialError as CredentialError
from .oci.errors import Denied as Denied
from .oci.errors import DigestMismatch as DigestMismatch
from .oci.errors import DockerfileError as DockerfileError
from .oci.errors import DockmagicError as DockmagicError
from .oci.errors import ImageNotFound as ImageNotFound
from .oci.errors import InvalidArchive as InvalidArchive
from .oci.errors import InvalidContent as InvalidContent
from .oci.errors import InvalidDigest as InvalidDigest
from .oci.errors import InvalidDocument as InvalidDocument
from .oci.errors import InvalidInput as InvalidInput
from .oci.errors import InvalidLayer as InvalidLayer
from .oci.errors import InvalidPlatform as InvalidPlatform
from .oci.errors import InvalidReference as InvalidReference
from .oci.errors import LayerTooLarge as LayerTooLarge
from .oci.errors import NotFound as NotFound
from .oci.errors import NotSupported as NotSupported
from .oci.errors import OutOfRange as OutOfRange
from .oci.errors import OutOfSpace as OutOfSpace
from .oci.errors import PathNotFound as PathNotFound
from .oci.errors import PlatformNotFound as PlatformNotFound
from .oci.errors import RateLimited as RateLimited
from .oci.errors import RegistryBlocked as RegistryBlocked
from .oci.errors import RegistryError as RegistryError
from .oci.errors import RegistryUnavailable as RegistryUnavailable
from .oci.errors import SizeMismatch as SizeMismatch
from .oci.errors import StoreError as StoreError
from .oci.errors import StoreTooNew as StoreTooNew
from .oci.errors import Unauthorized as Unauthorized
from .oci.errors import UnsafeEntry as UnsafeEntry
from .oci.errors import UnsupportedMediaType as UnsupportedMediaType
from .oci.platforms import Platform as Platform
from .oci.reference import Reference as Reference
from .rows.table import Rows as Rows
from .runtime.cannot_start import CannotStart as CannotStart
from .runtime.completed import CommandFailed as CommandFailed
from .runtime.completed import Completed as Completed
from .runtime.completed import TimeExceeded as TimeExceeded
from .runtime.container import Container as Container
from .runtime.disk.volumes import Volume as Volume
from .runtime.listing import ContainerNotFound as ContainerNotFound
from .runtime.path import ContainerPath as ContainerPath
from .runtime.session import Session as Session

__version__: str

def load_ipython_extension(shell: InteractiveShell) -> None: ...
def unload_ipython_extension(shell: InteractiveShell) -> None: ...
