"""Which program gets a credential for which access provider: set by a person, never by a hub.

A file of the cluster inventory project's form is understood too: ``{"providers": [{"name", "execConfig"}]}``.
What a profile wants to add to a program's arguments or variables is ignored unless the provider allows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from backend.fleet.registry.discover_wire import ADDED_ARGUMENTS, ADDED_VARIABLES, ClusterEntry
from backend.kube.regular_file import read_regular
from backend.text import safe_text

API = "client.authentication.k8s.io/v1"
_LARGEST = 1024 * 1024
_MOST_ADDED = 64


class BadProviders(ValueError):
    """The file of providers can't be used."""

    exit_code = 2

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence, self.advice = safe_text(sentence), safe_text(advice)
        super().__init__(self.sentence)


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """How to log in to clusters of one access provider: an exec plugin (client.authentication.k8s.io)."""

    command: str
    args: tuple[str, ...] = ()
    env: dict[str, str] = {}
    api_version: str = API
    interactive_mode: str = "IfAvailable"
    install_hint: str = ""
    added_arguments: bool = False
    """Whether a profile may add arguments."""
    added_variables: Literal["ignore", "missing", "replace"] = "ignore"
    """Whether a profile may add variables: none; those that are not set here; all."""

    def exec_entry(self, cluster: ClusterEntry) -> dict[str, Any]:
        """The ``exec`` of a kubeconfig's user for one cluster."""
        args, env = list(self.args), dict(self.env)
        if self.added_arguments:
            args += _texts(cluster.extension(ADDED_ARGUMENTS))
        if self.added_variables != "ignore":
            added = _pairs(cluster.extension(ADDED_VARIABLES))
            env = {**added, **env} if self.added_variables == "missing" else {**env, **added}
        return {
            "apiVersion": self.api_version,
            "command": self.command,
            "args": args,
            "env": [{"name": name, "value": value} for name, value in env.items()],
            "interactiveMode": self.interactive_mode,
            "provideClusterInfo": True,
            "installHint": self.install_hint,
        }

    def ignores(self, cluster: ClusterEntry) -> list[str]:
        """What the profile wants of the program and does not get, in words."""
        found = []
        if not self.added_arguments and (texts := _texts(cluster.extension(ADDED_ARGUMENTS))):
            found.append(f"arguments {' '.join(texts)}")
        if self.added_variables == "ignore" and (pairs := _pairs(cluster.extension(ADDED_VARIABLES))):
            found.append(f"variables {', '.join(pairs)}")
        return found


def _texts(value: object) -> list[str]:
    return [str(entry) for entry in value[:_MOST_ADDED]] if isinstance(value, list) else []


def _pairs(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping):
        return {}
    return {str(name): str(entry) for name, entry in list(value.items())[:_MOST_ADDED]}


class _Variable(msgspec.Struct):
    name: str
    value: str = ""


class _ExecConfig(msgspec.Struct, rename="camel"):
    command: str
    api_version: str = API
    args: list[str] | None = None
    env: list[_Variable] | None = None
    interactive_mode: str = "IfAvailable"
    install_hint: str = ""


class _Entry(msgspec.Struct, rename="camel"):
    name: str
    exec_config: _ExecConfig
    profile_sourced_cli_args_policy: str = msgspec.field(name="profileSourcedCLIArgsPolicy", default="Ignore")
    profile_sourced_env_vars_policy: str = "Ignore"


class _File(msgspec.Struct):
    providers: list[_Entry]


_VARIABLES: dict[str, Literal["ignore", "missing", "replace"]] = {
    "": "ignore",
    "Ignore": "ignore",
    "AppendIfNotExists": "missing",
    "Replace": "replace",
}


def providers_in(path: Path) -> dict[str, Provider]:
    """The providers of a file, by name (JSON, the form that ``sigs.k8s.io/cluster-inventory-api`` reads).

    A command with a slash is taken relative to the file's folder. Raises BadProviders, OSError.
    """
    try:
        entries = msgspec.json.decode(read_regular(path, _LARGEST), type=_File).providers
    except msgspec.MsgspecError as error:
        raise BadProviders(
            f"{path} is no file of access providers: {error}",
            'It looks like {"providers": [{"name": …, "execConfig": {"command": …}}]}.',
        ) from None
    return {entry.name: _provider(entry, path.absolute().parent) for entry in entries}


def _provider(entry: _Entry, folder: Path) -> Provider:
    arguments, variables = entry.profile_sourced_cli_args_policy, entry.profile_sourced_env_vars_policy
    if arguments not in ("", "Ignore", "Append") or variables not in _VARIABLES:
        raise BadProviders(
            f"provider {entry.name}: its policies say {arguments!r} and {variables!r}",
            "Arguments: Append or Ignore; variables: AppendIfNotExists, Replace or Ignore.",
        )
    spec = entry.exec_config
    relative = "/" in spec.command and not Path(spec.command).is_absolute()
    return Provider(
        command=str(folder / spec.command) if relative else spec.command,
        args=tuple(spec.args or ()),
        env={variable.name: variable.value for variable in spec.env or ()},
        api_version=spec.api_version,
        interactive_mode=spec.interactive_mode,
        install_hint=spec.install_hint,
        added_arguments=arguments == "Append",
        added_variables=_VARIABLES[variables],
    )
