"""The engine's program as if it were of another version: `… other_code NEWEST OLDEST VERSION blockengine …`.

What it starts is of that version, too. It names no features.
"""

from __future__ import annotations

import sys

from blockengine.cli.main import main
from blockengine.local import volumes
from blockengine.protocol import speech

if __name__ == "__main__":
    newest, oldest, version, name = sys.argv[1:5]
    assert name == "blockengine", "processes are known again by this word"
    speech.NEWEST, speech.OLDEST, speech.VERSION = int(newest), int(oldest), version
    speech.FEATURES = ()
    volumes.PROGRAM = (sys.executable, "-m", "tests.blockengine.local.other_code", *sys.argv[1:5])
    sys.exit(main(sys.argv[5:]))
