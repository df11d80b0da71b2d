"""Bring a database to the schema that ships with this package, check it, and remove it again."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import Migration, MigrationStep

from pgbacklog import __version__
from pgbacklog.assets import asset_dir, migration_files, read_text, sql_files
from pgbacklog.errors import SchemaDriftError, translated

Say = Callable[[str], None]
SAFE_PATH = "set search_path = pg_catalog, pg_temp"
SEAL = "insert into backlog_internal.sealed_migration (name, sha256, applied_at) values "


def migrate(
    dsn: str, *, adopt: bool = False, lock_timeout: float = 600, say: Say = lambda _: None
) -> None:
    """Apply what is pending, load every function, prove that nothing is pending or drifts.

    Any number of processes may do this at once; they take turns, each waiting up to `lock_timeout`
    seconds. `adopt` accepts tables and indexes that were changed by hand as they are.

    Raises SchemaDriftError when the database cannot be brought to the shipped schema.
    """
    with _connect(dsn) as conn, _turn(conn, lock_timeout, say):
        _refuse_edited_migrations(conn)
        _refuse_changed_tables(conn, adopt)
        conn.execute("create schema if not exists backlog_internal")
        with _Backend(dsn) as backend:
            _apply_migrations(conn, backend, say)
            _load_objects(conn, say)
            _prove(conn, backend, say)


def installer() -> str:
    """Return one script that installs everything with `psql -1 -f`, without this package.

    A later `migrate` finds what the script has applied.
    """
    begin, *objects = sql_files()
    parts = [
        f"-- pgbacklog {__version__}: the whole installation. Run it with: psql -1 -f",
        "\\set ON_ERROR_STOP on",
        read_text(begin),
        "do $$ begin\n  if to_regclass('backlog_internal.sealed_migration') is not null then\n"
        "    raise exception using errcode = 'PB006', message = 'pgbacklog is installed already',"
        "\n      hint = 'Run pgbacklog migrate to bring it up to date.';\n  end if;\nend $$;",
    ]
    for path in migration_files():
        parts += [read_text(path), f"{SEAL}('{path.stem}', '{checksum(path)}', clock_timestamp());"]
    parts += [read_text(path) for path in objects]
    parts.append(f"select backlog_internal.finish_install('{__version__}');")
    return "\n".join(part.rstrip() + "\n" for part in parts)


def uninstall(dsn: str, *, cascade: bool = False, say: Say = lambda _: None) -> None:
    """Remove everything that pgbacklog made; roles only if nothing else needs them.

    `cascade` also removes what others built on it, such as views over its views.

    Raises SchemaDriftError when it is not installed, or still used.
    """
    with _connect(dsn) as conn, _turn(conn, 60, say):
        conn.add_notice_handler(lambda notice: say(str(notice.message_primary)))
        with translated(), conn.transaction():
            if cascade:
                conn.execute("set local backlog.uninstall_cascade = 'yes'")
            conn.execute(read_text(asset_dir("sql") / "uninstall.sql").encode())


def drift(conn: psycopg.Connection[Any]) -> list[tuple[str, str, str]]:
    """Return kind, object and problem of everything that is not as it was shipped.

    Raises SchemaDriftError when nothing is installed, or not this version.
    """
    if not _exists(conn, "backlog.drift"):
        raise SchemaDriftError("pgbacklog is not installed here", "Run: pgbacklog migrate")
    found = conn.execute("select kind, object, problem from backlog.drift order by 1, 2").fetchall()
    sealed = _sealed(conn)
    found += [
        ("migration", path.stem, "missing")
        for path in migration_files()
        if path.stem not in sealed
    ]
    return found


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file's text, the same with either kind of line end."""
    return hashlib.sha256(read_text(path).encode()).hexdigest()


def _connect(dsn: str) -> psycopg.Connection[Any]:
    # Without an encoding, as databases of SQL_ASCII have none, texts would be bytes here.
    return psycopg.connect(dsn, autocommit=True, client_encoding="utf8")


class _Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """yoyo's bookkeeping in backlog_internal, over libpq's own address syntax.

    yoyo's lock is not used: it stays behind after a crash, and the advisory lock does its work.
    """

    schema = "backlog_internal"
    _is_locked = True

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        address = DatabaseURI("postgresql+psycopg", None, None, None, None, "", {})
        super().__init__(address, "_yoyo_migration")

    def connect(self, _: DatabaseURI) -> psycopg.Connection[Any]:
        return _connect(self.dsn)

    def copy(self) -> _Backend:
        """Return the connection that a migration runs on: names must be qualified there."""
        other = _Backend(self.dsn)
        other.connection.execute(SAFE_PATH)
        # Whoever waits longer for a table makes everybody behind him wait as well.
        other.connection.execute("set lock_timeout = '30s'")
        return other

    def log_migration(self, migration: Migration, operation: str) -> None:
        """Leave out yoyo's log, which asks the name server and the password file.

        backlog_internal.sealed_migration tells what was applied when.
        """


@contextmanager
def _turn(conn: psycopg.Connection[Any], lock_timeout: float, say: Say) -> Iterator[None]:
    # Polled, because a session that waits inside pg_advisory_lock holds a snapshot, for which a
    # concurrent index build of the session before it would wait in turn: a hang without a deadlock.
    lock = "select pg_try_advisory_lock(hashtextextended('pgbacklog.migrate', 0))"
    deadline, waiting = time.monotonic() + lock_timeout, False
    while not conn.execute(lock).fetchone()[0]:  # type: ignore[index]
        if time.monotonic() > deadline:
            raise SchemaDriftError(
                f"another migration has been running for {lock_timeout:g} s",
                "Find it in pg_locks where locktype = 'advisory', or wait longer.",
            )
        if not waiting:
            say("wait    for another migration to finish")
            waiting = True
        time.sleep(0.2)
    yield  # the lock ends with the connection


def _exists(conn: psycopg.Connection[Any], relation: str) -> bool:
    found = conn.execute("select to_regclass(%s) is not null", [relation]).fetchone()
    return found is not None and bool(found[0])


def _sealed(conn: psycopg.Connection[Any]) -> dict[str, str]:
    if not _exists(conn, "backlog_internal.sealed_migration"):
        return {}
    rows = conn.execute("select m.name, m.sha256 from backlog_internal.sealed_migration as m")
    return dict(rows.fetchall())


def _refuse_edited_migrations(conn: psycopg.Connection[Any]) -> None:
    files = {path.stem: path for path in migration_files()}
    for name, sealed in sorted(_sealed(conn).items()):
        if name not in files:
            raise SchemaDriftError(
                f"the database has migration {name}, which pgbacklog {__version__} does not know",
                "It was made by a later version; upgrade the package.",
            )
        if checksum(files[name]) != sealed:
            raise SchemaDriftError(
                f"migration {name} was edited after it had been applied: {files[name]}",
                "Restore the file and put the change into a new migration.",
            )


def _refuse_changed_tables(conn: psycopg.Connection[Any], adopt: bool) -> None:
    """Stop before a change that somebody made by hand is taken for what was shipped."""
    if adopt or not _exists(conn, "backlog.drift"):
        return
    found = conn.execute(
        "select d.kind, d.object, d.problem from backlog.drift as d "
        "where d.kind in ('table', 'constraint', 'index') order by 1, 2"
    ).fetchall()
    if found:
        raise SchemaDriftError(
            "the tables are not as they were shipped:" + _listed(found),
            "Undo the change, or accept it with: pgbacklog migrate --adopt",
        )


def _apply_migrations(conn: psycopg.Connection[Any], backend: _Backend, say: Say) -> None:
    migrations = read_migrations(str(asset_dir("migrations")))
    sealed = _sealed(conn)
    # Applied by the psql installer, or by a process that died between applying and marking.
    unmarked = [found for found in backend.to_apply(migrations) if found.id in sealed]
    backend.mark_migrations(unmarked)
    for found in unmarked:
        say(f"mark    {found.id}, applied before")
    pending = backend.to_apply(migrations)
    for found in pending:
        say(f"apply   {found.id}")
        found.load()
        # The seal commits together with the migration, unlike yoyo's own mark.
        found.steps.append(MigrationStep(len(found.steps), _sealing(found), None))
        try:
            backend.apply_one(found)
        except psycopg.Error as error:
            raise SchemaDriftError(
                f"migration {found.id} failed: {error}", error.diag.message_hint
            ) from error
    if not pending:
        say("apply   nothing, every migration is in place")


def _sealing(migration: Migration) -> Callable[[psycopg.Connection[Any]], None]:
    def seal(conn: psycopg.Connection[Any]) -> None:
        conn.execute(
            SEAL + "(%s, %s, clock_timestamp())", [migration.id, checksum(Path(migration.path))]
        )

    return seal


def _load_objects(conn: psycopg.Connection[Any], say: Say) -> None:
    files = sql_files()
    with conn.transaction():
        for path in files:
            try:
                conn.execute(read_text(path).encode())
            except psycopg.Error as error:
                raise SchemaDriftError(
                    f"{_place(path, error)}: {error.diag.message_primary}", _load_hint(error)
                ) from error
        conn.execute("select backlog_internal.finish_install(%s)", [__version__])
    say(f"load    {len(files)} files of sql/, version {__version__}")


def _place(path: Path, error: psycopg.Error) -> str:
    place = path.relative_to(asset_dir("sql").parent).as_posix()
    if position := error.diag.statement_position:
        place += f":{read_text(path)[: int(position)].count(chr(10)) + 1}"
    return place


def _load_hint(error: psycopg.Error) -> str | None:
    if isinstance(error, psycopg.errors.InvalidFunctionDefinition):
        return "A changed signature needs a migration that drops the old object first."
    return error.diag.message_hint or error.diag.message_detail


def _prove(conn: psycopg.Connection[Any], backend: _Backend, say: Say) -> None:
    pending = backend.to_apply(read_migrations(str(asset_dir("migrations"))))
    if pending:
        raise SchemaDriftError(f"still pending: {', '.join(found.id for found in pending)}")
    if found := drift(conn):
        raise SchemaDriftError(
            "the schema is not as it was shipped:" + _listed(found),
            "Move objects of your own out of the schemas backlog and backlog_internal.",
        )
    say("check   nothing is pending, nothing drifts")


def _listed(found: list[tuple[str, str, str]]) -> str:
    lines = [f"\n  {kind} {name}: {problem}" for kind, name, problem in found[:20]]
    if len(found) > len(lines):
        lines.append(f"\n  and {len(found) - len(lines)} more")
    return "".join(lines)
