"""Names of docker-py that are others here: a table, so that whoever types one from memory reads what to write instead.

`ATTRIBUTES` become `AttributeError`s, `KEYWORDS` `TypeError`s, with one line each. Nothing is translated in silence: a
call either does what it says, or is refused.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["ATTRIBUTES", "KEYWORDS", "missing_attribute", "refuses"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

_SWARM: Final = "there is no Swarm here"
_NO_RELOAD: Final = "leave it out: an object tells how things are when it is asked"

#: What to do instead, by class and name.
ATTRIBUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "Container": {
        "attach_socket": "call attach(), whose Session has write() and follow()",
        "attrs": "call inspect()",
        "diff": "call changes(), or engine.containers.changes(container).to_frame()",
        "exec_run": "call execute(COMMAND), which gives a Completed",
        "get_archive": "call copy_from(PATH, STREAM), which writes a tar",
        "health": "health checks are not run",
        "ports": "read inspect()['NetworkSettings']['Ports']",
        "put_archive": "call copy_to(STREAM, PATH), which unpacks a tar",
        "reload": _NO_RELOAD,
        "resize": "call Session.resize(ROWS, COLUMNS)",
        "stats": "call top() for its processes",
        "update": "make a new container: the limits of one do not change",
    },
    "Engine": {
        "configs": _SWARM,
        "container": "write containers",
        "df": "the command dockmagic system df tells how much space is taken",
        "events": "long calls tell theirs: on_event=…, on_progress=…, or dockmagic.submit(…).events()",
        "image": "write images",
        "info": "there is no daemon; the command dockmagic info tells what works on this machine",
        "login": "call registries.login(HOST, USER, SECRET)",
        "networks": "there are none: containers have this machine's network, or none",
        "nodes": _SWARM,
        "ping": "leave it out: there is no daemon",
        "plugins": "there are none",
        "secrets": "give them to build(secrets=…)",
        "services": _SWARM,
        "swarm": _SWARM,
        "version": "read dockmagic.__version__",
        "volume": "write volumes",
    },
    "Image": {"attrs": "call inspect()", "reload": _NO_RELOAD},
    "Images": {
        "create": "call pull(NAME) or import_rootfs(FILE)",
        "get_registry_data": "call find(NAME), which reads an image where it is",
        "prune_builds": "call engine.builds.prune()",
        "search": "call engine.registries.search(TERM)",
    },
    "Volume": {
        "attrs": "read its attributes: name, path, created, labels",
        "id": "read name",
        "reload": _NO_RELOAD,
        "remove": "call engine.volumes.remove(NAME)",
        "short_id": "read name",
    },
    "dockmagic": {
        "APIClient": "write Engine()",
        "APIError": "catch DockmagicError",
        "DockerClient": "write Engine()",
        "client": "write Engine()",
        "errors": "errors are names of dockmagic itself, such as dockmagic.ImageNotFound",
        "from_env": "write Engine()",
        "types": "mounts and limits are texts as docker's flags take them, such as volumes=['data:/data']",
    },
}

_NAME: Final = "write it as one name: 'repository:tag'"
#: What to do instead, by call and keyword.
KEYWORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "Container.commit": {"conf": "write changes=['CMD …']", "repository": _NAME, "tag": _NAME},
    "Container.export": {"chunk_size": "give a stream to write to"},
    "Container.kill": {"signal": "write it first, or number=…"},
    "Container.logs": {
        "since": "call engine.containers.log_lines(container, since=…)",
        "stderr": "each frame says its stream: 1 or 2",
        "stdout": "each frame says its stream: 1 or 2",
        "stream": "leave it out: what comes back is an iterator; follow=True goes on until the end",
        "tail": "call engine.containers.log_lines(container, tail=…)",
        "timestamps": "each frame has its time",
        "until": "call engine.containers.log_lines(container, until=…)",
    },
    "Container.remove": {"link": "there are no links", "v": "write volumes=…"},
    "Containers.get": {"container_id": "write name=…"},
    "Containers.list": {
        "before": "write filters={'before': …}",
        "ignore_removed": "leave it out",
        "limit": "call rows(last=…)",
        "since": "write filters={'since': …}",
        "sparse": "leave it out",
    },
    "Image.remove": {"noprune": "leave it out: layers stay as long as an image has them"},
    "Image.save": {"chunk_size": "give a stream to write to", "named": "leave it out: its names are in the archive"},
    "Image.tag": {"repository": _NAME, "tag": _NAME},
    "Images.list": {"all": "call rows(everything=True)", "name": "write filters={'reference': …}"},
    "Images.load": {"data": "give a stream or a path first: load(io.BytesIO(data))"},
    "Images.push": {
        "auth_config": "log in once with: dockmagic login",
        "decode": "leave it out: on_progress=… gets how it goes",
        "repository": _NAME,
        "stream": "leave it out: on_progress=… gets how it goes",
        "tag": _NAME,
    },
    "Images.remove": {"image": "write name=…", "noprune": "leave it out: layers stay as long as an image has them"},
    "Volumes.create": {"driver": "leave it out: volumes are folders", "driver_opts": "leave it out: there are none"},
    "Volumes.get": {"volume_id": "write name=…"},
}


def missing_attribute(kind: str) -> Callable[[object, str], Any]:
    """The ``__getattr__`` of a class: an `AttributeError` that names ours."""
    advice = ATTRIBUTES[kind]

    def get(self: object, name: str) -> Any:
        what = f"{type(self).__name__!r} object has no attribute {name!r}"
        raise AttributeError(f"{what}: {advice[name]}" if name in advice else what, name=name, obj=self)

    return get


def refuses(call: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Decorate the method `call` to refuse docker-py's keywords with a line that names ours."""
    advice = KEYWORDS[call]

    def decorate(method: Callable[_P, _R]) -> Callable[_P, _R]:
        @wraps(method)
        def checked(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            for name in kwargs:
                if name in advice:
                    raise TypeError(f"{call}() got an unexpected keyword argument {name!r}: {advice[name]}")
            return method(*args, **kwargs)

        return checked

    return decorate
