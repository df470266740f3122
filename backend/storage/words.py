"""A storage engine's numbers in few letters, and its states as signs; the same wherever they are shown."""

from __future__ import annotations

import re
import time

from backend.storage.model import Attachment, Job, Pace, Progress, Rates, Volume

SIGNS = {
    "healthy": "✔",
    "rebuilding": "↻",
    "restoring": "↻",
    "running": "↻",
    "paused": "‖",
    "done": "✔",
    "cancelled": "○",
    "degraded": "!",
    "starting": "…",
    "suspended": "✖",
    "failed": "✖",
    "full": "!",
    "read-only": "✖",
    "failing": "✖",
    "vanished": "✖",
    "foreign": "✖",
    "empty": "○",
    "warning": "!",
    "info": "·",
}
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([KMGTP]?)(?:i?B)?", re.IGNORECASE)


def signed(state: str) -> str:
    """A state behind its sign: never colour alone."""
    return f"{SIGNS.get(state, '?')} {state}"


def size(bytes: float) -> str:
    """``512M``, ``1.5G``; powers of 1024."""
    for unit in "PTGMK":
        if abs(bytes) >= _UNITS[unit]:
            number = bytes / _UNITS[unit]
            return f"{number:.0f}{unit}" if number >= 10 or number == int(number) else f"{number:.1f}{unit}"
    return f"{bytes:.0f}"


def read_size(text: str) -> int:
    """Bytes of ``1G``, ``512MiB``, ``1.5T`` or a plain number.

    :raises ValueError: it is none
    """
    matched = _SIZE.fullmatch(text.strip())
    if matched is None:
        raise ValueError(f"{text[:40]!r} is no size; write 1G, 512M or bytes")
    found = float(matched[1]) * _UNITS[matched[2].upper()]
    if found != int(found):
        raise ValueError(f"{text[:40]!r} is no whole number of bytes")
    return int(found)


def rate(number: float) -> str:
    """``0``, ``9.5``, ``840``, ``12k``: a second."""
    if number >= 9950:
        return f"{number / 1000:.0f}k"
    return f"{number:.0f}" if number >= 9.95 or number == 0 else f"{number:.1f}"


def latency(seconds: float) -> str:
    """``85µs``, ``1.2ms``, ``3s``; nothing for none."""
    if seconds <= 0:
        return ""
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f}µs"
    return f"{seconds * 1000:.1f}ms" if seconds < 1 else f"{seconds:.1f}s"


def flow(rates: Rates) -> str:
    """What goes through: ``r 1.2k 4.8M w 300 1.2M``; nothing while idle."""
    parts = []
    for letter, count, octets in (
        ("r", rates.reads, rates.read_bytes),
        ("w", rates.writes, rates.write_bytes),
    ):
        if count >= 0.05:
            parts.append(f"{letter} {rate(count)}/s {size(octets)}/s")
    return "  ".join(parts)


def progress(work: Progress) -> str:
    """``rebuild of r-1: 34% of 1G, 45M/s, 12s left``."""
    told = [f"{work.what} of {work.target}" if work.target else work.what]
    if work.total:
        told.append(_share(work.done, work.total))
    if work.state == "paused":
        told.append("paused")
    if work.rate:
        told.append(f"{size(work.rate)}/s")
    if work.eta:
        told.append(f"{seconds(work.eta)} left")
    return told[0] + (": " + ", ".join(told[1:]) if told[1:] else "")


def done(job: Job) -> str:
    """``34% of 1G``, ``2 of 5 steps``, ``4 steps``; ``-`` where nobody knows."""
    if not job.total:
        return "-"
    if job.unit == "bytes":
        return f"{size(job.total)}" if job.ended and job.done >= job.total else _share(job.done, job.total)
    return f"{job.done} of {job.total} {job.unit}"


def _share(done: int, total: int) -> str:
    return f"{100 * done // total}% of {size(total)}"


def job(job: Job) -> str:
    """``restore demo monday: 34% of 1G, 45M/s, 12s left, copying``."""
    told = progress_of(job)
    return f"{job_name(job)}: {told}" if told else job_name(job)


def progress_of(job: Job) -> str:
    """``34% of 1G, 45M/s, 12s left, copying``."""
    told = [done(job)] if job.total else []
    told += ["paused"] if job.state == "paused" else []
    told += [f"{size(job.rate)}/s"] if job.rate else []
    told += [f"{seconds(job.eta)} left"] if job.eta else []
    told += [job.text] if job.text else []
    return ", ".join(told)


def job_name(job: Job) -> str:
    """``restore demo monday``."""
    return " ".join(word for word in (job.kind, job.about, job.target) if word)


def moment(seconds: float) -> str:
    """Local time, for people: ``12-01 14:05``."""
    return time.strftime("%m-%d %H:%M", time.localtime(seconds))


def seconds(number: float) -> str:
    """``45s``, ``3m``, ``2h10m``, ``5d4h``."""
    whole = int(number)
    if whole < 120:
        return f"{whole}s"
    if whole < 7200:
        return f"{whole // 60}m"
    if whole < 172800:
        return f"{whole // 3600}h{whole % 3600 // 60}m"
    return f"{whole // 86400}d{whole % 86400 // 3600}h"


def replicas(volume: Volume) -> str:
    """``3/3``: in sync of those there should be."""
    return f"{volume.in_sync}/{volume.wanted}"


def device(volume: Volume) -> str:
    """Where it is attached; ``-`` if nowhere."""
    return place(volume.attachment) if volume.attachment is not None else "-"


def pace(budget: Pace) -> str:
    """``50M/s at most, 30% of the time while clients are active``."""
    limit = f"{size(budget.limit)}/s at most" if budget.limit else "no limit"
    return f"{limit}, {budget.share:.0%} of the time while clients are active"


def way(attachment: Attachment) -> str:
    """``nbdfuse and a loop device``: how it came to be a device."""
    if attachment.by != "nbdfuse":
        return attachment.by
    return "nbdfuse and a loop device" if attachment.device.startswith("/dev/") else "nbdfuse, as a file"


def place(attachment: Attachment) -> str:
    """The device of an attachment, and whether it is broken."""
    return f"{attachment.device}{' (broken)' if attachment.state == 'broken' else ''}"
