"""Keywords of docker-py and python-on-whales: the same effect here, or a TypeError that says what to write."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import pytest
from docker.models import containers as docker_containers
from python_on_whales.components.buildx.cli_wrapper import BuildxCLI
from python_on_whales.components.container.cli_wrapper import ContainerCLI
from python_on_whales.components.image.cli_wrapper import ImageCLI

from dockmagic import Engine
from dockmagic.engine.options.build import build_request
from dockmagic.engine.options.container import FORMER, container_spec
from dockmagic.engine.options.pull import FOREIGN as FOREIGN_TO_PULL

if TYPE_CHECKING:
    from collections.abc import Callable


def keywords(*functions: Callable[..., Any]) -> set[str]:
    """Names of the keywords that functions take."""
    return {
        name
        for function in functions
        for name, one in inspect.signature(function).parameters.items()
        if name != "self" and one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)
    }


CONTAINER = (
    keywords(docker_containers.ContainerCollection.run, ContainerCLI.run, ContainerCLI.create)
    | set(docker_containers.RUN_CREATE_KWARGS)
    | set(docker_containers.RUN_HOST_CONFIG_KWARGS)
    | {"network", "networking_config"}
)
BUILD = keywords(BuildxCLI.build, ImageCLI.legacy_build, docker.APIClient.build)
PULL = keywords(ImageCLI.pull, docker.APIClient.pull, docker.models.images.ImageCollection.pull)

#: Keyword that means the same here → what their users write, and what the request then says of it.
SAME: dict[str, tuple[Any, Callable[[Any], Any], Any]] = {
    "add_hosts": ([("a", "127.0.0.1")], lambda spec: spec.add_host, (("a", "127.0.0.1"),)),
    "auto_remove": (True, lambda spec: spec.rm, True),
    "cap_add": (["NET_RAW"], lambda spec: spec.cap_add, ("NET_RAW",)),
    "cap_drop": (["ALL"], lambda spec: spec.cap_drop, ("ALL",)),
    "cidfile": (Path("id"), lambda spec: spec.cidfile, "id"),
    "cpus": (0.5, lambda spec: spec.limits.cpus, 0.5),
    "dns": (["127.0.0.1"], lambda spec: spec.dns, ("127.0.0.1",)),
    "dns_search": (["a"], lambda spec: spec.dns_search, ("a",)),
    "entrypoint": (["sh", "-c"], lambda spec: spec.entrypoint, ("sh", "-c")),
    "env_files": ([], lambda spec: spec.env, ()),
    "expose": (80, lambda spec: spec.expose, ("80/tcp",)),
    "group_add": (["audio"], lambda spec: spec.group_add, ("audio",)),
    "hostname": ("h", lambda spec: spec.hostname, "h"),
    "init": (True, lambda spec: spec.init, True),
    "interactive": (True, lambda spec: spec.interactive, True),
    "label_files": ([], lambda spec: spec.labels, {}),
    "labels": ({"a": "1"}, lambda spec: spec.labels, {"a": "1"}),
    "memory": ("512m", lambda spec: spec.limits.memory, 512 << 20),
    "mounts": (
        [docker.types.Mount("/data", "work", read_only=True)],
        lambda spec: [(one.target, one.name, one.read_only) for one in spec.mounts],
        [("/data", "work", True)],
    ),
    "name": ("n", lambda spec: spec.name, "n"),
    "network": ("none", lambda spec: spec.network, "none"),
    "pids_limit": (7, lambda spec: spec.limits.pids, 7),
    "platform": ("linux/arm64", lambda spec: str(spec.platform), "linux/arm64"),
    "ports": (
        {"80/tcp": ("127.0.0.1", 8080)},
        lambda spec: [(one.container, one.address, one.host) for one in spec.ports],
        [(80, "127.0.0.1", 8080)],
    ),
    "publish": (
        [(8080, 80)],
        lambda spec: [(one.container, one.host) for one in spec.ports],
        [(80, 8080)],
    ),
    "publish_all": (True, lambda spec: spec.publish_all, True),
    "pull": ("never", lambda spec: spec.pull, "never"),
    "read_only": (True, lambda spec: spec.read_only, True),
    "rm": (True, lambda spec: spec.rm, True),
    "security_opt": (["no-new-privileges:true"], lambda spec: spec.no_new_privileges, True),
    "shm_size": ("64m", lambda spec: spec.shm_size, 64 << 20),
    "stop_signal": ("SIGINT", lambda spec: spec.stop_signal, "SIGINT"),
    "stop_timeout": (3, lambda spec: spec.stop_timeout, 3),
    "tmpfs": ({"/run": ""}, lambda spec: [(one.type, one.target) for one in spec.mounts], [("tmpfs", "/run")]),
    "tty": (True, lambda spec: spec.tty, True),
    "ulimits": (
        [docker.types.Ulimit(name="nofile", soft=10, hard=20)],
        lambda spec: spec.limits.ulimits,
        (("nofile", 10, 20),),
    ),
    "user": (1000, lambda spec: spec.user, "1000"),
    "volumes": (
        {"work": {"bind": "/data", "mode": "ro"}},
        lambda spec: [(one.name, one.target, one.read_only) for one in spec.mounts],
        [("work", "/data", True)],
    ),
    "volumes_from": (["other:ro"], lambda spec: [one.container for one in spec.volumes_from], ["other"]),
    "workdir": ("/srv", lambda spec: spec.workdir, "/srv"),
}
#: What `run` itself takes, beside the options.
ARGUMENTS = {"command", "image"}


@pytest.mark.parametrize("keyword", sorted(CONTAINER - ARGUMENTS))
def test_a_keyword_for_a_container_has_the_same_effect_or_is_answered_with_ours(keyword: str) -> None:
    """No keyword of `run` and `create` is dropped, and none is refused without saying what to write."""
    if keyword in SAME:
        value, of, expected = SAME[keyword]
        spec = read_with_warning(keyword, value) if keyword in FORMER else container_spec("x", None, {keyword: value})
        assert of(spec) == expected
        return
    with pytest.raises(TypeError) as caught:
        container_spec("x", None, {keyword: True})
    assert_helps(str(caught.value), keyword)


def read_with_warning(keyword: str, value: object) -> Any:
    """The request, which comes with the new name as a warning."""
    with pytest.warns(DeprecationWarning, match=f"{keyword} is called {FORMER[keyword]} now"):
        return container_spec("x", None, {keyword: value})


def assert_helps(message: str, keyword: str) -> None:
    """A refusal names the keyword, and says more than that it is unknown."""
    assert keyword in message
    assert "does not support" in message or f"{keyword!r}: " in message
    assert "did you mean" not in message


#: The same for builds.
SAME_BUILD: dict[str, tuple[Any, Callable[[Any], Any], Any]] = {
    "add_hosts": ({"a": "127.0.0.1"}, lambda request: request.options.add_hosts, (("a", "127.0.0.1"),)),
    "build_args": ({"A": "1"}, lambda request: request.options.build_args, {"A": "1"}),
    "build_contexts": ({"a": "b"}, lambda request: request.build_contexts, {"a": "b"}),
    "dockerfile": ("a/Dockerfile", lambda request: request.dockerfile, "a/Dockerfile"),
    "labels": ({"a": "1"}, lambda request: request.options.labels, {"a": "1"}),
    "network": ("none", lambda request: request.options.network, "none"),
    "platform": ("linux/arm64", lambda request: str(request.options.platform), "linux/arm64"),
    "pull": (True, lambda request: request.options.pull, True),
    "push": (True, lambda request: [one.push for one in request.outputs], [True]),
    "secrets": (["id=a,env=HOME"], lambda request: [one.id for one in request.options.secrets], ["a"]),
    "tags": ("abc", lambda request: [one.familiar for one in request.options.tags], ["abc:latest"]),
    "target": ("build", lambda request: request.options.target, "build"),
}


@pytest.mark.parametrize("keyword", sorted(BUILD - {"context"}))
def test_a_keyword_for_a_build_has_the_same_effect_or_is_answered_with_ours(keyword: str) -> None:
    """The same for what `build` takes there."""
    if keyword in SAME_BUILD:
        value, of, expected = SAME_BUILD[keyword]
        options = {keyword: value, **({"tags": "a"} if keyword == "push" else {})}
        if keyword == "add_hosts":
            with pytest.warns(DeprecationWarning, match="add_hosts is called add_host now"):
                assert of(build_request(".", options)) == expected
        else:
            assert of(build_request(".", options)) == expected
        return
    with pytest.raises(TypeError) as caught:
        build_request(".", {keyword: True})
    assert_helps(str(caught.value), keyword)


@pytest.mark.parametrize("keyword", sorted(PULL - {"platform"}))
def test_a_keyword_for_a_pull_is_answered_with_ours(keyword: str) -> None:
    """`platform` means the same; the others are told what to write, before a registry is asked."""
    with Engine() as engine, pytest.raises(TypeError) as caught:
        engine.images.pull("registry.invalid/x", **{keyword: True})  # type: ignore[arg-type]
    assert_helps(str(caught.value), keyword)
    assert keyword in FOREIGN_TO_PULL


def test_running_options_are_named_to_who_creates() -> None:
    """`create` has no `detach`, and says what has."""
    with Engine() as engine, pytest.raises(TypeError, match=r"call run\(…, detach=True\)"):
        engine.containers.create("x", detach=True)  # type: ignore[call-arg]
