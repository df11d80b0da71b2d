"""Make data movement in PostgreSQL impossible to lose: the thin client of the schema backlog."""

from __future__ import annotations

from importlib.metadata import version

from pgbacklog.connections import Connections
from pgbacklog.errors import AuxiliaryUnavailable
from pgbacklog.hooks import BacklogParam, CheckpointParam, alert, backlog, checkpoint, stop
from pgbacklog.listener import Listener
from pgbacklog.registry import (
    Item,
    Page,
    PermanentError,
    Registry,
    RetryLater,
    fetcher,
    handler,
)
from pgbacklog.worker import Settings

__all__ = [
    "AuxiliaryUnavailable",
    "BacklogParam",
    "CheckpointParam",
    "Connections",
    "Item",
    "Listener",
    "Page",
    "PermanentError",
    "Registry",
    "RetryLater",
    "Settings",
    "alert",
    "backlog",
    "checkpoint",
    "fetcher",
    "handler",
    "stop",
]

__version__ = version("pgbacklog")
