"""What a bearer token says of itself."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime


def token_expiry(token: str) -> datetime | None:
    """When a JSON Web Token says it expires (RFC 7519, unverified); None for other tokens."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError, RecursionError, binascii.Error):
        return None
