"""The same load written by hand for this one table: the ceiling."""

from __future__ import annotations

from ..server import Connection
from .base import Input, LoadSystem, copy_into
from .data import COLUMN_TYPES, COLUMNS

NAMES = ", ".join(COLUMNS)
UPDATES = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
FULL_MERGE = (
    f"insert into stable ({NAMES}) select {NAMES} from delta"
    f" on conflict (id) do update set {UPDATES}"
)
CHECKS = (
    "select count(*) from (select d.id from delta as d group by d.id having count(*) > 1) as x",
    "select count(*) from delta as d where d.id is null",
)
PARENT_CHECK = (
    "select count(*) from delta as d where d.account_id is not null"
    " and not exists (select from account as a where a.id = d.account_id)"
)


class ByHand(LoadSystem):
    """COPY into an unlogged table, checks for duplicates, nulls and parents, one full merge."""

    name = "by_hand"

    def prepare_more(self) -> None:
        with self.server.connect(self.template) as connection:
            connection.execute(f"create unlogged table delta ({COLUMN_TYPES})")

    def load(self, connection: Connection, rows: Input) -> None:
        with connection.transaction():
            self.stage(connection, rows)
            self.merge(connection)

    def stage(self, connection: Connection, rows: Input) -> None:
        """Bring the rows into the delta table."""
        copy_into(connection, "delta", rows)

    def merge(self, connection: Connection) -> None:
        """Check the delta rows, and insert or update every one of them."""
        with connection.transaction():
            connection.execute("analyze delta")
            for check in (*CHECKS, PARENT_CHECK) if self.parent else CHECKS:
                found = connection.execute(check).fetchone()
                if found != (0,):
                    raise RuntimeError(f"the generated rows are wrong: {check}: {found}")
            connection.execute(FULL_MERGE)
            connection.execute("truncate delta")
