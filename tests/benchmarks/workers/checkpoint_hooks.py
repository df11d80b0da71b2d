"""The hooks module that the listener loads for the scenario about hooks."""

from __future__ import annotations

import os
import threading

from pgbacklog import CheckpointParam, checkpoint

from .base import Sink

sink = Sink(int(os.environ.get("BENCH_EXPECTED", "0")))
lock = threading.Lock()


@checkpoint(pipeline="bench", mode="individual")
def bench(param: CheckpointParam) -> None:
    """Count the record; several threads call this at once."""
    with lock:
        sink.hit(param.record.get("ts", 0.0))
