"""Export: a table into Parquet files, end to end, beside ADBC with pyarrow, DuckDB and dlt; wide rows.

pgbacklog plans, leases and completes chunks, syncs files to disk and writes the manifest; the others
write. ADBC and DuckDB get numeric as float8, dlt as it likes; pgbacklog copies it exactly.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pgbacklog import schema

from ..report import Bar, Results
from ..server import Server
from ..settings import Settings
from ..source import COLUMNS, make_source
from ..timing import stopwatch

ROWS = 2_000_000
WIDE_ROWS, WIDE_BYTES = 2000, 200_000  # 400 MB, of which a listener should hold a few
BATCH = 500_000

SPEED = "rows/s into Parquet"
PEAK = "peak RSS MB for wide rows"
BASE = "RSS MB before"

# dlt takes minutes for what the others do in a second; a part of the rows says the same.
DLT_SHARE = 5

BARS = [
    Bar(SPEED, "pgbacklog", at_least=0.9, against="adbc"),
    Bar(SPEED, "pgbacklog", at_least=5.0, against="dlt"),
    Bar(SPEED, "pgbacklog", against="duckdb"),
    Bar(PEAK, "pgbacklog", at_most=350),
]


def prepare(server: Server, database: str, rows: int, wide: int) -> None:
    """Make the tables to copy."""
    server.recreate(database)
    schema.migrate(server.dsn_of(database))
    with server.connect(database) as connection:
        connection.execute("select backlog.create_pipeline('bench')")
        make_source(connection, rows)
        part = max(1, rows // DLT_SHARE)
        connection.execute(f"create table part as select * from src limit {part}")
        connection.execute("create table wide (id int primary key, body text)")
        connection.execute("alter table wide alter body set storage external")
        connection.execute(
            f"insert into wide select i, repeat(md5(i::text), {WIDE_BYTES // 32}) "
            f"from generate_series(1, {wide}) as i"
        )
        connection.execute("vacuum analyze")
    server.checkpoint()


def with_pgbacklog(dsn: str, folder: Path) -> int:
    """Make a backfill and work on it in this process until it is complete."""
    return run_backfill(dsn, "src", folder, BATCH)


def run_backfill(dsn: str, table: str, folder: Path, batch: int, **more: Any) -> int:
    """Make a backfill to files and work on it with two workers; return its rows."""
    from pgbacklog import Listener, Registry
    from pgbacklog import Settings as Working
    from pgbacklog.writers import builtin

    os.environ["PGBACKLOG_FILES"] = str(folder.parent)
    destination = {"kind": "parquet", "path": folder.name, "compression": "snappy", **more}
    with psycopg.connect(dsn, autocommit=True) as connection:
        (made,) = connection.execute(
            "select backlog.create_backfill('bench', %s, p_destination => %s, p_batch_size => %s, "
            "p_workers => 2)", [table, Jsonb(destination), batch],
        ).fetchone()  # fmt: skip
        writer = builtin("parquet")
        registry = Registry()
        registry[writer.event_type] = writer
        while True:
            Listener(dsn, registry, Working("bench", threads=2)).run(until_idle=True)
            state, rows = connection.execute(
                "select b.state, b.rows_matched from backlog.backfills as b where b.backfill_id = %s",
                [made],
            ).fetchone()
            if state not in ("PENDING", "EXECUTING"):
                assert state == "COMPLETED", state
                return int(rows)


def with_adbc(dsn: str, folder: Path) -> int:
    """Stream Arrow batches into one file."""
    import adbc_driver_postgresql.dbapi as adbc
    import pyarrow.parquet as pq

    folder.mkdir()
    rows = 0
    with adbc.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(f"select {COLUMNS.replace('amount', 'amount::float8')} from src")
        reader = cursor.fetch_record_batch()
        with pq.ParquetWriter(folder / "all.parquet", reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
                rows += batch.num_rows
    return rows


def with_duckdb(dsn: str, folder: Path) -> int:
    """Let DuckDB's scanner copy the table; DUCKDB_POSTGRES names its extension."""
    import duckdb

    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"load '{os.environ['DUCKDB_POSTGRES']}'")
        connection.execute(f"attach '{dsn}' as pg (type postgres, read_only)")
        query = f"select {COLUMNS} from pg.src"
        done = connection.execute(
            f"copy ({query}) to '{folder}/all.parquet' (format parquet)"
        ).fetchone()
    return int(done[0])


def with_dlt(url: str, folder: Path) -> int:
    """Let dlt read with its Arrow backend and write Parquet files."""
    import dlt
    from dlt.sources.sql_database import sql_table

    os.environ.update({"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "ERROR"})
    source = sql_table(url, table="part", backend="pyarrow", chunk_size=100_000)
    pipeline = dlt.pipeline(
        "export", pipelines_dir=str(folder / "state"), dataset_name="d",
        destination=dlt.destinations.filesystem(f"file://{folder}/out"),
    )  # fmt: skip
    pipeline.run(source, loader_file_format="parquet").raise_on_failed_jobs()
    return int(pipeline.last_trace.last_normalize_info.row_counts["part"])


def missing(name: str) -> str | None:
    """Say what a peer lacks, if it lacks something."""
    try:
        if name in ("adbc", "pgbacklog"):
            import adbc_driver_postgresql  # noqa: F401
            import pyarrow  # noqa: F401

            import pgbacklog.writers.parquet  # noqa: F401 - not to be measured
        elif name == "duckdb":
            import duckdb  # noqa: F401

            if not Path(os.environ.get("DUCKDB_POSTGRES", "")).is_file():
                return "set DUCKDB_POSTGRES to the file postgres_scanner.duckdb_extension"
        else:
            import dlt  # noqa: F401
            import sqlalchemy  # noqa: F401
    except ImportError as error:
        return f"pip install {error.name}"
    return None


def run(server: Server, settings: Settings, results: Results) -> None:
    """Export the table with every system in turn, then the wide rows with pgbacklog."""
    rows = settings.rows_or(ROWS)
    wide = min(WIDE_ROWS, rows)
    database = f"{settings.database_prefix}export"
    prepare(server, database, rows, wide)
    dsn = server.dsn_of(database)
    url = server.url_of(database).replace("postgresql://", "postgresql+psycopg://", 1)
    systems: dict[str, tuple[Callable[[str, Path], int], str]] = {
        "pgbacklog": (with_pgbacklog, dsn), "adbc": (with_adbc, dsn), "duckdb": (with_duckdb, dsn),
        "dlt": (with_dlt, url),
    }  # fmt: skip
    try:
        for name in list(systems):
            if not settings.wants(name):
                del systems[name]
            elif reason := missing(name):
                results.skip(name, reason)
                del systems[name]
        for number in range(settings.rounds):
            order = list(systems) if number % 2 == 0 else list(reversed(systems))
            for name in order:
                call, address = systems[name]
                folder = Path(tempfile.mkdtemp(prefix="pgbacklog-bench-"))
                with stopwatch() as spent:
                    found = call(address, folder / "out")
                shutil.rmtree(folder)
                expected = max(1, rows // DLT_SHARE) if name == "dlt" else rows
                assert found == expected, f"{name} wrote {found} of {expected} rows"
                results.add(name, SPEED, found / spent.seconds)
            if "pgbacklog" in systems:
                measure_wide(dsn, wide, results)
    finally:
        with suppress(psycopg.Error):
            server.drop(database)
    results.notes.append(
        f"{rows:,} rows of 7 columns; chunks of {BATCH:,} rows, 2 workers; "
        f"{wide:,} wide rows of {WIDE_BYTES // 1000} kB, batches of 16 MB, 2 workers"
    )


def measure_wide(dsn: str, rows: int, results: Results) -> None:
    """Copy wide rows as one large chunk in a process of its own, and read its highest memory."""
    folder = Path(tempfile.mkdtemp(prefix="pgbacklog-bench-"))
    try:
        done = subprocess.run(
            [sys.executable, "-c", WIDE, dsn, str(folder / "out"), str(rows)],
            capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3],
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        base, peak = done.stdout.split()[-2:]
        results.add("pgbacklog", BASE, float(base))
        results.add("pgbacklog", PEAK, float(peak))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


WIDE = """
import os, sys
from pathlib import Path
sys.path[:0] = [str(Path("tests").resolve())]
from benchmarks.scenarios.export import run_backfill
from benchmarks.scenarios.memory import resident_megabytes
import pgbacklog.writers.parquet
base = resident_megabytes(os.getpid(), "VmRSS")
assert run_backfill(sys.argv[1], "wide", Path(sys.argv[2]), 1_000_000) == int(sys.argv[3])
print(base, resident_megabytes(os.getpid(), "VmHWM"))
"""
