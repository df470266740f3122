"""Options that several commands share: one spelling, one help, one completion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from console.cli import completing

Clusters = Annotated[
    list[str] | None,
    typer.Option(
        "-c",
        "--cluster",
        metavar="C,C",
        help="Names, globs, #tags or groups. Default: all.",
        autocompletion=completing.clusters,
    ),
]
Namespaces = Annotated[
    list[str] | None,
    typer.Option(
        "-n",
        "--namespace",
        metavar="NS,NS",
        help="Default: all namespaces.",
        autocompletion=completing.namespaces,
    ),
]
Kubeconfig = Annotated[
    Path | None,
    typer.Option("--kubeconfig", metavar="FILE", help="Use this file, in memory only, instead of the vault."),
]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0.1, help="Longest a cluster may take.")
]
OneObject = Annotated[
    list[str],
    typer.Argument(
        metavar="KIND NAME [@CLUSTER]",
        help="pod api-1, or pod/api-1.",
        show_default=False,
        autocompletion=completing.words,
    ),
]
