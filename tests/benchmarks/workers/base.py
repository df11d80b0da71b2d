"""What the worker scenarios ask of a package that brings its own Python worker."""

from __future__ import annotations

import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

from ..server import Server
from ..settings import Settings
from ..timing import percentile

Send = Callable[[float], Awaitable[None]]


class Sink:
    """What every handler does: count, and note the age of the message.

    After the last message it writes the result and ends the process at once, so that nothing
    that a package does after its last handler is counted, whatever way it likes to be stopped.
    """

    def __init__(self, expected: int, result: Path | None = None) -> None:
        self.expected = expected
        self.result = result
        self.count = 0
        self.started = 0.0
        self.ages: list[float] = []

    def hit(self, sent_at: float) -> None:
        """Take one message, sent at this time; zero means that its age is of no interest."""
        now = time.time()
        if self.count == 0:
            self.started = now
        self.count += 1
        if sent_at:
            self.ages.append((now - sent_at) * 1e3)
        if self.count == self.expected:
            self.finish(now)

    def finish(self, now: float) -> None:
        """Write the result and leave."""
        seconds = now - self.started
        result = {"seconds": seconds, "rate": (self.expected - 1) / seconds if seconds else 0.0}
        if self.ages:
            result |= {"p50": percentile(self.ages, 50), "p99": percentile(self.ages, 99)}
        text = json.dumps(result)
        if self.result:
            self.result.write_text(text)
        else:
            print(text, flush=True)
        os._exit(0)


class WorkerSystem(ABC):
    """One package with a worker: how to fill its queue, send one message, and run it."""

    name: ClassVar[str]
    # Enough work for about a second or more; slow packages get less.
    jobs: ClassVar[int] = 20_000
    # Jobs that are not finished for good, counted after the worker has left.
    open_sql: ClassVar[str]

    def __init__(self, server: Server, settings: Settings) -> None:
        self.server = server
        self.settings = settings
        self.database = f"{settings.database_prefix}worker_{self.name}"

    def missing(self) -> str | None:
        """Return why this package cannot run here and how to get it, or None."""
        return None

    @abstractmethod
    async def setup(self) -> None:
        """Make an empty database with the package's tables in it."""

    @abstractmethod
    async def fill(self, count: int) -> None:
        """Enqueue `count` jobs whose `ts` is zero."""

    @abstractmethod
    async def sender(self) -> Send:
        """Return an async function that enqueues one job with the given `ts`."""

    @abstractmethod
    async def work(self, sink: Sink) -> None:
        """Run the package's worker with a handler that only calls the sink."""

    def unfinished(self) -> int:
        """Count the jobs that the worker has not finished for good."""
        with self.server.connect(self.database) as connection:
            row = connection.execute(self.open_sql).fetchone()
        return int(row[0]) if row else 0


def missing_package(module: str, requirement: str) -> str | None:
    """Return how to install a package that cannot be imported, or None."""
    from importlib.util import find_spec

    return None if find_spec(module) else f"pip install {requirement}"
