"""Which stages a build needs, what they begin with, and which variables their instructions see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockmagic.builder.reading.plan import make_plan
from dockmagic.builder.reading.scope import Scope
from dockmagic.dockerfile import Arg, Env, parse
from dockmagic.oci.errors import DockerfileError
from dockmagic.oci.platforms import Platform

if TYPE_CHECKING:
    from dockmagic.builder.reading.plan import Base, Plan

AMD64 = Platform("amd64", "linux")


def _plan(text: str, target: str | None = "", **options: object) -> Plan:
    return make_plan(parse(text), target=target, platform=AMD64, **options)  # type: ignore[arg-type]


def test_only_what_the_target_needs_is_planned() -> None:
    """Bases, sources of COPY and of mounts; other stages are not looked at."""
    plan = _plan(
        "FROM a AS one\nFROM b AS unused\nFROM one AS two\nFROM c AS three\nFROM d AS four\n"
        "FROM two\nCOPY --from=three /x /\nRUN --mount=from=3,target=/m true\nRUN --mount=from=img:1,target=/n true\n"
    )
    assert [stage.index for stage in plan.stages] == [0, 2, 3, 5]
    assert plan.stage(5).needs == (2, 3)
    assert plan.stage(2).needs == (0,)
    assert [base.origin.name for base in plan.images] == ["a", "c", "img:1"]


def test_a_target_has_a_name_or_a_number() -> None:
    """In any case; another one is suggested where it is near."""
    text = "FROM a AS build\nFROM b AS Test\nFROM c\n"
    assert _plan(text, "BUILD").target == 0
    assert _plan(text, "1").target == 1
    assert _plan(text).target == 2
    with pytest.raises(DockerfileError, match="did you mean build"):
        _plan(text, "biuld")


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("FROM a AS one\nCOPY --from=one /x /", "circular dependency", 2),
        ("FROM a AS one\nCOPY --from=0 /x /", "circular dependency", 2),
        ("FROM a\nRUN --mount=from=two,target=/x true\nFROM b AS two\nFROM 0\n", "", 0),
        ("FROM a AS one\nCOPY --from=two /x /\nFROM b AS two\nFROM one\n", "needs to be defined before", 2),
        ("FROM a\nCOPY x /\nCOPY --from=7 /x /", "invalid stage index 7", 3),
        ("ARG V\nFROM $V", "should not be blank", 2),
        ("FROM --platform=$NO a", "empty platform", 1),
        ("FROM --platform=a/b/c/d a", "platform", 1),
        ("FROM a/Upper", "lower", 1),
    ],
)
def test_an_impossible_plan_is_refused_with_its_line(text: str, message: str, line: int) -> None:
    """Before anything is done; stages that are not needed are not judged."""
    if not line:
        _plan(text)
        return
    with pytest.raises(DockerfileError, match=message) as caught:
        _plan(text)
    assert caught.value.lines[0] == line


def test_arguments_before_the_first_from_choose_bases() -> None:
    """With their defaults, given values, and the platforms."""
    text = (
        "ARG TAG=1\nARG IMAGE=base:$TAG\nFROM --platform=$BUILDPLATFORM $IMAGE AS a\n"
        "FROM x:$TARGETARCH$TARGETVARIANT\nCOPY --from=a / /\n"
    )
    plan = make_plan(parse(text), build_args={"TAG": "2"}, platform=Platform.parse("linux/arm/v7"))
    assert plan.stages[0].base.origin.name == "base:2"
    assert plan.stages[0].base.platform == Platform.local()
    assert plan.stages[1].base.origin.name == "x:armv7"


def test_a_given_argument_without_a_value_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """If it has one."""
    monkeypatch.setenv("FROM_HERE", "7")
    monkeypatch.delenv("NOT_HERE", raising=False)
    plan = make_plan(
        parse("ARG FROM_HERE\nARG NOT_HERE=d\nFROM x:$FROM_HERE$NOT_HERE"),
        build_args={"FROM_HERE": None, "NOT_HERE": None},
    )
    assert plan.stages[0].base.origin.name == "x:7d"
    assert not plan.arguments.unused


def test_unused_arguments_are_named() -> None:
    """Proxies and predefined ones are always fine."""
    plan = _plan("ARG A\nFROM x\nARG B", build_args={"A": "", "B": "", "C": "", "HTTP_PROXY": "", "TARGETARCH": "x"})
    assert plan.arguments.unused == ("C",)


def test_triggers_of_the_base_come_first() -> None:
    """Those of an image, and of a stage; what they copy from is planned, too."""
    text = "FROM a AS one\nONBUILD COPY --from=two /x /\nFROM b AS two\nFROM one\nRUN last\n"
    plan = _plan(text).with_triggers(lambda base: ["RUN first"] if base.origin.name == "a" else [])
    last = plan.stages[-1]
    assert [step.original for step in last.steps] == ["COPY --from=two /x /", "RUN last"]
    assert last.triggers == 1
    assert last.needs == (0, 1)
    assert last.steps[0].lines == last.line.lines
    assert plan.stages[0].steps[0].original == "RUN first"


def test_named_contexts_go_before_images_and_stages() -> None:
    """Under any of the image's names; a stage of that name is not built."""
    asked: list[Base] = []

    def triggers(base: Base) -> list[str]:
        asked.append(base)
        return []

    text = (
        "FROM alpine\nFROM golang AS build\nRUN x\n"
        "FROM docker.io/library/alpine:latest\nCOPY --from=build / /\nCOPY --from=more / /m\n"
    )
    plan = _plan(text, contexts=("alpine", "build", "more")).with_triggers(triggers)
    assert [stage.base.origin.kind for stage in plan.stages] == ["context", "context"]
    assert not plan.stages[0].steps
    assert plan.origin("more", plan.stages[-1]).kind == "context"
    assert {base.origin.name for base in asked} == {"alpine", "build"}


def _scope(text: str, *, env: tuple[str, ...] = (), **given: str) -> Scope:
    plan = _plan(text, build_args=given)
    scope = Scope(plan.arguments, env)
    for step in plan.stages[-1].steps:
        if isinstance(step, Arg):
            scope = scope.declare(step)
        elif isinstance(step, Env):
            scope = scope.set(scope.expanded(step))
    return scope


def test_arguments_are_seen_once_they_are_declared() -> None:
    """With the given value, else their default, else that from before the first FROM."""
    text = "ARG G=global\nARG H=h\nFROM x\nARG A=a\nARG G\nARG B=${A}${G}\nARG N\n"
    assert _scope(text).args == {"A": "a", "G": "global", "B": "aglobal"}
    assert _scope(text, A="1", N="2", H="3").args == {"A": "1", "G": "global", "B": "1global", "N": "2"}


def test_the_later_of_env_and_arg_counts() -> None:
    """As in BuildKit; the configuration has ENV only."""
    scope = _scope("FROM x\nARG V=arg\nENV V=env W=$V\n", env=("PATH=/bin",))
    assert scope.variables == {"PATH": "/bin", "V": "env", "W": "arg"}
    assert scope.args == {}
    scope = _scope("FROM x\nENV V=env\nARG V=arg\n")
    assert scope.variables["V"] == "arg"
    assert scope.env == ("V=env",)


def test_run_sees_proxies_without_arg_and_nothing_else_does() -> None:
    """They are in no key and no history."""
    scope = _scope("FROM x\nARG A=1\n", HTTPS_PROXY="http://user:secret@p", OTHER="no")
    proxy = "http://user:secret@p"
    assert scope.run_env == (f"HTTPS_PROXY={proxy}", f"https_proxy={proxy}", "A=1")
    assert "HTTPS_PROXY" not in scope.args
    assert "secret" not in scope.expand("$HTTPS_PROXY$A")


def test_a_bad_default_is_told_with_its_line() -> None:
    """Of an ARG in a stage."""
    with pytest.raises(DockerfileError, match="needed") as caught:
        _scope("FROM x\nARG A=${B:?needed}\n")
    assert caught.value.lines[0] == 2


def test_a_trigger_may_need_a_stage_that_nothing_else_does() -> None:
    """It is planned then, with what its own base puts first."""
    plan = _plan("FROM a AS one\nFROM b\n")
    assert [stage.index for stage in plan.stages] == [1]
    triggers = {"a": ["ENV A=1"], "b": ["COPY --from=one /x /"]}
    whole = plan.with_triggers(lambda base: triggers[base.origin.name])
    assert [(stage.index, stage.triggers, stage.needs) for stage in whole.stages] == [(0, 1, ()), (1, 1, (0,))]
    assert [stage.index for stage in plan.stages] == [1]


def test_all_stages_may_be_planned() -> None:
    """Each once, in the file's order; the last is the target."""
    plan = _plan("FROM a AS one\nFROM one\nFROM b\n", None)
    assert [stage.index for stage in plan.stages] == [0, 1, 2]
    assert plan.target == 2
