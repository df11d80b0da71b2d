"""Do one step of a worker measurement in a process of its own.

The packages replace event loops, signal handlers and loggers as they please, and end in their
own ways; so each step runs as `python -m tests.benchmarks.workers NAME STEP [NUMBER] [RATE]`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

from ..server import Server
from ..settings import Settings, peer_sql_from_environment
from . import WORKERS, Sink, WorkerSystem
from .backlog import BacklogHooks


async def send_at_rate(worker: WorkerSystem, count: int, rate: float) -> None:
    """Send `count` jobs, `rate` per second, each with the time of its sending."""
    send = await worker.sender()
    started = time.time()
    for number in range(count):
        await asyncio.sleep(max(0.0, started + number / rate - time.time()))
        await send(time.time())


def run(step: asyncio.Future[None] | object) -> None:
    """Run a coroutine on uvloop where it is installed, as the packages recommend."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(step)  # type: ignore[arg-type]
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(step)  # type: ignore[arg-type]


def main() -> None:
    """Take the step that the command line names."""
    name, step, *numbers = sys.argv[1:]
    settings = Settings(
        dsn=os.environ["BENCH_DSN"],
        peer_sql=peer_sql_from_environment(),
        database_prefix=os.environ["BENCH_PREFIX"],
    )
    kinds = {**WORKERS, BacklogHooks.name: BacklogHooks}
    worker = kinds[name](Server(settings.dsn), settings)
    if step == "setup":
        run(worker.setup())
    elif step == "fill":
        run(worker.fill(int(numbers[0])))
    elif step == "work":
        run(worker.work(Sink(int(numbers[0]))))
    elif step == "send":
        run(send_at_rate(worker, int(numbers[0]), float(numbers[1])))
    elif step == "unfinished":
        print(json.dumps({"unfinished": worker.unfinished()}))
    else:
        raise SystemExit(f"unknown step {step}")
    sys.stdout.flush()
    # Some packages leave threads and pools behind that would keep the process alive.
    os._exit(0)


if __name__ == "__main__":
    main()
