# What type checkers and editors see of the package: at run time each name is imported when it is first used.

from IPython.core.interactiveshell import InteractiveShell

from .builder.outcome.result import Build as Build
from .builder.outcome.result import StepFailed as StepFailed
from .engine import Engine as Engine
from .engine.oneshots import build as build
from .engine.oneshots import open as open
from .engine.oneshots import pull as pull
from .engine.oneshots import run as run
from .image.analysis import Diff as Diff
from .image.image import Image as Image
from .image.layer import Layer as Layer
from .oci.errors import Conflict as Conflict
from .oci.errors import DockerfileError as DockerfileError
from .oci.errors import DockmagicError as DockmagicError
from .oci.errors import ImageNotFound as ImageNotFound
from .oci.errors import InvalidContent as InvalidContent
from .oci.errors import InvalidInput as InvalidInput
from .oci.errors import NotFound as NotFound
from .oci.errors import NotSupported as NotSupported
from .oci.errors import OutOfSpace as OutOfSpace
from .oci.errors import RegistryError as RegistryError
from .oci.errors import StoreError as StoreError
from .oci.reference import Reference as Reference
from .runtime.container import CannotStart as CannotStart
from .runtime.container import Container as Container
from .runtime.disk.volumes import Volume as Volume
from .runtime.session import Session as Session

__version__: str

def load_ipython_extension(shell: InteractiveShell) -> None: ...
def unload_ipython_extension(shell: InteractiveShell) -> None: ...
