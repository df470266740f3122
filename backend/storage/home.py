"""Where this user's block engine lives."""

from __future__ import annotations

from pathlib import Path

from backend.places import data_dir, runtime_dir

_CONTROL = "control.sock"


def engine_home() -> Path:
    """Its pools, if they were given no path, and what it remembers (a cache: the pools are the truth)."""
    return data_dir() / "engine"


def engine_run() -> Path:
    """Its sockets."""
    return runtime_dir() / "engine"


def control_socket() -> Path:
    """Where it is asked and told."""
    return engine_run() / _CONTROL
