"""pgbacklog uninstall: everything that it made, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import make_conninfo

from pgbacklog import schema
from pgbacklog.cli import main
from pgbacklog.embedded import EmbeddedServer
from pgbacklog.errors import SchemaDriftError

from support.database import Cluster, Database

EVERYTHING = """
  select 'schema ' || nspname from pg_namespace where nspname !~ '^pg_'
  union all select 'role ' || rolname from pg_roles
  union all select 'relation ' || oid::regclass::text from pg_class
    where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
  union all select 'function ' || oid::regprocedure::text from pg_proc
    where pronamespace::regnamespace::text !~ '^(pg_|information_schema)'
  union all select 'type ' || oid::regtype::text from pg_type
    where typnamespace::regnamespace::text !~ '^(pg_|information_schema)'
"""


def everything(conn: psycopg.Connection) -> set[str]:
    return {name for (name,) in conn.execute(EVERYTHING)}


@pytest.fixture
def alone(own_server: EmbeddedServer) -> Iterator[Database]:
    """A database on a server of its own, since roles belong to the whole server."""
    database = Database(own_server.dsn)
    yield database
    database.close()


def test_a_database_is_as_it_was_before(alone: Database) -> None:
    conn = alone.connect()
    conn.execute("create schema mine; create table mine.sale (sale_id int primary key);"
                 "create view mine.sales as select * from mine.sale")
    before = everything(conn)
    schema.migrate(alone.dsn)
    assert "role backlog_worker" in everything(conn)
    result = CliRunner().invoke(main, ["--dsn", alone.dsn, "uninstall", "--yes"])
    assert result.exit_code == 0, result.output
    assert everything(conn) == before
    assert "dropped role backlog_worker" in result.output


def test_it_asks_first(alone: Database) -> None:
    schema.migrate(alone.dsn)
    result = CliRunner().invoke(main, ["--dsn", alone.dsn, "uninstall"], input="n\n")
    assert result.exit_code == 1
    assert "role backlog_worker" in everything(alone.connect())


def test_roles_that_are_still_needed_stay(alone: Database) -> None:
    conn = alone.connect()
    schema.migrate(alone.dsn)
    conn.execute("create role app in role backlog_worker")
    conn.execute("create table public.mine (id int);"
                 "grant select on public.mine to backlog_monitor")
    said: list[str] = []
    schema.uninstall(alone.dsn, say=said.append)
    left = everything(conn)
    assert "role backlog_worker" in left
    assert "role backlog_monitor" in left
    assert "role backlog_producer" not in left
    assert "kept role backlog_worker, which has members" in said


def test_a_second_database_of_the_server_keeps_its_roles(alone: Database) -> None:
    cluster = Cluster(alone.dsn)
    with cluster.database("template0") as other:
        schema.migrate(alone.dsn)
        schema.migrate(other.dsn)
        schema.uninstall(alone.dsn)
        assert schema.drift(other.connect()) == []
        assert "role backlog_worker" in everything(other.connect())
        schema.uninstall(other.dsn)
        assert "role backlog_worker" not in everything(other.connect())
    cluster.close()


def test_a_role_that_was_there_before_is_not_ours_to_drop(alone: Database) -> None:
    conn = alone.connect()
    conn.execute("create role backlog_worker")
    schema.migrate(alone.dsn)
    schema.uninstall(alone.dsn)
    assert "role backlog_worker" in everything(conn)


@pytest.mark.parametrize(
    ("theirs", "name"),
    [
        ("create view public.mine as select * from backlog.settings", "view mine"),
        ("create function public.mine() returns text language sql begin atomic "
         "select backlog.version(); end", "function mine()"),
        ("create table public.mine (name text references backlog_internal.setting)", "table mine"),
        ("create table public.mine (at timestamptz default backlog_internal.clock())",
         "table mine"),
    ],
)
def test_what_others_built_on_it_stops_it(alone: Database, theirs: str, name: str) -> None:
    schema.migrate(alone.dsn)
    conn = alone.connect()
    conn.execute(theirs)
    with pytest.raises(SchemaDriftError, match="still used by") as caught:
        schema.uninstall(alone.dsn)
    assert name in str(caught.value)
    assert "role backlog_worker" in everything(conn)
    schema.uninstall(alone.dsn, cascade=True)
    assert not {found for found in everything(conn) if "backlog" in found}


def test_our_marked_tables_elsewhere_and_our_triggers_go_too(alone: Database) -> None:
    schema.migrate(alone.dsn)
    conn = alone.connect()
    conn.execute("create table public.sale (id int)")
    before = everything(conn)
    conn.execute("create unlogged table public.delta_sale (id int);"
                 "comment on table public.delta_sale is 'made by pgbacklog for pipeline sales'")
    conn.execute("create function backlog_internal.touched() returns trigger language plpgsql as "
                 "$$begin return null; end$$;"
                 "create trigger touched after update on public.sale for each row "
                 "execute function backlog_internal.touched()")
    schema.uninstall(alone.dsn)
    assert {name for name in before if "backlog" not in name} == everything(conn)


def test_a_database_without_pgbacklog_is_told_so(alone: Database) -> None:
    result = CliRunner().invoke(main, ["--dsn", alone.dsn, "uninstall", "--yes"])
    assert result.exit_code == 1
    assert "pgbacklog is not installed here" in result.output


def test_it_can_be_installed_again(alone: Database) -> None:
    schema.migrate(alone.dsn)
    schema.uninstall(alone.dsn)
    schema.migrate(alone.dsn)
    assert schema.drift(alone.connect()) == []


def test_an_owner_without_superuser_rights_can_install_and_uninstall(alone: Database) -> None:
    conn = alone.connect()
    conn.execute("create role owner login createrole")
    conn.execute("create database theirs owner owner")
    before = everything(conn)
    dsn = make_conninfo(alone.dsn, user="owner", dbname="theirs")
    schema.migrate(dsn)
    schema.migrate(dsn)
    with psycopg.connect(dsn) as theirs:
        assert schema.drift(theirs) == []
        assert theirs.execute("select count(*) from backlog.settings").fetchone()[0] > 0
    schema.uninstall(dsn)
    assert everything(conn) == before
