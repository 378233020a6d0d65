"""Close and reset what a process inherits from its parent, since containers would have it too."""

from __future__ import annotations

import os
import resource
import signal
from typing import Final

__all__ = ["forget", "forget_signals"]

_NONE: Final = resource.RLIM_INFINITY
# Soft and hard, as a kernel gives them to its first process, and the descriptors that systemd gives.
_LIMITS: Final = {
    "AS": (_NONE, _NONE), "CORE": (0, _NONE), "CPU": (_NONE, _NONE), "DATA": (_NONE, _NONE), "FSIZE": (_NONE, _NONE),
    "MEMLOCK": (8 << 20, 8 << 20), "MSGQUEUE": (819200, 819200), "NICE": (0, 0), "NOFILE": (1024, 1 << 19),
    "NPROC": (_NONE, _NONE), "RSS": (_NONE, _NONE), "RTPRIO": (0, 0), "STACK": (8 << 20, _NONE),
}  # fmt: skip
_UMASK: Final = 0o022


def forget() -> None:
    """Let umask, limits and signals be what they are for everybody; environment and descriptors are new anyway."""
    os.umask(_UMASK)
    forget_signals()
    # As Python has them at its start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_IGN)
    for name, (soft, hard) in _LIMITS.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        now = resource.getrlimit(kind)[1]
        if now == _NONE or (hard != _NONE and now > hard):
            hard = now  # noqa: PLW2901  (whoever may have more can ask for it by --ulimit)
        try:
            resource.setrlimit(kind, (soft, hard))
        except (OSError, ValueError):
            # Only root gets over what somebody has set for this user.
            resource.setrlimit(kind, (now if soft == _NONE else min(soft, now), now))


def forget_signals() -> None:
    """Let every signal do what it does by default, and none wait."""
    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):
            continue
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
