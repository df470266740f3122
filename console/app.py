"""The console's door: opens the window on a session.

Textual reads its switches from the environment while it is imported, so they are set before that, here.
"""

from __future__ import annotations

import asyncio
import sys

from backend import log
from console.session import Session

_SWITCH = 0.001
"""Seconds that another thread may be asked to wait for this one's turn; by itself Python lets it compute for
five. A key comes from a thread, its frame leaves through one, and while an access is read in one the loop
must get its turn back after each look at its sockets."""


def run(session: Session) -> int:
    """Open the console on this session until the person leaves; returns the process's exit code."""
    from console.terminal.traits import detect, prepare_environment

    traits = detect()
    prepare_environment(traits)
    log.start()
    log.note("start", state=session.title if session.title in ("vault", "demo") else "file")
    from console.application import NavarchApp
    from console.collector import Collector
    from console.loop import CourteousLoop
    from console.settings import users_settings
    from console.terminal.driver import NavarchDriver

    NavarchDriver.traits = traits
    collector = Collector()
    collector.take_over()
    app = NavarchApp(
        session,
        traits=traits,
        settings=users_settings(thorough=False),
        driver_class=NavarchDriver,
        collector=collector,
    )
    sys.setswitchinterval(_SWITCH)
    with asyncio.Runner(loop_factory=CourteousLoop) as runner:
        runner.run(app.run_async(mouse=app.settings.values.mouse))
    log.note("end", state=str(app.return_code or 0))
    return app.return_code or 0
