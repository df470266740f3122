"""The worlds the console can be opened on: a vault, a kubeconfig in memory, the demo fleet."""

from console.sessions.demo import DemoSession
from console.sessions.file import FileSession
from console.sessions.vault import VaultSession

__all__ = ["DemoSession", "FileSession", "VaultSession"]
