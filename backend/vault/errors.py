"""What can go wrong with a vault, said so that a person knows what to do next."""

from __future__ import annotations

from backend.text import SafeStr, safe_text


class VaultError(Exception):
    """``sentence`` says what happened, ``advice`` what to do; both are safe to show."""

    default_advice = "Look at the vault with: navarch vault check"
    exit_code = 1
    """What a command ends with: 3 locked, 4 refused for safety."""

    def __init__(self, sentence: object, *, advice: object = "") -> None:
        self.sentence: SafeStr = safe_text(sentence)
        self.advice: SafeStr = safe_text(advice or self.default_advice)
        super().__init__(f"{self.sentence} {self.advice}")


class VaultMissing(VaultError):
    """There is no vault at this place yet."""

    exit_code = 3
    default_advice = "Create one with: navarch vault init"


class VaultExists(VaultError):
    """Something is already where the new vault should go; it is never overwritten."""

    exit_code = 4
    default_advice = "Use it, or move it away first."


class VaultLocked(VaultError):
    """The vault's key is not in memory, or was changed by another window."""

    exit_code = 3
    default_advice = "Unlock it with: navarch vault unlock"


class WrongKey(VaultError):
    """No slot opens with what was given."""

    exit_code = 3
    default_advice = (
        "Try again, or use the recovery code. If you are sure that it is right, the file may be damaged: "
        "restore a backup with: navarch vault backup --restore FILE"
    )


class WeakPassphrase(VaultError):
    """The new passphrase could be guessed."""

    exit_code = 4
    default_advice = "Take four or more random words, or at least ten characters."


class VaultDamaged(VaultError):
    """The file does not hold what was written to it; nothing is changed until a person decides."""

    default_advice = (
        "Restore a backup with: navarch vault backup --restore FILE, or keep what is readable with: "
        "navarch vault check --repair"
    )


class VaultTooNew(VaultError):
    """A newer Navarch wrote this vault, in a form that this one must not touch."""

    default_advice = "Update Navarch on this machine."


class UnsafeFile(VaultError):
    """The file is a link, belongs to someone else or can be read by others."""

    exit_code = 4
    default_advice = "Make it yours alone (chmod 600), or move it to a folder of your own."


class RecordConflict(VaultError):
    """Another window changed or removed the entry since it was read."""

    default_advice = "Look at the entry as it is now and decide again."


class VaultBusy(VaultError):
    """Another process holds the vault for longer than we wait."""

    default_advice = "Wait until the other window has finished, then try again."


class VaultNotWritten(VaultError):
    """The disk refused (full, read-only, quota). The vault is as it was before."""

    default_advice = "Make room or mount the disk writable, then try again; nothing was lost."


class SlotRefused(VaultError):
    """The change of key slots would lock somebody out, or a slot asks for dangerous parameters."""

    exit_code = 4
