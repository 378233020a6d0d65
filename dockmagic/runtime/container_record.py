"""What is known of a container: its record on disk, and how it goes now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dockmagic.snapshot.snapshot import Snapshot

from .disk.record import DamagedRecord, State, read_state
from .machine.isolation import Isolation
from .spec import anonymous_volumes, spec_of

if TYPE_CHECKING:
    from dockmagic.store.content import ContentStore

    from .actions import ContainerActions
    from .disk.record import Record


__all__ = ["ContainerRecord"]


class ContainerRecord:
    """What is known of one container of a home.

    Args:
        store: where its image is.
        record: how it was made.

    Attributes:
        actions: what an engine does with it; None where it came from no engine.
    """

    def __init__(self, store: ContentStore, record: Record) -> None:
        self.store = store
        self.record = record
        self.folder = store.home.containers / record.id
        self.actions: ContainerActions | None = None

    def __repr__(self) -> str:
        return f"<Container {self.name} {self.short_id} of {self.record.image}>"

    def __eq__(self, other: object) -> bool:
        """Whether it is the same container."""
        return self.id == other.id if isinstance(other, ContainerRecord) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def id(self) -> str:
        """64 hexadecimal digits."""
        return self.record.id

    @property
    def name(self) -> str:
        """As it was given or made up."""
        return self.record.name

    @property
    def short_id(self) -> str:
        """The first 12 digits of its ID."""
        return self.id[:12]

    @property
    def state(self) -> State:
        """How it goes now."""
        state = read_state(self.folder)
        if self.record.damaged and state.status not in ("running", "paused"):
            return State(status="dead", error="its record is damaged")
        return state

    @property
    def status(self) -> str:
        """``created``, ``running``, ``paused`` or ``exited``, as it is now."""
        return self.state.status

    @property
    def exit_code(self) -> int | None:
        """Of its program; None while that has not ended."""
        state = self.state
        return state.exit_code if state.status == "exited" else None

    @property
    def is_running(self) -> bool:
        """Whether its program has not ended yet; a paused one has not."""
        return self.state.status in ("running", "paused")

    @property
    def created(self) -> datetime:
        """When it was made."""
        return datetime.fromtimestamp(self.record.created, UTC)

    @property
    def labels(self) -> dict[str, str]:
        """Its labels, the image's among them."""
        return dict(self.record.labels)

    def check(self) -> None:
        """Refuse to do more than remove a container of which too little is known.

        Raises:
            DamagedRecord: its record could not be read.
        """
        if self.record.damaged:
            raise DamagedRecord(
                f"the record of the container {self.name} is damaged", hint=f"Remove it: `rm -f {self.name}`"
            )

    @property
    def isolation(self) -> Isolation:
        """The tier that it was made for, which its files are bound to."""
        if self.record.damaged:
            try:
                return Isolation.of(self.record.tier, self.record.isolation)
            except (KeyError, TypeError, ValueError):
                from .machine.tiers import choose  # as it would be made now

                return choose(self.store.home)
        return Isolation.of(self.record.tier, self.record.isolation)

    @property
    def snapshot(self) -> Snapshot:
        """Its root file system, as `isolation.snapshots` takes it."""
        isolation, record = self.isolation, self.record
        return Snapshot(str(self.folder), record.layers_folder, record.layers, user_xattrs=isolation.user_xattrs)

    def spec(self) -> dict[str, Any]:
        """As shim and worker take it."""
        return spec_of(self.record, self.folder)

    def anonymous_volumes(self) -> list[str]:
        """Folders of the volumes that nobody named."""
        return anonymous_volumes(self.record)
