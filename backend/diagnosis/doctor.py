"""The doctor: every check of the folder ``checks``, side by side, none for longer than its deadline."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass

from backend.diagnosis import checks
from backend.diagnosis.check import Check, Finding, Surroundings, Verdict, warn

SECONDS = 20.0
"""What one check may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What one check found; ``id`` is its file's name."""

    id: str
    title: str
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        return worst(finding.verdict for finding in self.findings)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=list(Verdict).index, default=Verdict.OK)


def all_checks() -> dict[str, Check]:
    """By file name: adding a check is adding a file that exports ``CHECK``."""
    names = sorted(module.name for module in pkgutil.iter_modules(checks.__path__))
    return {name: importlib.import_module(f"{checks.__name__}.{name}").CHECK for name in names}


async def examine(around: Surroundings) -> list[Diagnosis]:
    """Every check's findings, in the order of the files' names."""
    found = all_checks()
    results = await asyncio.gather(*(_one(check, around) for check in found.values()))
    return [
        Diagnosis(id=name, title=check.title, findings=tuple(findings))
        for (name, check), findings in zip(found.items(), results, strict=True)
        if findings
    ]


async def _one(check: Check, around: Surroundings) -> list[Finding]:
    try:
        async with asyncio.timeout(SECONDS):
            if check.ask is not None:
                return list(await check.ask(around))
            if check.examine is None:
                return []
            examine_it = check.examine
            return await asyncio.to_thread(lambda: list(examine_it(around)))
    except TimeoutError:
        return [warn(f"This check did not finish within {SECONDS:.0f} seconds.", "Look at it by hand.")]
    except Exception as error:
        # One check that fails must not hide what the others have to say.
        return [warn(f"This check could not be made ({type(error).__name__}).", "Look at it by hand.")]
