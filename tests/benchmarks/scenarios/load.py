"""Load: a million staged rows, half of them updates, from COPY to commit; then the same again."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from ..loads import ByHand, Dlt, Input, LoadSystem, Pipeline
from ..loads.data import arrow_table, csv_bytes, python_rows
from ..report import Bar, Results
from ..server import Server, backend_cpu_seconds
from ..settings import Settings
from ..timing import stopwatch

ROWS = 1_000_000
# A generator of Python objects is so much slower that fewer rows say the same.
GENERATOR_SHARE = 10

CSV = "rows/s COPY to commit"
ARROW = "rows/s from Arrow, no FK"
GENERATOR = "rows/s from a generator, no FK"
RELOAD = "rows/s reload, merge only"
RELOAD_ALL = "rows/s reload, COPY to commit"
RELOAD_WAL = "WAL MB of the reload's merge"
CPU = "server CPU us/row of "

BARS = [
    Bar(CSV, "pgbacklog", at_least=0.85, against="by_hand"),
    Bar(ARROW, "pgbacklog", at_least=1.1, against="dlt"),
    Bar(GENERATOR, "pgbacklog", at_least=3.5, against="dlt"),
    Bar(RELOAD, "pgbacklog", at_least=3.0, against="by_hand"),
    Bar(RELOAD_WAL, "pgbacklog", at_most=1.0),
    Bar(CPU + CSV, "pgbacklog", against="by_hand"),
    Bar(CPU + RELOAD, "pgbacklog", against="by_hand"),
]


def inputs(server: Server, rows: int) -> dict[str, Input]:
    """Make the rows to load in every form: the upper half of the old ids, and as many new."""
    few = max(1, rows // GENERATOR_SHARE)
    with server.connect("postgres") as connection:
        csv = csv_bytes(connection, rows // 2 + 1, rows + rows // 2, "b")
    made = {
        CSV: Input("csv", csv, rows),
        GENERATOR: Input("generator", python_rows(few // 2 + 1, few + few // 2, "b"), few),
    }
    with suppress(ImportError):
        made[ARROW] = Input("arrow", arrow_table(csv), rows)
    return made


def measure(system: LoadSystem, metric: str, rows: Input, results: Results) -> None:
    """Load the rows once into a fresh copy, and check what arrived."""
    system.restore()
    with system.server.connect(system.database) as connection, stopwatch() as spent:
        before = backend_cpu_seconds(connection)
        system.load(connection, rows)
        after = backend_cpu_seconds(connection)
    system.check(rows.count + rows.count // 2, rows.count)
    results.add(system.name, metric, rows.count / spent.seconds)
    # dlt connects by itself, several times, so its backends cannot be watched.
    if not isinstance(system, Dlt) and before is not None and after is not None:
        results.add(system.name, CPU + metric, (after - before) / rows.count * 1e6)


def measure_reload(system: ByHand | Pipeline, rows: Input, results: Results) -> None:
    """Load the same rows again into what the last load left behind."""
    with system.server.connect(system.database) as connection:
        connection.execute(f"vacuum analyze {system.stable}")
        system.server.checkpoint()
        with stopwatch() as staging:
            system.stage(connection, rows)
        before = wal_position(system.server)
        cpu_before = backend_cpu_seconds(connection)
        with stopwatch() as merging:
            system.merge(connection)
        cpu_after = backend_cpu_seconds(connection)
        written = wal_position(system.server) - before
    system.check(rows.count + rows.count // 2, rows.count)
    results.add(system.name, RELOAD, rows.count / merging.seconds)
    results.add(system.name, RELOAD_ALL, rows.count / (staging.seconds + merging.seconds))
    results.add(system.name, RELOAD_WAL, written / 1e6)
    if cpu_before is not None and cpu_after is not None:
        results.add(system.name, CPU + RELOAD, (cpu_after - cpu_before) / rows.count * 1e6)


def wal_position(server: Server) -> int:
    """Return the number of bytes of WAL written so far."""
    with server.connect("postgres") as connection:
        row = connection.execute("select pg_current_wal_lsn() - '0/0'").fetchone()
    assert row is not None
    return int(row[0])


def run(server: Server, settings: Settings, results: Results) -> None:
    """Measure every way of loading with every form of input, round by round."""
    rows = settings.rows_or(ROWS)
    made = inputs(server, rows)
    few = made[GENERATOR].count
    contestants: list[tuple[LoadSystem, str]] = [
        (Pipeline(server, settings, parent=True, rows=rows), CSV),
        (ByHand(server, settings, parent=True, rows=rows), CSV),
        (Pipeline(server, settings, parent=False, rows=few), GENERATOR),
        (ByHand(server, settings, parent=False, rows=few), GENERATOR),
        (Dlt(server, settings, parent=False, rows=few, form="generator"), GENERATOR),
        (Pipeline(server, settings, parent=False, rows=rows), ARROW),
        (ByHand(server, settings, parent=False, rows=rows), ARROW),
        (Dlt(server, settings, parent=False, rows=rows, form="arrow"), ARROW),
    ]
    if ARROW not in made:
        results.skip(ARROW, "pip install pyarrow")
    with ExitStack() as cleanup:
        ready = []
        for system, metric in contestants:
            if not settings.wants(system.name) or metric not in made:
                continue
            if reason := system.missing():
                results.skip(system.name, reason)
                continue
            cleanup.callback(system.teardown)
            system.prepare()
            ready.append((system, metric))
        for number in range(settings.rounds):
            for system, metric in ready[:: -1 if number % 2 else 1]:
                measure(system, metric, made[metric], results)
                if metric == CSV and isinstance(system, ByHand | Pipeline):
                    measure_reload(system, made[metric], results)
    results.notes.append(
        f"{rows:,} rows ({few:,} from the generator), half of them updates; the stable table has"
        " a primary key and two indexes, and a foreign key where not said otherwise; by_hand"
        " updates every row, changed or not; rows loaded are counted and compared every time"
    )
