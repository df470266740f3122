"""``python -m console``: the same as ``navarch``."""

from console.cli.program import start

start()
