"""Every command: its name, where it lives, what it is for. Its module is imported when it is called."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


@dataclass(frozen=True, slots=True)
class Command:
    module: str
    """Holds ``app``, a typer.Typer: one command or a group."""
    help: str


COMMANDS: dict[str, Command] = {
    "demo": Command("console.cli.demo", "Try Navarch on a simulated fleet; no cluster needed."),
    "vault": Command("console.cli.vault", "Create, unlock, lock, back up and check the encrypted store."),
    "cluster": Command(
        "console.cli.cluster", "Import clusters from kubeconfigs; list, test, group, protect them."
    ),
    "fleet": Command(
        "console.cli.fleet", "The fleet at a glance: state, versions, nodes, pods, load, expiry."
    ),
    "get": Command("console.cli.get", "List resources of many clusters in one table."),
    "events": Command(
        "console.cli.events", "What happened lately, in all clusters: grouped, problems first."
    ),
    "top": Command("console.cli.top", "What uses most CPU and memory, in all clusters."),
    "logs": Command("console.cli.logs", "Print or follow the logs of many containers as one stream."),
    "search": Command("console.cli.search", "Find anything by name, label or image, everywhere."),
    "describe": Command("console.cli.describe", "Explain one object, with its events."),
    "yaml": Command("console.cli.yaml", "Print whole objects; secret values stay masked."),
    "topology": Command(
        "console.cli.topology", "How things hang together: trees, drawings, storage, applications."
    ),
    "blast": Command("console.cli.blast", "What stops if a node, a pod, a volume, a namespace… goes."),
    "delete": Command("console.cli.delete", "Delete objects, with preview and preconditions."),
    "can-i": Command("console.cli.can_i", "Whether we (or somebody else) may do something."),
    "who-can": Command("console.cli.who_can", "Who may do something, and by which role."),
    "rights": Command("console.cli.rights", "What we, or a user, group or service account, may do."),
    "edit": Command("console.cli.edit", "Change one object in your editor; shown before it is sent."),
    "restart": Command("console.cli.restart", "Restart rollouts: replace all pods of workloads."),
    "scale": Command("console.cli.scale", "Change how many pods workloads run."),
    "cordon": Command("console.cli.cordon", "Place no new pods on nodes."),
    "uncordon": Command("console.cli.uncordon", "Let pods be placed on nodes again."),
    "suspend": Command("console.cli.suspend", "Suspend cron jobs: no new runs."),
    "resume": Command("console.cli.resume", "Resume suspended cron jobs."),
    "trigger": Command("console.cli.trigger", "Run cron jobs once, now."),
    "engine": Command("console.cli.engine", "The block engine: replicated volumes on this machine."),
    "journal": Command("console.cli.journal", "What was done through Navarch, by whom, to what."),
    "settings": Command("console.cli.settings", "List, read, change and check the console's settings."),
    "credential": Command("console.cli.credential", "Exec credential plugin: lets kubectl use the vault."),
    "kubeconfig": Command(
        "console.cli.kubeconfig", "Print a kubeconfig without secrets that asks the vault."
    ),
    "doctor": Command("console.cli.doctor", "Find out what could keep Navarch from working here."),
    "support-bundle": Command(
        "console.cli.support_bundle", "Pack what helps somebody to help you; no secrets, no names."
    ),
    "completion": Command("console.cli.completion", "Print the completion script for bash, zsh or fish."),
}


def load(name: str) -> typer.Typer:
    """The Typer app of one command; raises KeyError for a name that is none."""
    app: typer.Typer = importlib.import_module(COMMANDS[name].module).app
    return app
