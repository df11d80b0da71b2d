"""Packages that bring a Python worker of their own, one adapter each."""

from __future__ import annotations

from .absurd import AbsurdSdk
from .backlog import BacklogListener
from .base import Sink, WorkerSystem
from .chancy import Chancy
from .pgqueuer import Pgqueuer
from .procrastinate import Procrastinate
from .thin import Thin

WORKERS: dict[str, type[WorkerSystem]] = {
    kind.name: kind for kind in (BacklogListener, Thin, Pgqueuer, Chancy, Procrastinate, AbsurdSdk)
}

__all__ = ["WORKERS", "BacklogListener", "Sink", "WorkerSystem"]
