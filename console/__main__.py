"""``python -m console``: the same as ``navarch``."""

import sys

from console.cli.main import main

sys.exit(main())
