"""The real console on the real vault; it breaks when ctrl-p is pressed, with every secret in its hands.

python -m tests.faults.canary.doomed
"""

from __future__ import annotations

import sys

from backend.fleet.registry import Registry
from console.application import NavarchApp
from console.sessions import VaultSession


def main() -> int:
    from console.app import run

    session = VaultSession()

    def action_break() -> None:
        vault = session.keeper.vault
        assert vault is not None
        secrets = [(known.record.token, known.record.password, known.record.client_key_pem)
                   for known in Registry(vault).known()]  # fmt: skip
        master = bytes(vault._need_master().secret)
        raise UnicodeDecodeError("utf-8", repr(secrets).encode() + master, 0, 1, f"canary quoted: {secrets}")

    NavarchApp.action_palette = lambda self: action_break()  # type: ignore[method-assign]
    return run(session)


if __name__ == "__main__":
    sys.exit(main())
