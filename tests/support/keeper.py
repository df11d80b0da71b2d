"""Run a private server for as long as the process that asked for it lives.

Runs as a process of its own, with the standard library alone: its standard input is a pipe from the
process that asked. When that says "stop", the server is stopped. When the pipe closes without a
word, the asking process is gone, by SIGKILL perhaps: then the server's folder goes as well.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from typing import Any

PATIENCE = 10  # seconds that a server gets to stop


def keep(plan: dict[str, Any]) -> int:
    """Run the server until told to stop; return its exit status if it ends by itself."""
    stopping = threading.Event()
    with open(plan["log"], "ab") as log:  # noqa: PTH123 - no more imports than needed
        server = subprocess.Popen(
            plan["command"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=plan["folder"],
            env=plan["environment"], **plan["identity"],
        )  # fmt: skip

    def stop_with_the_asker() -> None:
        word = sys.stdin.readline()
        stopping.set()
        server.send_signal(plan["stop"])
        try:
            server.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if not word:
            shutil.rmtree(plan["folder"], ignore_errors=True)
        os._exit(0)

    threading.Thread(target=stop_with_the_asker, daemon=True).start()
    status = server.wait()
    if stopping.is_set():
        threading.Event().wait()  # the other thread ends the process
    return status


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the asker
    sys.exit(keep(json.loads(sys.argv[1])))
