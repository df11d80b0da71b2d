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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from pgbacklog.logs import logger

FILES = "PGBACKLOG_FILES"
Record = dict[str, Any]
Form = Literal["rows", "copy", "arrow"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the destination, and its type as PostgreSQL writes it."""

    name: str
    type: str
    not_null: bool = False


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
    """One part of a backfill; `fence` grows with every claim of it."""

    chunk_id: int
    fence: int


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
        """The rows as tuples, in a batch of the form "rows"."""
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

    def differing(self, chunk: Chunk, batches: Iterable[Batch]) -> int:
        """Count the rows of a chunk that the destination has not, or has differently.

        Raises ValueError if this writer cannot tell.
        """
        raise ValueError(f"the writer {type(self).__name__} cannot compare")

    def close(self) -> None:  # noqa: B027
        """Let go of the destination."""
