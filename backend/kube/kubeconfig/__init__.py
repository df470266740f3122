"""Kubeconfig files read as client-go means them, and as hostile input: bounded, never run, never merged."""

from backend.kube.kubeconfig.file import load, parse
from backend.kube.kubeconfig.model import FileReference, Kubeconfig, Problem

__all__ = ["FileReference", "Kubeconfig", "Problem", "load", "parse"]
