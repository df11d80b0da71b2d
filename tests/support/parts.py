"""Parts that a test needs and a machine may lack."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(part: str) -> NoReturn:
    """Fail in CI, where a missing part is a fault of the set-up; skip elsewhere and say what to get."""
    if os.environ.get("CI") == "true":
        pytest.fail(part)
    pytest.skip(part)
