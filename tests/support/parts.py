"""Parts that a test needs and a machine may lack: private servers of other makers."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgbacklog import embedded

from support import keeper

START_TIMEOUT = 60  # seconds
MULTI_STATEMENTS = 1 << 16  # MySQL's flag: several statements in one string


def missing(part: str) -> NoReturn:
    """Fail in CI, where a missing part is a fault of the set-up; skip elsewhere and say what to get."""
    if os.environ.get("CI") == "true":
        pytest.fail(part)
    pytest.skip(part)


def program(name: str, package: str) -> str:
    """Return the path of a program, which may be in a folder for administrators."""
    places = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
    return shutil.which(name, path=places) or missing(f"there is no {name}; Debian: apt install {package}")


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


class PrivateServer(ABC):
    """A server in a folder of its own, on a port of its own, that ends with the test process."""

    stop_signal = signal.SIGTERM

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pgbacklog-test-"))
        self.folder.chmod(0o711)
        self.log = self.folder / "server.log"
        self.port = 0
        # Neither server runs as root; both get the account that the embedded PostgreSQL has, which
        # may enter that one's folder of sockets.
        self.identity = embedded._identity(self.folder)
        self.own(self.folder)
        self._keeper: subprocess.Popen[bytes] | None = None

    def own(self, path: Path) -> None:
        """Give a file to the server's account."""
        if "user" in self.identity:
            os.chown(path, self.identity["user"], self.identity["group"])

    @abstractmethod
    def command(self) -> list[str]:
        """Return the command that runs the server in the foreground on `self.port`."""

    @abstractmethod
    def answers(self) -> bool:
        """Tell whether the server takes connections."""

    def start(self) -> None:
        """Start the server, on the port it had or on a new one, and wait until it answers."""
        tries = 1 if self.port else 5  # somebody may take a free port before the server does
        for remaining in reversed(range(tries)):
            if tries > 1:
                self.port = free_port()
            self._launch()
            if self._came_up():
                return
            self.stop()
            if not remaining:
                raise AssertionError(f"{self.command()[0]} does not start\n{self.tail()}")

    def _launch(self) -> None:
        plan = {
            "command": self.command(), "folder": str(self.folder), "log": str(self.log),
            "identity": self.identity, "stop": int(self.stop_signal),
            "environment": {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
        }  # fmt: skip
        self._keeper = subprocess.Popen(
            [sys.executable, "-I", keeper.__file__, json.dumps(plan)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd="/", start_new_session=True,
        )  # fmt: skip

    def _came_up(self) -> bool:
        assert self._keeper is not None
        deadline = time.monotonic() + START_TIMEOUT
        while self._keeper.poll() is None and time.monotonic() < deadline:
            if self.answers():
                return self._keeper.poll() is None
            time.sleep(0.02)
        return False

    def tail(self) -> str:
        """Return the end of the server's log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-20:])

    def stop(self) -> None:
        """Stop the server; it can be started again with what it has."""
        if self._keeper is not None:
            try:
                self._keeper.communicate(b"stop\n", timeout=keeper.PATIENCE + 5)
            except subprocess.TimeoutExpired:
                self._keeper.kill()
            self._keeper = None

    def kill(self) -> None:
        """Kill the server as a crash would; start() brings it back with what it has."""
        assert self._keeper is not None
        found = subprocess.run(
            ["pgrep", "-P", str(self._keeper.pid)], capture_output=True, text=True, check=True
        )
        for pid in found.stdout.split():
            os.kill(int(pid), signal.SIGKILL)
        self._keeper.wait(keeper.PATIENCE)  # it ends with the server; only then may its pipe close
        self._keeper.communicate()
        self._keeper = None

    def close(self) -> None:
        """Stop the server and remove what it wrote."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class MariaDB(PrivateServer):
    """A MariaDB server; `database()` gives a fresh database with a user of its own.

    Only if it is `durable` it has after a kill all that was committed before; others are faster.
    """

    user = "app"

    def __init__(self, durable: bool = False) -> None:
        self.durable = durable
        self.server = program("mariadbd", "mariadb-server")
        self.installer = program("mariadb-install-db", "mariadb-server")
        try:
            import pymysql
        except ImportError:
            missing("there is no PyMySQL; pip install 'pgbacklog[mysql]'")
        self._connect: Callable[..., Any] = pymysql.connect
        super().__init__()
        self.password = secrets.token_hex(8)
        self._install()

    def _install(self) -> None:
        self.data = self.folder / "data"
        self.data.mkdir(mode=0o700)
        self.own(self.data)
        done = subprocess.run(
            [self.installer, "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
             "--auth-root-authentication-method=normal", "--skip-name-resolve",
             "--innodb-log-file-size=8M"],
            cwd=self.folder, capture_output=True, text=True, check=False, timeout=START_TIMEOUT,
            **self.identity,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr

    def command(self) -> list[str]:
        """Return the command; small, and careless of power cuts unless it is durable."""
        return [
            self.server, "--no-defaults", f"--datadir={self.data}", f"--port={self.port}",
            "--bind-address=127.0.0.1", f"--socket={self.folder / 'mariadb.sock'}",
            f"--pid-file={self.folder / 'mariadb.pid'}", "--skip-name-resolve", "--skip-log-bin",
            "--innodb-buffer-pool-size=16M", "--innodb-log-file-size=8M",
            f"--innodb-flush-log-at-trx-commit={int(self.durable)}",
            f"--innodb-doublewrite={int(self.durable)}",
            "--performance-schema=off", "--key-buffer-size=1M", "--aria-pagecache-buffer-size=1M",
        ]  # fmt: skip

    def connect(self, database: str | None = None) -> Any:
        """Open a connection as the server's administrator, in autocommit mode."""
        return self._connect(
            unix_socket=str(self.folder / "mariadb.sock"), user="root", database=database,
            autocommit=True, charset="utf8mb4", client_flag=MULTI_STATEMENTS,
        )  # fmt: skip

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        try:
            self.connect().close()
        except OSError:
            return False
        except Exception as error:
            # PyMySQL's own errors; 2003 and 2002 are "cannot connect"
            if error.args and error.args[0] in (2002, 2003):
                return False
            raise
        return True

    @contextmanager
    def database(self, name: str = "") -> Iterator[MariaDatabase]:
        """Yield a fresh database that the user may do everything in."""
        name = name or f"app_{secrets.token_hex(4)}"
        with self.connect() as conn, conn.cursor() as cursor:
            cursor.execute(f"create database {name} character set utf8mb4")
            cursor.execute(f"create user if not exists {self.user} identified by '{self.password}'")
            cursor.execute(f"grant all on {name}.* to {self.user}")
        try:
            yield MariaDatabase(self, name)
        finally:
            if self._keeper is not None:
                with self.connect() as conn, conn.cursor() as cursor:
                    cursor.execute(f"drop database {name}")


@dataclass(frozen=True)
class MariaDatabase:
    """One database of a test on the private MariaDB server."""

    server: MariaDB
    name: str

    def url(self, password: str | None = None) -> str:
        """Return the address as users write it, with the password or with what stands for it."""
        shown = quote(self.server.password) if password is None else password
        return f"mysql://{self.server.user}:{shown}@127.0.0.1:{self.server.port}/{self.name}"

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        """Run statements and return the rows of the last one that has rows."""
        return ([], *(rows for _, rows in self.results(statement)))[-1]

    def results(self, script: str) -> list[tuple[list[str], list[tuple[Any, ...]]]]:
        """Run statements; return the column names and the rows of each that has rows."""
        found = []
        with self.server.connect(self.name) as conn, conn.cursor() as cursor:
            cursor.execute(script)
            while True:
                if cursor.description:
                    names = [column[0] for column in cursor.description]
                    found.append((names, list(cursor.fetchall())))
                if not cursor.nextset():
                    return found


class PgBouncer(PrivateServer):
    """A PgBouncer in front of the server of `dsn`; `pool_mode` is transaction or session."""

    stop_signal = signal.SIGINT  # at once; SIGTERM means the same before version 1.23

    def __init__(self, dsn: str, pool_mode: str = "transaction") -> None:
        self.server = program("pgbouncer", "pgbouncer")
        super().__init__()
        self.target, self.pool_mode, self.database = dsn, pool_mode, "postgres"
        self.settings = self.folder / "pgbouncer.ini"

    def command(self) -> list[str]:
        """Return the command; the settings are written for it."""
        with psycopg.connect(self.target) as conn:
            info = conn.info
            self.database = info.dbname
            parts = {"host": info.host, "port": info.port, "user": info.user, "password": info.password}
        target = " ".join(
            f"{name}='{str(value).replace(chr(39), 2 * chr(39))}'" for name, value in parts.items() if value
        )
        self.settings.write_text(
            f"[databases]\n* = {target}\n"
            "[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"pool_mode = {self.pool_mode}\nauth_type = any\n"
            "default_pool_size = 30\nmax_client_conn = 200\nserver_lifetime = 3600\n"
            "server_check_delay = 1\nlog_connections = 0\nlog_disconnections = 0\n"
            "ignore_startup_parameters = extra_float_digits,options\n"
        )
        self.settings.chmod(0o600)
        self.own(self.settings)
        return [self.server, str(self.settings)]

    def dsn(self, database: str) -> str:
        """Return the address, through this pooler, of one of the target's databases."""
        user = conninfo_to_dict(self.target).get("user") or "postgres"
        return make_conninfo(
            "", host="127.0.0.1", port=self.port, user=str(user), dbname=database, sslmode="disable",
            gssencmode="disable",
        )  # fmt: skip

    def answers(self) -> bool:
        """Tell whether the pooler takes connections."""
        try:
            psycopg.connect(self.dsn(self.database), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True
