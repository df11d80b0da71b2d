"""The one message that every system carries: about 105 bytes of JSON."""

from __future__ import annotations

import json

PAD = "x" * 60


def payload(number: int) -> str:
    """Return the message with this number as JSON text."""
    fields = {"object": "Contact", "op": "upsert", "id": number, "attempt": 0, "pad": PAD}
    return json.dumps(fields, separators=(",", ":"))


# The same message made by the server, where the client must not be part of what is timed.
PAYLOAD_SQL = (
    "jsonb_build_object('object', 'Contact', 'op', 'upsert', 'id', g, 'attempt', 0,"
    " 'pad', repeat('x', 60))"
)
