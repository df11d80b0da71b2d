"""Ways to bring a million rows into a stable table: pgbacklog, by hand, dlt."""

from __future__ import annotations

from .base import Input, LoadSystem
from .by_hand import ByHand
from .dlt import Dlt
from .pipeline import Pipeline

__all__ = ["ByHand", "Dlt", "Input", "LoadSystem", "Pipeline"]
