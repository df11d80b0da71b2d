"""The queue systems that the SQL scenarios compare, one adapter each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from ..report import Results
from ..server import Server
from ..settings import Settings
from .absurd import Absurd
from .backlog import Backlog, BacklogOneCall
from .base import Item, PeerFromFile, QueueSystem
from .classic import Classic, DeleteReturning, Plain
from .pgmq import Pgmq, PgmqArchive
from .pgque import Pgque

__all__ = [
    "Absurd",
    "Backlog",
    "BacklogOneCall",
    "Classic",
    "DeleteReturning",
    "Item",
    "PeerFromFile",
    "Pgmq",
    "PgmqArchive",
    "Pgque",
    "Plain",
    "QueueSystem",
    "installed",
]


@contextmanager
def installed(
    kinds: Sequence[type[QueueSystem]], server: Server, settings: Settings, results: Results
) -> Iterator[list[QueueSystem]]:
    """Set up every wanted and available system, and drop their databases afterwards.

    What is wanted but missing is written into the results with the way to get it.
    """
    with ExitStack() as cleanup:
        ready = []
        for kind in kinds:
            if not settings.wants(kind.name):
                continue
            system = kind(server, settings)
            reason = system.missing()
            if reason:
                results.skip(system.name, reason)
                continue
            cleanup.callback(system.teardown)
            system.setup()
            ready.append(system)
        yield ready
