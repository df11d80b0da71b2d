"""Each kind of destination that writers bring rows to, with the table orders that is copied there."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import psycopg

from support.backfilling import Rows, read_parquet, url, work
from support.database import Database

DDL = """
create table {} (
  id bigint primary key, region text not null, amount numeric(12, 2), big numeric(30, 5),
  count int, small smallint, at timestamptz, day date, local timestamp, ratio double precision,
  note text, good boolean, doc jsonb, code uuid, raw bytea, word varchar(20)
)
"""
FILL = """
insert into public.orders
select i, (array['eu', 'us', 'as ia'])[1 + i % 3], i * 1.25 - 50, -i * 1e20, i - 100, i % 100,
  '2024-01-01 00:00:00.123456+00'::timestamptz + i * interval '1 hour', '2024-01-01'::date + i::int,
  '1999-12-31 23:59:59'::timestamp + i * interval '1 day', i / 7.0,
  case i % 4 when 0 then null when 1 then 'tab' || chr(9) || 'and "quote" \\ ' || i when 2 then ''
    else 'zeile' || chr(10) || 'ö' || i end,
  i % 2 = 0, json_build_object('i', i, 'l', '[1, null]'::json), md5(i::text)::uuid,
  decode(lpad(to_hex(i), 8, '0'), 'hex'), 'w' || i
from generate_series(1, {}) as i
"""
NAMES = ["id", "region", "amount", "big", "count", "small", "at", "day", "local", "ratio", "note", "good", "doc", "code", "raw", "word"]


class Place(ABC):
    """One kind of destination."""

    kind: ClassVar[str]
    transactional = True

    def __init__(self, db: Database, folder: Path, others: Any) -> None:
        self.db, self.folder = db, folder
        self.urls: dict[str, str] = {}
        self.prepare(others)

    def prepare(self, others: Any) -> None:  # noqa: B027
        """Make what the destination needs."""

    @abstractmethod
    def destination(self, **more: Any) -> dict[str, Any]:
        """Return the destination of a backfill."""

    @abstractmethod
    def rows(self) -> Rows:
        """Return what is there, with the values that PostgreSQL would give."""

    def make_target(self) -> None:  # noqa: B027
        """Make a target which refuses negative amounts, if it can."""

    def query(self, statement: str) -> Rows:
        """Run a statement in the destination, if it is a database."""
        raise TypeError(f"{self.kind} is no database")

    def config(self) -> Path:
        """Return a file in which the destination's connections are named."""
        path = self.folder / "pgbacklog.toml"
        path.write_text("".join(f'[connections.{k}]\nurl = "{v}"\n' for k, v in self.urls.items()))
        return path

    def work(self, **more: Any) -> None:
        """Run the writer."""
        work(self.db, more.pop("handler", self.kind), urls=self.urls, **more)


class ToPostgres(Place):
    kind = "postgres"

    def prepare(self, others: Any) -> None:
        self.other = others("empty_db")
        self.urls["warehouse"] = url(self.other.dsn)

    def destination(self, **more: Any) -> dict[str, Any]:
        return {"kind": "postgres", "connection": "warehouse", "table": "public.orders", **more}

    def query(self, statement: str) -> Rows:
        with self.other.connect() as conn:
            done = conn.execute(statement)
            return done.fetchall() if done.description else []

    def rows(self) -> Rows:
        return self.query(f"select {', '.join(NAMES)} from public.orders")

    def make_target(self) -> None:
        with self.other.connect() as conn:
            conn.execute(DDL.format("public.orders"))
            conn.execute("alter table orders add constraint not_negative check (amount >= 0)")


class ToParquet(Place):
    kind = "parquet"

    def destination(self, **more: Any) -> dict[str, Any]:
        return {"kind": "parquet", "path": str(self.folder / "lake"), **more}

    def rows(self) -> Rows:
        rows = read_parquet(self.folder / "lake", NAMES)
        return [tuple(map(_as_psycopg, NAMES, row)) for row in rows]


class ToDuckDB(Place):
    kind = "duckdb"

    def destination(self, **more: Any) -> dict[str, Any]:
        return {"kind": "duckdb", "path": str(self.folder / "d.duckdb"), "table": "orders", **more}

    def query(self, statement: str) -> Rows:
        import duckdb

        with duckdb.connect(str(self.folder / "d.duckdb")) as conn:
            conn.execute("set timezone = 'UTC'")
            return conn.execute(statement).fetchall()

    def rows(self) -> Rows:
        names = ", ".join(f'"{x}"' for x in NAMES).replace('"at"', """"at" at time zone 'UTC'""")
        found = self.query(f"select {names} from orders")
        return [tuple(map(_as_psycopg, NAMES, row)) for row in found]

    def make_target(self) -> None:
        ddl = DDL.format("orders").replace("jsonb", "text").replace(" at ", ' "at" ')
        self.query(ddl.replace("numeric(12, 2)", "numeric(12, 2) check (amount >= 0)"))


class ToMySQL(Place):
    kind = "mysql"

    def prepare(self, others: Any) -> None:
        self.other = others("mysql_db")
        self.urls["mysql"] = self.other.url()

    def destination(self, **more: Any) -> dict[str, Any]:
        return {"kind": "mysql", "connection": "mysql", "table": "orders", **more}

    def query(self, statement: str) -> Rows:
        return self.other.query(statement)

    def rows(self) -> Rows:
        found = self.query(f"select {', '.join(f'`{x}`' for x in NAMES)} from orders")
        return [tuple(map(_as_psycopg, NAMES, row)) for row in found]

    def make_target(self) -> None:
        self.other.query(
            "create table orders (id bigint primary key, region varchar(50), amount decimal(12,2), "
            "big decimal(30,5), count int, small smallint, at datetime(6), day date, local datetime(6), "
            "ratio double, note text, good boolean, doc json, code char(36), raw blob, word text, "
            "constraint not_negative check (amount >= 0)) character set utf8mb4"
        )


PLACES: dict[str, type[Place]] = {x.kind: x for x in (ToPostgres, ToParquet, ToDuckDB, ToMySQL)}
WITH_CHECKS = ["postgres", "duckdb", "mysql"]


def _as_psycopg(name: str, value: Any) -> Any:
    """Return a value as psycopg would give the column of the source."""
    if value is None:
        return None
    if name == "doc":
        return json.loads(value)
    if name == "code" and isinstance(value, str):
        return uuid.UUID(value)
    if name == "at":
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
    return bool(value) if name == "good" else value


def fill(conn: psycopg.Connection[Any], rows: int) -> None:
    """Put rows into the table orders."""
    conn.execute(FILL.format(rows))
    conn.execute("analyze public.orders")


def source(conn: psycopg.Connection[Any], where: str = "true") -> Rows:
    """Return what should arrive."""
    return conn.execute(f"select {', '.join(NAMES)} from public.orders where {where}").fetchall()


@contextmanager
def shop(db: Database) -> Iterator[psycopg.Connection[Any]]:
    """Open a session on a database with the pipeline shop and the table orders; failures are retried at once."""
    with db.connect() as made:
        made.execute("set timezone = 'UTC'")
        made.execute("select backlog.create_pipeline('shop')")
        made.execute(DDL.format("public.orders"))
        for kind in (*PLACES, "archive"):
            made.execute(
                "select backlog.set_retry_policy('backfill.' || %s, p_retry_delay_seconds => 0)", [kind]
            )
        yield made
