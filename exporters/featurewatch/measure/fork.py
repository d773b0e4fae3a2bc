"""Forked children count from zero.

A child inherits the parent's counts and buffers. Both belong to the parent, which goes on exporting them; a child that
kept them would count them a second time. So every series starts again, and with it the locks, which another thread of
the parent may have held at the moment of the fork.
"""

from __future__ import annotations

import logging
import os
import weakref
from typing import Protocol

log = logging.getLogger("featurewatch")


class Restartable(Protocol):
    def restart(self) -> None: ...


_living: weakref.WeakSet[Restartable] = weakref.WeakSet()
_watching = False


def restart_in_children(item: Restartable) -> None:
    """Call `item.restart()` in every child forked from now on, for as long as the item lives."""
    global _watching
    _living.add(item)
    if not _watching and hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_restart_all)
        _watching = True


def _restart_all() -> None:
    for item in tuple(_living):
        try:
            item.restart()
        except Exception:
            # The others must begin anew all the same.
            log.exception("featurewatch could not start at zero in a forked child")
