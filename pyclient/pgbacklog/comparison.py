"""Compare what a writer has brought to its destination with the source, chunk by chunk."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import asdict, replace
from typing import Any

from psycopg.types.json import Jsonb

from pgbacklog.backfill import chunk_of, writer_of
from pgbacklog.connections import Lent
from pgbacklog.link import Link, with_defaults
from pgbacklog.registry import Handler
from pgbacklog.writers.base import Batch, Column, Comparison, Job, Scope, Writer
from pgbacklog.writers.comparing import KEY
from pgbacklog.writers.reading import Again, Source, Unreadable, without

_CHUNKS = (
    "select c.chunk_id from backlog.backfill_chunks as c where c.backfill_id = %s "
    "and c.kind not in ('settle', 'touched', 'extra', 'repair') and c.state = 'COMPLETED' "
    "order by 1"
)
_QUERY = "select backlog.backfill_chunk_query(%s)"
_RECORD = "select backlog.record_backfill_comparison(%s, %s)"


class Comparer:
    """Compare chunks of one backfill, for one thread."""

    def __init__(self, handler: Handler, link: Link, lent: Lent) -> None:
        self.handler, self.link, self.lent = handler, link, lent
        self.source = Source(with_defaults(link.dsn, "verify"))
        self._writer: tuple[Writer, Job] | None = None

    def chunks(self, backfill_id: int) -> list[int]:
        """Return the chunks that can be compared."""
        return [row[0] for row in self.link.call(_CHUNKS, [backfill_id])]

    def compare(self, chunk_id: int) -> Comparison:
        """Compare a chunk and have the database remember what was found.

        Rows that the source has changed since count as different, and those that were refused as
        missing. Raises BacklogError if the writer cannot compare.
        """
        ((order,),) = self.link.call(_QUERY, [chunk_id])
        if self._writer is None:
            self._writer = writer_of(self.handler, order, self.lent)
            self._writer[0].open()
        found = self._compare_readable(*self._writer, order)
        self.lent.finish()
        facts = asdict(found) | {"fence": order["comparison"]["fence"]}
        self.link.call(_RECORD, [chunk_id, Jsonb(facts)])
        return found

    def close(self) -> None:
        """Let go of source and destination."""
        if self._writer is not None:
            self._writer[0].close()
        self.lent.close()
        self.source.close()

    def _compare_readable(self, writer: Writer, job: Job, order: dict[str, Any]) -> Comparison:
        """Compare a chunk; rows that could not be read when it was copied are missing."""
        query, as_text = order["comparison"]["query"], False
        unreadable: list[dict[str, Any]] = []
        while True:
            try:
                found = self._compare(writer, job, order, without(query, unreadable), as_text)
            except Again:
                as_text = True
            except Unreadable as error:
                rows = self.source.unreadable(order["unreadable"], order["settings"])
                if len(rows) <= len(unreadable):
                    raise error.error from None
                unreadable = rows
            else:
                for row in unreadable:
                    found.add_unreadable(row["row_text"], row["key"])
                return found

    def _compare(
        self, writer: Writer, job: Job, order: dict[str, Any], query: str, as_text: bool
    ) -> Comparison:
        asked = order["comparison"]
        wide = replace(job, columns=(*job.columns, Column(KEY, "text")))
        opened: list[Generator[Batch]] = []

        def source() -> Iterator[Batch]:
            opened.append(self.source.read(query, wide, writer.form, order["settings"], as_text))
            return opened[-1]

        scope = Scope(
            chunk_of(order), asked["kind"], asked["match"], asked["key"] or (),
            asked["key_types"], asked["lower_key"], asked["upper_key"], asked["whole_range"],
        )  # fmt: skip
        try:
            return writer.compare(scope, source)
        finally:
            for batches in opened:
                batches.close()
