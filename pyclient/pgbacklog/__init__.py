"""Make data movement in PostgreSQL impossible to lose: the thin client of the schema backlog."""

from __future__ import annotations

from importlib.metadata import version

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
    "Item",
    "Listener",
    "Page",
    "PermanentError",
    "Registry",
    "RetryLater",
    "Settings",
    "fetcher",
    "handler",
]

__version__ = version("pgbacklog")
