"""Structured log lines, as key=value or JSON, with secrets struck out."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime

logger = logging.getLogger("pgbacklog")

_SECRETS = (
    (re.compile(r"(://[^:/@\s]*:)[^@/\s]+@"), r"\1***@"),
    (re.compile(r"(?i)((?:password|secret|token|api_?key)\s*[=:]\s*)('[^']*'|[^\s&]+)"), r"\1***"),
)

_hidden: set[str] = set()


def hide(secret: str) -> None:
    """Strike out this text from now on wherever it appears, unless it is too short to be one."""
    if len(secret) >= 4:
        _hidden.add(secret)


def redacted(text: str) -> str:
    """Return a text without known secrets and passwords of connection strings."""
    for secret in sorted(_hidden, key=len, reverse=True):
        text = text.replace(secret, "***")
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def note(level: int, event: str, **fields: object) -> None:
    """Log one event with its facts."""
    logger.log(level, event, extra={"fields": fields})


class LineFormatter(logging.Formatter):
    """Write `time level event key=value ...`, or the same as one JSON object."""

    def __init__(self, as_json: bool = False) -> None:
        super().__init__()
        self.as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        facts = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            facts["traceback"] = self.formatException(record.exc_info)
        facts = {
            key: value if isinstance(value, int | float) else redacted(str(value))
            for key, value in facts.items()
            if value is not None
        }
        if self.as_json:
            return json.dumps(facts)
        words = [facts.pop("time"), facts.pop("level"), json.dumps(facts.pop("event"))]
        return " ".join(words + [f"{key}={_quoted(str(value))}" for key, value in facts.items()])


def set_up_logging(log_format: str, level: str) -> None:
    """Send pgbacklog's log lines to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(as_json=log_format == "json"))
    logger.handlers[:] = [handler]
    logger.setLevel(level.upper())
    logger.propagate = False


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[^\s\"=]+", value) else json.dumps(value)
