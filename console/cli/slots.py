"""``navarch vault slot``: the ways into the vault."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from console.cli import prompt
from console.cli.failures import say
from console.cli.opening import opened, show_code, typed_new
from console.cli.root import new_app
from console.cli.tables import Form, moment, print_json, print_table

if TYPE_CHECKING:
    from backend.vault import Vault
    from backend.vault.slots import Slot

app = new_app("The ways into the vault: passphrases, recovery codes, keyring, age keys, an SSH agent.")

Output = Annotated[Form, typer.Option("-o", "--output", help="table or json.")]
Identity = Annotated[
    Path | None,
    typer.Option("--identity", metavar="FILE", help="Open with this age identity or SSH key instead."),
]


@app.callback()
def _slot() -> None:
    """The ways into the vault: passphrases, recovery codes, keyring, age keys, an SSH agent."""


@app.command("list")
def slot_list(output: Output = Form.TABLE) -> None:
    """Show the ways in; needs no passphrase."""
    from backend.vault import Vault
    from backend.vault.ways import opened_by

    slots = Vault.open().slots
    if output is Form.JSON:
        print_json(
            [
                {
                    "id": s.name,
                    "kind": s.kind,
                    "label": s.label,
                    "opensWith": opened_by(s),
                    "created": moment(s.created),
                }
                for s in slots
            ]
        )
        return
    print_table(
        ("SLOT", "KIND", "LABEL", "OPENS WITH", "CREATED"),
        [(s.name, s.kind, s.label, opened_by(s), moment(s.created)) for s in slots],
    )


@app.command("add")
def slot_add(
    *,
    label: Annotated[str, typer.Option(help="What to call it; readable in the file.")] = "",
    recovery: Annotated[
        bool, typer.Option("--recovery", help="A recovery code instead of a passphrase.")
    ] = False,
    keyring: Annotated[
        bool, typer.Option("--keyring", help="The keyring of this desktop session opens the vault.")
    ] = False,
    age: Annotated[
        list[str] | None,
        typer.Option(
            "--age", metavar="RECIPIENT", help="An age1… key or SSH public key opens it; repeat for more."
        ),
    ] = None,
    ssh_agent: Annotated[
        str | None,
        typer.Option(
            "--ssh-agent", metavar="KEY", help="A key of your SSH agent opens it: fingerprint or comment."
        ),
    ] = None,
    identity: Identity = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask about the risks of an SSH agent.")] = False,
) -> None:
    """Add a way in: another passphrase unless an option names something else."""
    chosen = sum((recovery, keyring, bool(age), ssh_agent is not None))
    if chosen > 1:
        raise typer.BadParameter("choose one of --recovery, --keyring, --age and --ssh-agent")
    if ssh_agent is not None:
        _agree_to_agent(yes=yes)
    from backend.journal.ways import note_added

    vault, _ = opened(identity=identity)
    code = ""
    if recovery:
        from backend.vault.rekey import add_recovery_code

        slot, code = add_recovery_code(vault, label=label or "recovery code")
    elif keyring:
        from backend.vault.rekey import add_keyring

        slot = add_keyring(vault, label=label or prompt.this_machine())
    elif age:
        from backend.vault.rekey import add_age

        slot = add_age(vault, age, label=label or "age")
    elif ssh_agent is not None:
        from backend.vault.rekey import add_agent

        slot = add_agent(vault, ssh_agent, label=label or "SSH agent")
    else:
        slot = _add_passphrase(vault, label or "passphrase")
    note_added(vault, slot)
    say(f"added slot {slot.name}")
    if code:
        show_code(code)


def _add_passphrase(vault: Vault, label: str) -> Slot:
    from backend.vault.rekey import add_passphrase
    from console.cli.session import NEW_PREFIX, given_secret

    new = given_secret(NEW_PREFIX)
    if new is None:
        new = typed_new("Passphrase for the new slot")
    return add_passphrase(vault, new, label=label)


def _agree_to_agent(*, yes: bool) -> None:
    from backend.vault.agent_slot import RISKS
    from console.cli.opening import demand_yes

    say(RISKS)
    if not yes:
        demand_yes("Add it all the same?")


@app.command("remove")
def slot_remove(
    slot: Annotated[str, typer.Argument(help="Its name in: navarch vault slot list")],
    identity: Identity = None,
) -> None:
    """Remove a way in, and change the master key, so that it opens nothing new."""
    from backend.journal.ways import note_removed
    from backend.vault import SlotRefused
    from backend.vault.rekey import remove_slot

    vault, given = opened(identity=identity)
    chosen = [s for s in vault.slots if s.slot_id.hex().startswith(slot.lower())]
    if len(chosen) != 1:
        raise SlotRefused(
            f"No slot (or more than one) is called {slot}.", advice="See: navarch vault slot list"
        )
    known = known_passphrases(vault, given, leaving=chosen[0].slot_id)
    codes = remove_slot(vault, chosen[0].slot_id, passphrases=known)
    note_removed(vault, chosen[0])
    say(
        f"removed slot {chosen[0].name}; the master key is new",
        "Backups and copies made before still open with it. If it was stolen, renew the clusters' "
        "credentials too.",
    )
    for label, code in codes.items():
        show_code(code, label=f"The recovery code was replaced. New {label}")


def known_passphrases(vault: Vault, given: Sequence[str], *, leaving: bytes = b"") -> list[str]:
    """The passphrases of all slots that stay: the new master key must be wrapped for each."""
    from backend.vault.rekey import slots_unopened

    known = list(given)
    for slot in slots_unopened(vault, known, leaving=leaving):
        if not prompt.person_present():
            break
        known.append(prompt.ask_secret(f"Passphrase of slot {slot.name} ({slot.label}), which stays"))
    return known
