"""The hooks module that the benchmarked listener loads."""

from __future__ import annotations

import os
import threading

from pgbacklog import handler

from .base import Sink

sink = Sink(int(os.environ.get("BENCH_EXPECTED", "0")))
lock = threading.Lock()


@handler("bench")
def bench(item):  # type: ignore[no-untyped-def]
    """Count the item; handlers run in several threads at once."""
    with lock:
        sink.hit(item.event_data.get("ts", 0.0))
