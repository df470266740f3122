"""Start one of the engine's programs."""

from __future__ import annotations

import sys

from blockengine.cli.main import main

sys.exit(main())
