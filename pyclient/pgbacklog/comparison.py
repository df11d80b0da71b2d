"""Compare what a writer has brought to its destination with the source, chunk by chunk."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import Any

from pgbacklog.backfill import writer_of
from pgbacklog.connections import Lent
from pgbacklog.link import with_defaults
from pgbacklog.registry import Handler
from pgbacklog.writers.base import Batch, Chunk, Job, Writer
from pgbacklog.writers.reading import Source


class Comparer:
    """Compare chunks of one backfill, for one thread."""

    def __init__(self, handler: Handler, dsn: str, lent: Lent) -> None:
        self.handler, self.lent = handler, lent
        self.source = Source(with_defaults(dsn, "verify"))
        self._writer: tuple[Writer, Job] | None = None

    def compare(self, order: dict[str, Any]) -> tuple[int, int]:
        """Return how many rows the source has of a chunk now, and how many of them differ there.

        Rows that the source has changed since count as well, and those that were refused.
        """
        read = 0

        def counted(batches: Generator[Batch]) -> Generator[Batch]:
            nonlocal read
            for batch in batches:
                read += len(batch)
                yield batch

        if self._writer is None:
            self._writer = writer_of(self.handler, order, self.lent)
            self._writer[0].open()
        writer, job = self._writer
        chunk = Chunk(order["chunk_id"], order["fence"])
        found = self.source.read(order["query"], job, writer.form, order["settings"])
        with closing(found) as batches:
            differing = writer.differing(chunk, counted(batches))
        self.lent.finish()
        return read, differing

    def close(self) -> None:
        """Let go of source and destination."""
        if self._writer is not None:
            self._writer[0].close()
        self.lent.close()
        self.source.close()
