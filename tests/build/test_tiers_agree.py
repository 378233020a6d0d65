"""With SOURCE_DATE_EPOCH a build gives the same image on every machine, with the rights of root or without."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from dockmagic.oci.errors import NotSupported
from dockmagic.runtime.machine.tiers import choose

if TYPE_CHECKING:
    from build_harness import Builder

_EPOCH = 1_700_000_000
_DOCKERFILE = """
FROM base
RUN mkdir -p /d/e && touch /d/a && chown 701:700 /d/a && chmod 4750 /d/a && ln /d/a /d/hard && ln -s a /d/soft
RUN mkfifo /d/pipe && echo user:x:701:700::/d:/bin/sh >> /etc/passwd && rm /etc/group && chown -R 3:4 /d/e
COPY --chown=701:700 --chmod=640 f /d/e/
RUN rm -r /d/e && mkdir /d/e && cp /bin/busybox /d/e/copy
USER 701:700
WORKDIR /home/user
RUN echo mine > own && mkdir -p x/y && touch x/y/z
"""


def test_a_lost_owner_is_warned_of(make: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where programs see one user only, as `commit` does: in the result, with the line of the RUN."""
    monkeypatch.setenv("DOCKMAGIC_TIER", "single")
    try:
        choose(make.store.home)
    except NotSupported as error:
        pytest.skip(str(error))
    built = make("FROM base\nRUN mkdir /d && touch /d/f && chown 5:6 /d/f\nRUN mv /d /moved\n", no_cache=True)
    (warning,) = built.warnings
    assert warning.line == 3
    assert warning.text.startswith("/moved/f changed hands to root")


def test_every_tier_gives_the_same_image(make: Builder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same image ID, and so the same DiffIDs: owners and modes, links and removals."""
    found = {}
    for tier in ("root", "subid", "single", "chroot"):
        monkeypatch.setenv("DOCKMAGIC_TIER", tier)
        with contextlib.suppress(NotSupported):
            choose(make.store.home)
            found[tier] = make(_DOCKERFILE, {"f": "f\n"}, no_cache=True, epoch=_EPOCH).image.id
    if len(found) < 2:
        pytest.skip("needs a second way to run containers: root, or sub-ids in /etc/subuid")
    assert len(set(found.values())) == 1, found
