"""The embedded registry as a context manager that starts and stops."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self, cast

from .access import Access
from .handler import Handler
from .limits import ServerLimits
from .service import Service
from .storage import Storage
from .uploads import Uploads
from .users import PlainUsers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from .search import Listing
    from .users import Users

__all__ = ["RegistryServer"]


class RegistryServer:
    """A registry in this process, for tests, samples and ``dockmagic serve``.

    It serves plain HTTP, which clients accept of loopback without being told, and it is a context manager::

        with RegistryServer() as registry:
            print(registry.host)  # 127.0.0.1:41873

    Args:
        root: folder that keeps what is pushed; None for one that is deleted at the end.
        host: address to listen on.
        port: 0 for a free one.
        listings: what its search answers beside the names of its repositories.
        users: those who may use it: name → password, or whoever knows passwords; empty for everybody.
        hosts: further names under which clients may reach it, besides its address and those of loopback.
        limits: what it takes on at most.
        on_request: gets method, path with query, and status of each answer; called from several threads.
    """

    def __init__(
        self,
        root: Path | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        listings: Iterable[Listing] = (),
        users: Mapping[str, str] | Users | None = None,
        hosts: Iterable[str] = (),
        limits: ServerLimits | None = None,
        on_request: Callable[[str, str, int], None] | None = None,
    ) -> None:
        self._root = root
        self._address = (host, port)
        self._listings = tuple(listings)
        known = PlainUsers(users) if isinstance(users, Mapping) and users else users or None
        self._access = Access(host, hosts, cast("Users | None", known))
        self._limits = limits or ServerLimits()
        self._on_request = on_request
        self._service: Service | None = None
        self._open = ExitStack()

    @property
    def host(self) -> str:
        """Where it listens, as a reference's domain: ``127.0.0.1:41873``."""
        if self._service is None:
            raise RuntimeError("the registry is not running; use it in a with statement, or call start")
        address, port = self._service.server_address[:2]
        return f"[{address!s}]:{port}" if ":" in str(address) else f"{address!s}:{port}"

    @property
    def url(self) -> str:
        """The base URL, without a slash at the end."""
        return f"http://{self.host}"

    def start(self) -> Self:
        """Listen, and answer in threads of its own. Starting it again changes nothing.

        Raises:
            OSError: the port is taken.
        """
        if self._service is not None:
            return self
        with ExitStack() as undo:
            root = self._root or Path(undo.enter_context(TemporaryDirectory(prefix="dockmagic-registry-")))
            service = Service(self._address, Handler)
            undo.callback(service.server_close)
            service.storage = Storage(root, durable=self._root is not None)
            service.uploads = Uploads(service.storage, self._limits)
            undo.callback(service.uploads.close)
            service.listings = self._listings
            service.access = self._access
            service.limits = self._limits
            service.on_request = self._on_request
            undo.callback(service.hang_up)
            thread = threading.Thread(target=service.serve_forever, args=(0.02,), name="registry", daemon=True)
            thread.start()
            undo.callback(thread.join)
            undo.callback(service.shutdown)
            self._service = service
            self._open = undo.pop_all()
        return self

    def close(self) -> None:
        """Stop listening, end all connections, forget half-done uploads. Closing it again changes nothing."""
        self._service = None
        self._open.close()

    def wait(self) -> None:
        """Block until an interrupt (Ctrl-C), then close: what ``dockmagic serve`` does."""
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
        finally:
            self.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RegistryServer({self.host if self._service else 'stopped'})"
