"""The engine's program as if it were of another version: `… other_code NEWEST OLDEST VERSION blockengine …`.

What it starts is of that version, too. It names no features, and knows no message that belongs to one.
"""

from __future__ import annotations

import sys

import msgspec

from blockengine.cli.main import main
from blockengine.local import volumes
from blockengine.protocol import messages, speech


def known(raw: bytes | memoryview) -> messages.Request:
    """As `decode_request` was before there was `Rest`."""
    message = decode(raw)
    if isinstance(message, messages.Rest):
        raise msgspec.ValidationError("Invalid value 'Rest'")
    return message


decode = messages.decode_request

if __name__ == "__main__":
    newest, oldest, version, name = sys.argv[1:5]
    assert name == "blockengine", "processes are known again by this word"
    speech.NEWEST, speech.OLDEST, speech.VERSION = int(newest), int(oldest), version
    speech.FEATURES = ()
    messages.decode_request = known
    volumes.PROGRAM = (sys.executable, "-m", "tests.blockengine.local.other_code", *sys.argv[1:5])
    sys.exit(main(sys.argv[5:]))
