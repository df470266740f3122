"""``navarch vault``: the encrypted store, its keys and its health."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from console.cli import prompt, slots
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.opening import demand_yes, opened, show_code, typed_new
from console.cli.root import new_app
from console.cli.tables import Form, print_json, print_table

app = new_app("Create, unlock, lock, back up and check the encrypted store.")
app.add_typer(slots.app, name="slot")

Output = Annotated[Form, typer.Option("-o", "--output", help="table or json.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]


@app.callback()
def _vault() -> None:
    """Create, unlock, lock, back up and check the encrypted store."""


@app.command()
def init() -> None:
    """Create the vault and show its recovery code once."""
    from backend.vault import Vault, VaultExists, default_path, harden_process
    from console.cli.session import given_secret

    harden_process()
    if default_path().exists():
        raise VaultExists(f"There is a vault already at {default_path()}.")
    passphrase = given_secret()
    typed = passphrase is None
    vault, code = Vault.create(passphrase=passphrase or typed_new("Passphrase for the new vault"))
    kept = typed and vault.remember()
    vault.close()
    say(f"created {vault.path}" + (", unlocked for the next ten minutes" if kept else ""))
    show_code(code)


@app.command()
def unlock(
    for_: Annotated[
        str, typer.Option("--for", metavar="TIME", help="30m, 8h: how long (at most 8h).")
    ] = "10m",
    identity: slots.Identity = None,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="Open with the desktop's keyring; asks nothing.")
    ] = False,
    ssh_agent: Annotated[
        bool, typer.Option("--ssh-agent", help="Open with a key of your SSH agent; asks nothing.")
    ] = False,
) -> None:
    """Unlock for the next commands, and for kubectl through the vault."""
    from backend.vault import Vault, harden_process
    from backend.vault.cache import why_unavailable
    from backend.vault.lock_mark import note_unlock

    seconds = _seconds(for_)
    if reason := why_unavailable():
        raise prompt.NoTerminal(
            reason, "Set NAVARCH_PASSWORD_COMMAND to a program that prints the passphrase."
        )
    harden_process()
    if keyring or ssh_agent:
        from backend.vault.agent_slot import open_by_agent
        from backend.vault.keyring_slot import open_by_keyring

        vault = Vault.open()
        vault.unlock_by(open_by_agent if ssh_agent else open_by_keyring)
        for notice in vault.notices:
            say(notice)
    else:
        vault, _ = opened(identity=identity)
    vault.remember(seconds=seconds)
    note_unlock(vault)
    say(f"unlocked for {for_}")


def _seconds(text: str) -> int:
    match = re.fullmatch(r"(\d{1,6})([smh]?)", text)
    if match is None:
        raise typer.BadParameter("give a time like 90s, 30m or 8h", param_hint="--for")
    seconds = int(match[1]) * {"s": 1, "m": 60, "h": 3600, "": 60}[match[2]]
    if not 0 < seconds <= 8 * 3600:
        raise typer.BadParameter("at most 8h", param_hint="--for")
    return seconds


@app.command()
def lock() -> None:
    """Forget the key everywhere: open consoles lock too, and the next command asks again."""
    from backend.vault import Vault
    from backend.vault.lock_mark import lock_everywhere

    lock_everywhere(Vault.open())
    say("locked")


@app.command()
def status(output: Output = Form.TABLE) -> None:
    """Whether there is a vault, and whether it is unlocked. Never asks."""
    from backend.vault import Vault, VaultMissing, default_path
    from backend.vault.cache import why_unavailable

    try:
        vault = Vault.open()
    except VaultMissing:
        if output is Form.JSON:
            print_json({"path": str(default_path()), "exists": False})
        else:
            print("none yet; create one with: navarch vault init")
        raise typer.Exit(Exit.NOTHING) from None
    left = vault.remembered_seconds()
    facts = {
        "path": str(vault.path),
        "exists": True,
        "unlocked": left > 0,
        "secondsLeft": round(left),
        "entries": vault.count(),
        "change": vault.meta.generation,
        "slots": len(vault.slots),
        "unlockCache": why_unavailable() or "kernel keyring",
    }
    if output is Form.JSON:
        print_json(facts)
        return
    state = f"unlocked for {max(1, round(left / 60))} more minutes" if left else "locked"
    print_table(
        ("VAULT", "STATE", "ENTRIES", "SLOTS", "UNLOCK CACHE"),
        [(vault.path, state, facts["entries"], facts["slots"], facts["unlockCache"])],
    )


@app.command()
def passwd(
    rotate: Annotated[
        bool,
        typer.Option(
            "--rotate", help="Also change the master key: what the old one opened, opens nothing new."
        ),
    ] = False,
) -> None:
    """Change a passphrase: the old one, then the new one twice."""
    from backend.journal.ways import note_changed
    from backend.vault.rekey import change_passphrase
    from backend.vault.rekey import rotate as rotate_key
    from console.cli.session import NEW_PREFIX, given_secret

    vault, (old,) = opened("Present passphrase")
    new = given_secret(NEW_PREFIX)
    if new is None:
        new = typed_new("New passphrase")
    change_passphrase(vault, old, new)
    note_changed(vault)
    say("the passphrase is changed", "Older backups still open with the old one.")
    if rotate:
        for label, code in rotate_key(vault, passphrases=slots.known_passphrases(vault, [new])).items():
            show_code(code, label=f"New {label}")


@app.command()
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="Where to; default: the vault's own folder, keeping 3.")
    ] = None,
    restore: Annotated[
        Path | None, typer.Option("--restore", metavar="FILE", help="Put this backup in the vault's place.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Copy the vault (it stays sealed), or put a copy back."""
    from backend.vault.backup import back_up
    from console.cli.session import open_vault

    if restore is None:
        vault = open_vault()
        print(back_up(vault, file))
        return
    _restore(restore, yes=yes)


def _restore(source: Path, *, yes: bool) -> None:
    from backend.vault import VaultLocked, default_path, harden_process
    from backend.vault.backup import restore
    from console.cli.session import given_secret

    harden_process()
    if not yes:
        question = f"Put {source} in the place of the vault? What is there now is set aside in backups/."
        demand_yes(question)
    secret = given_secret()
    if secret is None:
        if not prompt.person_present():
            raise VaultLocked("The backup's passphrase is needed, and nobody is at a terminal.")
        secret = prompt.ask_secret("Passphrase of the backup (the one of its day)")
    saved = restore(default_path(), source, secret)
    say(f"restored {default_path()}" + (f"; the file that was there is now {saved}" if saved else ""))


@app.command()
def check(
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Keep what is readable and drop the rest (a copy is set aside); accept an older copy.",
        ),
    ] = False,
    yes: Yes = False,
    output: Output = Form.TABLE,
) -> None:
    """Hold the whole vault against what was written to it."""
    from backend.journal import Journal
    from backend.vault.backup import repair as repair_vault
    from backend.vault.check import check as examine
    from console.cli.session import open_vault

    vault = open_vault(quiet=True)
    if repair and vault.damage:
        if not yes:
            demand_yes(f"{vault.damage} Drop what can't be read, and all approvals of programs?")
        say(f"dropped {repair_vault(vault)} entries; the damaged file was set aside in backups/")
    if repair and vault.older:
        if not yes:
            demand_yes(f"{vault.older} Go on with it as it is?")
        Journal(vault).append("vault accepted", detail=vault.older)
    findings = examine(vault)
    if output is Form.JSON:
        print_json([{"ok": f.ok, "finding": f.what} for f in findings])
    else:
        print_table(("", "FINDING"), [("✔" if f.ok else "✖", f.what) for f in findings])
    if not all(f.ok for f in findings):
        raise typer.Exit(Exit.FAILED)


from console.cli import exchange  # noqa: E402,F401 - adds its commands to the group
