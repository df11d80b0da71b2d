"""Writers: what brings backfilled rows to destinations other than this database.

    from pgbacklog.writers import Batch, Writer, writer

    @writer("archive")
    class Archive(Writer):
        def write(self, batch: Batch) -> int:
            ...

Name the module to `pgbacklog listen --hooks`, and {"kind": "archive"} as destination of a backfill.
"""

from __future__ import annotations

from pgbacklog.writers.base import (
    Batch,
    Chunk,
    Column,
    Comparison,
    Fenced,
    Job,
    Receipt,
    Refused,
    Scope,
    Writer,
)
from pgbacklog.writers.known import builtin, writer

__all__ = [
    "Batch",
    "Chunk",
    "Column",
    "Comparison",
    "Fenced",
    "Job",
    "Receipt",
    "Refused",
    "Scope",
    "Writer",
    "builtin",
    "writer",
]
