"""Start listeners as processes of their own, and kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LEASE_SECONDS = 3
STOP_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Worker:
    """A running `pgbacklog listen`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def suspend(self) -> None:
        """Stop the process where it is, so that it can be looked at."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a suspended process go on."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process without a chance to clean up."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask the process to stop; return its exit status."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self.process.poll() is None

    def last_words(self, lines: int = 15) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def start_worker(name: str, dsn: str, api: str, folder: Path) -> Worker:
    """Start a listener with the demo's hooks, as a user would on the command line."""
    log = folder / f"{name}.log"
    command = [
        sys.executable, "-m", "pgbacklog", "listen", "--hooks", "pgbacklog.demo.hooks",
        "--hooks", "pgbacklog.demo.audit_hooks", "--config", str(folder / "pgbacklog.toml"),
        "--worker-id", name, "--threads", "4", "--batch-size", "8",
        "--lock-timeout", str(LEASE_SECONDS), "--item-timeout", "10", "--poll-interval", "1",
    ]  # fmt: skip
    environment = {**os.environ, "FLIGHTS_API": api}
    if dsn:  # empty means that the PG* variables say where the database is
        environment["DATABASE_URL"] = dsn
    with log.open("wb") as output:
        # A group of its own: Ctrl-C reaches the demo, which then stops its workers in order.
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    return Worker(name, process, log)


@contextmanager
def workers(names: list[str], dsn: str, api: str, folder: Path) -> Iterator[list[Worker]]:
    """Run listeners while the block runs; what is still alive then is stopped."""
    started: list[Worker] = []
    try:
        for name in names:
            started.append(start_worker(name, dsn, api, folder))
        yield started
    finally:
        for worker in started:
            if worker.alive():
                worker.resume()
                worker.stop()
