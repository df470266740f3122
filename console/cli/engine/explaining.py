"""Findings as text: what is wrong, why, and what to do next."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend.text import safe_text

if TYPE_CHECKING:
    from backend.storage.model import Finding


def print_findings(findings: Sequence[Finding]) -> None:
    """One after the other, on stdout."""
    from backend.storage.words import SIGNS

    for finding in findings:
        lines = (
            f"{SIGNS.get(finding.severity, '✖')} {finding.about}: {finding.what}",
            f"  why   {finding.why}",
            f"  next  {finding.next}",
        )
        sys.stdout.write("".join(f"{safe_text(line)}\n" for line in lines))
