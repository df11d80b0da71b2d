"""What a writer is: it brings the rows of a backfill's chunks to a destination.

For each chunk the runner calls begin(), write() once for each batch, and commit(); after any
failure rollback(). A chunk may come twice, after a crash or a lost lease. A writer whose
destination has transactions keeps a row for each chunk there: the fence, taken by begin(), without
which commit() fails, and the receipt, written with the rows, which tells the next begin() that
nothing is left to do. What the destination says is true, whatever became of the worker.
"""

from __future__ import annotations

import json
import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal
from zlib import crc32

from pgbacklog.errors import BacklogError
from pgbacklog.logs import logger

FILES = "PGBACKLOG_FILES"
MOST = 100_000  # keys of one comparison; once these are repaired, another finds the rest
Record = dict[str, Any]
Row = tuple[Any, ...]
# Rows of what psycopg makes of values; exact ones, with text for whatever Python has no class for,
# JSON among it; lines of COPY; Arrow.
Form = Literal["rows", "exact", "copy", "arrow"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the destination, and its type as PostgreSQL writes it.

    Texts that are `bytewise` are ordered by their bytes in UTF-8.
    """

    name: str
    type: str
    not_null: bool = False
    bytewise: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """What one backfill wants of its writer.

    `run` names the backfill among all that may write to the destination. `columns` have the names
    that they have in the destination, `key` those of them by which a row is found again; `mode` is
    upsert or append. `destination` is what the user gave to create_backfill. A batch ends with the
    row that makes it larger than `batch_bytes`, and has at most `batch_rows` rows, or as Arrow any
    number.
    """

    run: str
    backfill_id: int
    pipeline: str
    table: str
    columns: Sequence[Column]
    key: Sequence[str] = ()
    mode: str = "append"
    destination: Mapping[str, Any] = field(default_factory=dict)
    batch_rows: int = 10_000
    batch_bytes: int = 16 << 20
    lend: Callable[[str], Any] | None = field(default=None, repr=False)

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [column.name for column in self.columns]

    @property
    def logger(self) -> logging.Logger:
        """Where a writer may log."""
        return logger.getChild(f"writer.{self.destination.get('kind', 'user')}")

    def option(self, name: str, *allowed: Any, default: Any = None) -> Any:
        """Return a value of the destination; raises ValueError if it is not among `allowed`."""
        value = self.destination.get(name, default)
        if value is None and default is None and not allowed:
            raise ValueError(f"the destination does not say {name}")
        if allowed and value not in allowed:
            raise ValueError(f"{name} must be one of {', '.join(map(str, allowed))}, not {value!r}")
        return value

    def path(self) -> Path:
        """Return the destination's path, which must be in a folder that the operator allows.

        That is the working directory, or what PGBACKLOG_FILES names: nobody who can merely write
        to the database can have files written elsewhere. Raises ValueError.
        """
        root = Path(os.environ.get(FILES) or ".").resolve()
        path = (root / str(self.option("path"))).resolve()
        if not path.is_relative_to(root):
            raise ValueError(f"{path} is not below {root}; set {FILES} where files may be written")
        return path

    def connection(self, name: str | None = None) -> Any:
        """Return an open connection by its name in pgbacklog.toml, else the destination's.

        Raises AuxiliaryUnavailable when it cannot be opened, ValueError when nothing names it.
        """
        name = self.option("connection") if name is None else name
        if self.lend is None:
            raise ValueError("no connections were given")
        try:
            return self.lend(name)
        except KeyError:
            raise ValueError(f"pgbacklog.toml has no connection {name}") from None


@dataclass(frozen=True, slots=True)
class Chunk:
    """One part of a backfill; `fence` grows with every claim of it.

    Of files, `replaces` is the chunk whose rows this one brings anew: when it is committed, the
    files of that one go.
    """

    chunk_id: int
    fence: int
    replaces: int | None = None


@dataclass(slots=True)
class Receipt:
    """What a chunk came to; kept in the destination where that is possible.

    `written` counts the rows that were inserted or changed; `refused` are the rows that the
    destination did not take, with `record`, `error`, `error_code` and `constraint`; `snapshot` is
    the number of the snapshot in which the rows were read, if all chunks share one.
    """

    read: int = 0
    written: int = 0
    bytes: int = 0
    refused: list[Record] = field(default_factory=list)
    snapshot: int | None = None

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def parse(cls, text: str) -> Receipt:
        """Make it from JSON."""
        return cls(**json.loads(text))


@dataclass(frozen=True, slots=True)
class Scope:
    """With which rows of its destination a chunk is compared.

    By `match` a row is found again; `key` are the columns by which chunks are cut, if they are
    copied as they are. With `whole_range` all that the destination has above `lower` and up to
    `upper` should come from the source.
    """

    chunk: Chunk
    kind: str = "whole"
    match: Sequence[str] = ()
    key: Sequence[str] = ()
    key_types: Sequence[str] = ()
    lower: Sequence[str] | None = None
    upper: Sequence[str] | None = None
    whole_range: bool = False


@dataclass(slots=True)
class Comparison:
    """What a comparison of a chunk with its source came to.

    Each difference has a `key`, as text for PostgreSQL, and a `problem`: missing, different or
    extra in the destination.
    """

    source_rows: int = 0
    source_checksum: int = 0
    destination_rows: int = 0
    destination_checksum: int = 0
    differences: list[Record] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Whether both sides have the same rows."""
        return (self.source_rows, self.source_checksum) == (
            self.destination_rows, self.destination_checksum,
        )  # fmt: skip

    def add(self, key: str | None, problem: str) -> bool:
        """Add a difference, if its key is known and there are not too many; tell whether it was."""
        if key is None or len(self.differences) >= MOST:
            return False
        self.differences.append({"key": json.loads(key), "problem": problem})
        return True

    def add_unreadable(self, row: str, key: str | None) -> None:
        """Add a row of the source, as text, of which nobody can tell what it should look like."""
        self.source_rows += 1
        self.source_checksum += 1 + crc32(row.encode())
        for known in self.differences:
            if key is not None and known["key"] == json.loads(key):  # some row is there by this key
                known["problem"] = "different"
                return
        self.add(key, "missing")


class Refused(Exception):  # noqa: N818 - an answer of the destination
    """Raise it from write() when rows of the batch are at fault.

    The runner halves the batch until these rows are alone, and goes on without them. That needs
    the destination to be as before the call. If it is not, say intact=False: then the chunk is
    rolled back and halved.
    """

    def __init__(
        self, message: str, code: str | None = None, constraint: str | None = None,
        intact: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(message)
        self.code, self.constraint, self.intact = code, constraint, intact


class Fenced(Exception):  # noqa: N818 - what happened to us
    """Raise it from begin() or commit() when a later claim has taken the chunk."""


class Batch(ABC):
    """Some rows of a chunk, in the form that the writer asked for."""

    __slots__ = ()

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """About how large it is."""

    @abstractmethod
    def part(self, start: int, stop: int) -> Batch:
        """Return some of its rows as a batch."""

    @abstractmethod
    def record(self, index: int) -> Record:
        """Return one row as an object for JSON."""

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as tuples, in a batch of the form "rows" or "exact"."""
        raise TypeError("this batch is not of the form rows")

    @property
    def lines(self) -> list[bytes]:
        """The rows in COPY's text format, in a batch of the form "copy"."""
        raise TypeError("this batch is not of the form copy")

    @property
    def arrow(self) -> Any:
        """The rows as a pyarrow.RecordBatch, in a batch of the form "arrow".

        Raises Refused when a value does not fit into Arrow's type.
        """
        raise TypeError("this batch is not of the form arrow")


def halved(batch: Batch, take: Callable[[Batch], object]) -> Iterator[tuple[Batch, Refused]]:
    """Give a batch to `take`, in parts if need be; yield the rows that it refuses, one by one.

    Raises Refused if it says that the parts before are not intact.
    """
    parts = [batch]
    while parts:
        part = parts.pop()
        try:
            take(part)
        except Refused as error:
            if not error.intact:
                raise
            if len(part) == 1:
                yield part, error
            else:
                middle = len(part) // 2
                parts += [part.part(middle, len(part)), part.part(0, middle)]


class Writer(ABC):
    """Bring rows to a destination. One writer serves one thread and one backfill.

    Only write() must be defined. Without begin() and commit() a chunk that is tried again is
    written again, so write() should overwrite what it finds.
    """

    form: ClassVar[Form] = "rows"

    def __init__(self, job: Job) -> None:
        self.job = job

    def open(self) -> None:  # noqa: B027
        """Prepare the destination; called once, and to be told what is wrong with the job.

        With "create": true in the destination, create the target from job.columns and job.key
        unless it exists.
        """

    def begin(self, chunk: Chunk) -> Receipt | None:
        """Begin a chunk: take its fence; return the receipt if it was committed before."""
        return None

    @abstractmethod
    def write(self, batch: Batch) -> int | None:
        """Write one batch, all or nothing; return the rows inserted or changed, if known.

        Raises Refused if rows are at fault.
        """

    def commit(self, chunk: Chunk, receipt: Receipt) -> None:  # noqa: B027
        """End a chunk: keep its rows and, with them, its receipt."""

    def rollback(self) -> None:  # noqa: B027
        """Forget what was written since begin(), as far as possible. The connection may be gone."""

    def delete(self, batch: Batch) -> int | None:
        """Delete rows that the source does not have; return how many, if known.

        The batch has the columns job.key. Called in repairs only, between begin() and commit();
        all or nothing, like write(). Raises Refused if rows are at fault.
        """
        raise BacklogError(
            f"the writer {type(self).__name__} cannot delete what the source does not have",
            "Define delete() in it, see pgbacklog.writers.Writer; or delete these rows by hand.",
        )

    def stored(self, chunk: Chunk, keys: Sequence[Row]) -> Iterable[Row]:
        """Return the rows that the destination has of a chunk, each with the values of job.columns.

        Define it to make `pgbacklog backfill verify` work. `keys` are the values of job.key of the
        rows that the source has; what is returned beyond these counts as extra.
        """
        raise BacklogError(
            f"the writer {type(self).__name__} cannot compare",
            "Define stored() in it, see pgbacklog.writers.Writer.",
        )

    def as_stored(self, row: Row) -> Row:
        """Return a row of the source as stored() would: rounded, or as text, if it is kept so."""
        return row

    def compare(self, scope: Scope, source: Callable[[], Iterable[Batch]]) -> Comparison:
        """Compare a chunk with its source, which can be read more than once.

        The last value of each row of the source is its key, as text. Most writers need no more than
        stored(). Raises BacklogError if this one cannot compare.
        """
        from pgbacklog.writers.comparing import compare_rows

        return compare_rows(self, scope, source)

    def close(self) -> None:  # noqa: B027
        """Let go of the destination."""
