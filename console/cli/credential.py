"""``navarch credential``: the exec credential plugin that lets an unmodified kubectl use the vault."""

from __future__ import annotations

import os
import sys
import time
from typing import Annotated

import typer

from console.cli.exits import Exit
from console.cli.root import new_app
from console.cli.running import complete

TOLD_SECONDS = 10.0

app = new_app("Exec credential plugin: lets kubectl use the vault.")


@app.command()
def credential(
    cluster: Annotated[str, typer.Option("--cluster", metavar="ID", help="Id or name of the cluster.")],
) -> None:
    """Print the credential of one cluster for kubectl (client.authentication.k8s.io). Never asks."""
    from backend.fleet.registry import members
    from backend.fleet.registry.credential import asked_version, exec_credential
    from backend.kube.errors import KubeError
    from backend.vault import VaultError
    from console.cli.session import open_vault

    try:
        vault = open_vault(ask=False, extend=False, quiet=True)
        found = [member for member in members(vault) if cluster in (member.id, member.name)]
        vault.close()
        if not found:
            _complain(f"the vault has no cluster {cluster!r}; make a new kubeconfig with: navarch kubeconfig")
            raise typer.Exit(Exit.NOTHING)
        version = asked_version(os.environ.get("KUBERNETES_EXEC_INFO", ""))
        document = complete(exec_credential(found[0].access, version=version))
    except VaultError as error:
        if not _told_already():
            _complain(f"{error.sentence} {error.advice}")
        raise typer.Exit(error.exit_code) from None
    except KubeError as error:
        _complain(f"{error.cluster}: {error.sentence}. {error.advice}")
        raise typer.Exit(Exit.FAILED) from None
    if sys.stdout.isatty():
        _complain("this prints a secret, for programs to read; it is not shown on a terminal")
        raise typer.Exit(Exit.REFUSED)
    sys.stdout.write(document.decode() + "\n")


def _told_already() -> bool:
    """Whether this very caller was told a moment ago: kubectl without cached discovery asks five times."""
    from backend import places

    if "KUBERNETES_EXEC_INFO" not in os.environ:
        return False
    try:
        mark = places.runtime_dir() / "credential-told"
        caller = str(os.getppid())
        recent = mark.exists() and time.time() - mark.stat().st_mtime < TOLD_SECONDS
        if recent and mark.read_text() == caller:
            return True
        mark.touch(mode=0o600)
        mark.write_text(caller)
    except OSError:
        return False
    return False


def _complain(sentence: str) -> None:
    """One line: kubectl shows its user what its plugin writes to stderr."""
    from backend.text import safe_text

    print(f"navarch: {safe_text(sentence)}", file=sys.stderr)
