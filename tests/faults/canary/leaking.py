"""The real console on the real vault with one leak: what the search must find, or it is worth nothing.

python -m tests.faults.canary.leaking log|disk|picture|crash
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence

from backend import crash, log, places
from backend.secret import Secret
from backend.text import SafeStr, safe_text
from console.application import NavarchApp
from console.sessions import VaultSession


def main() -> int:
    from console.app import run

    place, session = sys.argv[1], VaultSession()
    unlock = session.unlock

    async def leaking(passphrase: Secret) -> Sequence[SafeStr]:
        """The passphrase in plain words, where it must never be."""
        text = passphrase.text()
        notices = await unlock(passphrase)
        match place:
            case "log":
                log.note("error", state="mistake", text=f"opened by {text}")
            case "disk":
                (places.state_dir() / "last").write_bytes(base64.b64encode(text.encode()))
            case "picture":
                return [safe_text(f"opened by {text}")]
            case "crash":
                crash._name = repr  # type: ignore[assignment]
                NavarchApp.action_palette = lambda self: fail(text)  # type: ignore[method-assign]
        return notices

    session.unlock = leaking  # type: ignore[method-assign]
    return run(session)


def fail(text: str) -> None:
    raise ValueError(f"opened by {text}")


if __name__ == "__main__":
    sys.exit(main())
