"""What the load scenario asks of each way of loading."""

from __future__ import annotations

import io
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from ..server import Connection, Server
from ..settings import Settings
from .data import ACCOUNTS, COLUMN_TYPES, COLUMNS, in_chunks, insert_rows

BLOCK = 1 << 18


@dataclass(frozen=True)
class Input:
    """Rows to load, in one of three forms: CSV bytes, an Arrow table, or a list of dicts."""

    form: Literal["csv", "arrow", "generator"]
    data: Any
    count: int


class LoadSystem(ABC):
    """One way to load rows into the table `stable`, which already holds half of them.

    The stable table has a primary key and two more indexes, and with `parent` a foreign key to
    a hundred thousand accounts. A prepared database is kept as a template; every measurement
    works on a copy of it.
    """

    name: ClassVar[str]
    stable: ClassVar[str] = "public.stable"

    def __init__(self, server: Server, settings: Settings, *, parent: bool, rows: int) -> None:
        self.server = server
        self.parent = parent
        self.rows = rows
        kind = "fk" if parent else "no_fk"
        self.database = f"{settings.database_prefix}load_{self.name}_{kind}_{rows}"
        self.template = f"{self.database}_template"

    def missing(self) -> str | None:
        """Return why this cannot run here and how to get it, or None."""
        return None

    def prepare(self) -> None:
        """Build the template with the rows 1 to `rows` in the stable table."""
        self.server.recreate(self.template)
        with self.server.connect(self.template) as connection:
            make_stable(connection, self.rows, parent=self.parent)
        self.prepare_more()
        with self.server.connect(self.template) as connection:
            connection.execute("vacuum analyze")

    def prepare_more(self) -> None:
        """Add to the template what this way of loading needs."""
        return

    def restore(self) -> None:
        """Make the working database anew from the template, with nothing left to write out."""
        self.server.recreate(self.database, template=self.template)
        self.server.checkpoint()

    def teardown(self) -> None:
        """Drop both databases."""
        self.server.drop(self.database)
        self.server.drop(self.template)

    @abstractmethod
    def load(self, connection: Connection, rows: Input) -> None:
        """Bring the rows in and commit: everything that is timed."""

    def check(self, expected: int, marked: int) -> None:
        """Raise RuntimeError unless the stable table holds what it must hold."""
        with self.server.connect(self.database) as connection:
            found = connection.execute(
                f"select count(*), count(*) filter (where note like 'note b%') from {self.stable}"
            ).fetchone()
        if found != (expected, marked):
            raise RuntimeError(f"{self.name} loaded {found}, not {(expected, marked)}")


def make_stable(connection: Connection, rows: int, *, parent: bool) -> None:
    """Create the parent and the stable table, with rows in both."""
    connection.execute("create table account (id bigint primary key, name text not null)")
    connection.execute(
        "insert into account select g, 'account ' || g from generate_series(1, %s) as g",
        (ACCOUNTS,),
    )
    connection.execute(f"create table stable ({COLUMN_TYPES}, primary key (id))")
    insert_rows(connection, "stable", 1, rows, "a")
    if parent:
        connection.execute("alter table stable add foreign key (account_id) references account")
    connection.execute("create index on stable (account_id)")
    connection.execute("create index on stable (email)")


def copy_into(connection: Connection, table: str, rows: Input) -> None:
    """COPY the rows into a delta table, by the fastest way from their form."""
    names = ", ".join(COLUMNS)
    if rows.form == "generator":
        with connection.cursor().copy(f"copy {table} ({names}) from stdin") as copy:
            for chunk in in_chunks(rows.data):
                for row in chunk:
                    copy.write_row(tuple(row.values()))
        return
    if rows.form == "arrow":
        import pyarrow.csv

        sink = io.BytesIO()
        pyarrow.csv.write_csv(rows.data, sink, pyarrow.csv.WriteOptions(include_header=False))
        view = sink.getbuffer()
    else:
        view = memoryview(rows.data)
    with connection.cursor().copy(f"copy {table} ({names}) from stdin (format csv)") as copy:
        for first in range(0, len(view), BLOCK):
            copy.write(view[first : first + BLOCK])
