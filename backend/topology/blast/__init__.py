"""What stops if something goes: graded, with the reason for each line, the worst first."""

from __future__ import annotations

from backend.topology.blast.effect import Blast, Effect, Grade
from backend.topology.blast.spread import blast_of
from backend.topology.blast.target import extent_of, targets

__all__ = ["Blast", "Effect", "Grade", "blast_of", "extent_of", "targets"]
