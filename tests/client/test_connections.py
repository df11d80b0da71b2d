"""Which databases hooks get, how they are opened and checked, and what is never shown."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import psycopg
import pytest

from pgbacklog.connections import Connections, Lent
from pgbacklog.errors import AuxiliaryUnavailable, BacklogError
from pgbacklog.logs import redacted

from support.database import Database
from support.listening import eventually
from support.parts import MariaDatabase

CONFIG = """
[connections.shop]
url = "postgresql://app:${SHOP_PASSWORD}@127.0.0.1:1/shop"
[connections.audit]
url = "sqlite:///%s/audit.db"
[connections.loose]
url = "sqlite:///%s/loose.db"
autocommit = true
[pipelines.orders]
source = "shop"
destination = "audit"
auxiliary = ["audit"]
"""


@pytest.fixture
def read(tmp_path: Path):
    """Read a configuration from a text."""

    def run(text: str, **environ: str) -> Connections:
        place = tmp_path / "made.toml"
        place.write_text(text.replace("%s", str(tmp_path)))
        return Connections.read(str(place), environ)

    return run


@pytest.fixture
def lent(read):
    """The connections of CONFIG for one thread."""
    made = Lent(read(CONFIG, SHOP_PASSWORD="p@ss/w:rd?"))
    yield made
    made.close()


def rows(path: Path) -> list:
    with sqlite3.connect(path) as conn:
        return conn.execute("select * from t").fetchall()


def test_pipelines_see_their_connections_by_name(lent: Lent) -> None:
    orders = lent.auxiliary("orders")
    assert list(orders) == ["audit"]
    assert "shop" not in orders
    assert orders.get("nothing") is None
    with pytest.raises(KeyError, match="no auxiliary connection shop"):
        orders["shop"]
    assert sorted(lent.auxiliary("others")) == ["audit", "loose", "shop"]
    assert lent.destination("orders") is orders["audit"]
    with pytest.raises(KeyError, match="no source for the pipeline others"):
        lent.source("others")


def test_without_configuration_the_destination_is_this_database(db: Database) -> None:
    lent = Lent(Connections(), db.dsn)
    found = lent.destination("orders").execute("select current_database()").fetchone()[0]
    assert found == psycopg.conninfo.conninfo_to_dict(db.dsn)["dbname"]
    lent.finish()
    lent.close()


def test_effects_are_committed_or_undone_with_the_hook(lent: Lent, tmp_path: Path) -> None:
    lent.get("audit").execute("create table t (n int)")
    lent.get("audit").execute("insert into t values (1)")
    lent.get("loose").execute("create table t (n int)")
    lent.finish()
    lent.get("audit").execute("insert into t values (2)")
    lent.get("loose").execute("insert into t values (2)")
    with pytest.raises(ZeroDivisionError):
        lent.finish(ZeroDivisionError())

    assert rows(tmp_path / "audit.db") == [(1,)]
    assert rows(tmp_path / "loose.db") == [(2,)]  # autocommit


def test_nothing_is_opened_before_it_is_asked_for_and_all_is_closed(
    lent: Lent, tmp_path: Path
) -> None:
    lent.auxiliary("others")
    assert not list(tmp_path.glob("*.db"))
    connection = lent.get("audit")
    lent.finish()
    assert lent.get("audit") is connection
    lent.close()
    with pytest.raises(sqlite3.ProgrammingError):
        connection.execute("select 1")


def test_a_database_that_cannot_be_opened_is_told_without_its_password(lent: Lent) -> None:
    with pytest.raises(AuxiliaryUnavailable, match="connection shop cannot be opened") as caught:
        lent.source("orders")
    assert "p@ss" not in str(caught.value)
    assert "p%40ss" not in str(caught.value)


def test_a_lost_connection_is_replaced_before_its_next_use(
    db: Database, read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgbacklog.connections._FRESH", 0)
    lent = Lent(read('[connections.pg]\nurl = "${URL}"', URL=url(db)))
    first = lent.get("pg").execute("select pg_backend_pid()").fetchone()[0]
    lent.finish()
    end_backend(db, first)
    assert lent.get("pg").execute("select pg_backend_pid()").fetchone()[0] != first
    lent.close()


def test_a_connection_that_breaks_in_a_hook_is_blamed_if_it_stays_away(db: Database, read) -> None:
    with db.connect() as conn:
        conn.execute("create table t (n int)")
    lent = Lent(read('[connections.pg]\nurl = "${URL}"', URL=url(db)))
    connection = lent.get("pg")
    connection.execute("insert into t values (1)")
    end_backend(db, connection.info.backend_pid)
    with pytest.raises(psycopg.OperationalError):  # it can be opened again: the hook just fails
        lent.finish()
    with pytest.raises(ZeroDivisionError):
        lent.finish(ZeroDivisionError())

    connection = lent.get("pg")
    lent.connections.addresses["pg"] = type(lent.connections.addresses["pg"])(
        "postgresql://127.0.0.1:1/nowhere"
    )
    end_backend(db, connection.info.backend_pid)
    with pytest.raises(psycopg.OperationalError):
        connection.execute("select 1")
    with pytest.raises(AuxiliaryUnavailable, match="connection pg cannot be opened"):
        lent.finish(ZeroDivisionError())


def test_duckdb_has_transactions_as_the_others_have(read, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    lent = Lent(read('[connections.duck]\nurl = "duckdb:///%s/d.duckdb"'))
    lent.get("duck").execute("create table t (n int)")
    lent.finish()
    lent.get("duck").execute("insert into t values (1)")
    with pytest.raises(ZeroDivisionError):
        lent.finish(ZeroDivisionError())
    lent.get("duck").execute("insert into t values (2)")
    lent.get("duck").commit()  # a hook may end its transaction itself
    lent.finish()
    assert lent.get("duck").execute("select * from t").fetchall() == [(2,)]
    lent.close()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[connections.x]\nurl = "mysql://u:${NOT_SET}@h/d"', "environment has no NOT_SET, which connections.x needs"),
        ('[connections.x]\nurl = "oracle://u:hunter2@h/d"', "the url of connections.x is not understood"),
        ('[connections.x]\nurl = "mysql://u:hunter2/x@h/d"', "the url of connections.x is not understood"),
        ('[connections.x]\nurl = "postgresql://u:hunter2@h/d?nonsense=1"', "the url of connections.x is not understood"),
        ('[connections.x]\nurl = "mysql://[hunter2@h/d"', "the url of connections.x is not understood"),
        ("[connections.x]\nlink = 3", "made.toml is not understood: .*link"),
        ("[connections.x]", "made.toml is not understood: .*url"),
        ('[connections.x]\nurl = 3', "made.toml is not understood"),
        ("[connection.x]", "made.toml is not understood: it has a section connection"),
        ("[pipelines.p]\nsource = 'x'", "pipeline p uses unknown connections: x"),
        ("[pipelines.p]\nauxiliary = 'x'", "auxiliary is a list of names"),
        ("[", "made.toml cannot be read"),
    ],
)  # fmt: skip
def test_mistakes_in_the_configuration_are_told_at_once(read, text: str, message: str) -> None:
    with pytest.raises(BacklogError, match=message) as caught:
        read(text)
    shown = f"{caught.value} {caught.value.hint}"
    assert "hunter2" not in shown
    assert caught.value.hint


def test_a_missing_file_is_no_mistake_unless_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not Connections.read(None).addresses
    (tmp_path / "pgbacklog.toml").write_text('[connections.a]\nurl = "sqlite:///a"')
    assert list(Connections.read(None).addresses) == ["a"]
    with pytest.raises(BacklogError, match=r"other.toml cannot be read"):
        Connections.read("other.toml")


def test_secrets_are_struck_out_wherever_they_appear(read) -> None:
    made = read(
        '[connections.x]\nurl = "mysql://u:${PW}@h/d?ssl_key_password=sesame99"', PW="tr0ub4dor&3/x"
    )
    text = "the driver says tr0ub4dor&3/x, or tr0ub4dor%263%2Fx, or sesame99"
    assert redacted(text) == "the driver says ***, or ***, or ***"
    assert "tr0ub4dor" not in repr(made.addresses)


def url(db: Database) -> str:
    """Return the address of a database as a URL."""
    parts = psycopg.conninfo.conninfo_to_dict(db.dsn)
    options = "&".join(f"{key}={value}" for key, value in parts.items() if key != "dbname")
    return f"postgresql:///{parts['dbname']}?{options}"


def end_backend(db: Database, pid: int) -> None:
    """Cut a connection at the server, and wait until it is gone."""
    with db.connect() as conn:
        conn.execute("select pg_terminate_backend(%s)", [pid])
        eventually(
            lambda: not conn.execute(
                "select from pg_stat_activity where pid = %s", [pid]
            ).fetchall()
        )


def test_mysql_connections_are_settled_and_replaced(
    mysql_db: MariaDatabase, read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgbacklog.connections._FRESH", 0)
    mysql_db.query("create table t (id int primary key, n int)")
    text = f'[connections.m]\nurl = "{mysql_db.url("${PW}")}?charset=utf8mb4&read_timeout=20"'
    lent = Lent(read(text, PW=mysql_db.server.password))
    upsert = "insert into t values (%s, 1) on duplicate key update n = n + 1"
    for number in (1, 1, 2):
        with lent.get("m").cursor() as cursor:
            cursor.execute(upsert, [number])
        lent.finish()
    with lent.get("m").cursor() as cursor:
        cursor.execute(upsert, [3])
    with pytest.raises(ZeroDivisionError):
        lent.finish(ZeroDivisionError())
    assert mysql_db.query("select id, n from t order by id") == [(1, 2), (2, 1)]

    first = lent.get("m").thread_id()
    lent.finish()
    mysql_db.query(f"kill {first}")
    assert lent.get("m").thread_id() != first
    lent.close()


def test_a_password_of_the_environment_may_hold_any_character(
    mysql_db: MariaDatabase, read
) -> None:
    password = "p@ss/w:rd?#[&%40 ${x}"
    user = f"odd_{mysql_db.name[-6:]}"
    mysql_db.query(
        f"create user {user} identified by '{password}'; grant all on {mysql_db.name}.* to {user}"
    )
    url = mysql_db.url("${PW}").replace("//app:", f"//{user}:")
    lent = Lent(read(f'[connections.m]\nurl = "{url}"', PW=password))
    assert lent.get("m").ping() is None
    lent.close()
    mysql_db.query(f"drop user {user}")
