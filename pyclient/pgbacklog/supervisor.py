"""Keep one embedded server alive for as long as somebody uses it.

Runs as a process of its own, by path and with the standard library alone. Every user of the server
holds a shared lock on `users.lock`; the kernel drops it however the user ends, SIGKILL included.
Once this process gets that lock exclusively, nobody is left, and it stops the server.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

RESTARTS = 20


def supervise(plan: dict[str, Any]) -> int:
    """Run the server until the last user is gone; start it again when it crashes."""
    base = Path(plan["base"])
    alone = (base / "supervisor.lock").open("w")
    fcntl.flock(alone, fcntl.LOCK_EX)
    stopping = threading.Event()
    server: list[subprocess.Popen[bytes]] = []

    def stop_after_last_user() -> None:
        with (base / "users.lock").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            stopping.set()
            # The lock is kept until this process ends, so that nobody starts a second server
            # before the first is down. Fast shutdown; immediate if that takes too long.
            for number, patience in ((signal.SIGINT, 30), (signal.SIGQUIT, 10)):
                if server and server[0].poll() is None:
                    server[0].send_signal(number)
                    _wait(server[0], patience)
            with contextlib.suppress(OSError):  # a server that had to be killed leaves its socket
                Path(plan["sockets"]).rmdir()
            os._exit(0)

    for attempt in range(RESTARTS):
        with (base / "server.log").open("ab") as log:
            child = subprocess.Popen(
                plan["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                **plan["identity"],
            )
        server[:] = [child]
        if attempt == 0:
            threading.Thread(target=stop_after_last_user, daemon=True).start()
        started = time.monotonic()
        status = child.wait()
        if stopping.is_set():
            threading.Event().wait()  # the other thread ends the process
        if attempt == 0 and time.monotonic() - started < 1 and status == 1:
            return status  # a configuration that cannot work; the log says why
        time.sleep(0.5)  # backends of a killed postmaster still hold its shared memory
    return 1


def _wait(child: subprocess.Popen[bytes], patience: float) -> None:
    deadline = time.monotonic() + patience
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


if __name__ == "__main__":
    # The terminal's Ctrl-C is for the users; they decide when they are done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(supervise(json.loads(sys.argv[1])))
