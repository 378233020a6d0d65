"""A build has one plan: what tries it, what does it, and what does it again to compare, have the same object."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from dockmagic import Engine
from dockmagic.builder import dry_run
from dockmagic.builder.reading.plan import Plan
from dockmagic.builder.reading.scope import Arguments
from dockmagic.engine.options.build import build_request
from dockmagic.oci.spec import Config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dockmagic.dockerfile import Dockerfile
    from dockmagic.engine.prepared_build import PreparedBuild

_TEXT = b"ARG V=1\nFROM base AS one\nCOPY f /g\nFROM scratch\nCOPY --from=one /g /h$V\nLABEL v=$V\n"


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[Dockerfile]:
    """The Dockerfile of each plan, once for each time that its arguments are evaluated, which is what begins a plan."""
    made: list[Dockerfile] = []
    evaluate = Arguments.of

    def of(dockerfile: Dockerfile, *given: Any, **options: Any) -> Arguments:
        made.append(dockerfile)
        return evaluate(dockerfile, *given, **options)

    monkeypatch.setattr(Arguments, "of", of)
    return made


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """With an image that has a trigger, so that the text does not say all."""
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "f").write_text("f")
    with Engine(tmp_path / "home") as engine:
        config = Config(on_build=("COPY f /first",))
        engine.images.import_rootfs(io.BytesIO(bytes(10240)), "base", config=config)
        yield engine


@pytest.fixture
def prepare(engine: Engine, tmp_path: Path) -> Callable[..., tuple[PreparedBuild, Any]]:
    """Opens a build of a Dockerfile, with its options."""

    def opened(text: bytes, **options: Any) -> tuple[PreparedBuild, Any]:
        options["dockerfile"] = io.BytesIO(text)
        request = build_request(str(tmp_path / "context"), options)
        return engine.builds.open(request), request.options

    return opened


def test_a_build_is_planned_once(prepare: Any, plans: list[Dockerfile], monkeypatch: pytest.MonkeyPatch) -> None:
    """The dry run has the plan that is carried out, which is completed by what the base puts first."""
    tried: list[Plan] = []
    completed: list[Plan] = []
    run, complete = dry_run.dry_run, Plan.with_triggers

    def try_out(plan: Plan, **options: Any) -> None:
        tried.append(plan)
        run(plan, **options)

    def with_triggers(plan: Plan, find: Any) -> Plan:
        completed.append(plan)
        return complete(plan, find)

    monkeypatch.setattr(dry_run, "dry_run", try_out)
    monkeypatch.setattr(Plan, "with_triggers", with_triggers)
    prepared, options = prepare(_TEXT)
    with prepared:
        built = prepared.build(options)
    assert [step.info.text for step in built.steps] == [
        "FROM base AS one", "COPY f /first", "COPY f /g", "FROM scratch", "COPY --from=one /g /h$V", "LABEL v=$V",
    ]  # fmt: skip
    assert len(plans) == len(tried) == len(completed) == 1
    assert tried[0] is completed[0]


def test_two_builds_that_are_compared_have_one_plan(prepare: Any, plans: list[Dockerfile]) -> None:
    """``--verify-reproducible``."""
    prepared, options = prepare(_TEXT, build_args={"SOURCE_DATE_EPOCH": "1600000000"})
    with prepared:
        assert prepared.verify(options).same
    assert len(plans) == 1


def test_a_check_of_all_stages_makes_one_plan(prepare: Any, plans: list[Dockerfile]) -> None:
    """``--check`` looks into each, whether the last one needs it or not."""
    prepared, options = prepare(b"FROM scratch AS one\nFROM scratch AS two\nFROM scratch\nLABEL a=1\n")
    with prepared:
        assert prepared.check(options) == ()
    assert len(plans) == 1


def test_an_impossible_build_is_told_by_the_same_plan(prepare: Any, plans: list[Dockerfile]) -> None:
    """Nothing is planned again to find the mistake."""
    prepared, options = prepare(b"FROM scratch\nEXPOSE http\n")
    with prepared, pytest.raises(Exception, match="invalid containerPort"):
        prepared.build(options)
    assert len(plans) == 1


def test_a_stage_that_a_context_stands_in_for_is_not_looked_into(prepare: Any, tmp_path: Path) -> None:
    """What the file says of it is not built: lint has the stages of the plan, and asks for no base of others."""
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "f").write_text("f")
    text = b"FROM localhost:1/nowhere AS one\nWORKDIR relative$nothing\nFROM scratch\nCOPY --from=one /f /g\n"
    prepared, options = prepare(text)
    with prepared:
        assert [warning.rule for warning in prepared.check(options)] == ["WorkdirRelativePath"]
    prepared, options = prepare(text, build_contexts={"one": str(tmp_path / "one")})
    with prepared:
        assert prepared.check(options) == ()
        assert prepared.build(options).warnings == ()
