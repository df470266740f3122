"""One row's events in full, as text: what the group says, then each event with its whole message."""

from __future__ import annotations

import time
from collections.abc import Sequence

from backend.observe.events.group import Group
from backend.observe.events.seen import Seen
from backend.resources.describe.sheet import Sheet
from backend.resources.duration import UNKNOWN, human_duration
from backend.resources.kind import Health
from backend.text import SafeStr

MOST = 200
"""Single events told; how many more there are is said."""


def group_text(group: Group, events: Sequence[Seen], *, cluster: SafeStr, now: float) -> SafeStr:
    """``events``: those of the group, the latest first."""
    sheet = Sheet()
    sheet.field("Object", group.object)
    sheet.field("Subobject", group.field)
    sheet.field("Namespace", group.metadata.namespace)
    sheet.field("Cluster", cluster)
    sheet.field("Reason", group.reason)
    sheet.field("Type", group.type)
    if group.health is not Health.OK:
        sheet.field("Graded", group.health.value)
    sheet.field("First seen", when(group.first, now))
    sheet.field("Last seen", when(group.last, now))
    sheet.field("Count", f"{group.count:,}{f', about {group.rate}' if group.rate else ''}")
    sheet.field("From", group.source)
    for message in dict.fromkeys(event.message for event in events[:MOST]):
        some = [event for event in events if event.message == message]
        sheet.section("Message" if len(some) == len(events) else _title(some, now))
        sheet.text(message or "(none)")
    if len(events) > 1:
        sheet.section("Events")
        sheet.table(
            ("LAST SEEN", "FIRST SEEN", "COUNT", "FROM", "NAME"),
            [
                (when(one.last, now), when(one.first, now), one.count, _from(one), one.event_name)
                for one in events[:MOST]
            ],
        )
        if len(events) > MOST:
            sheet.text(f"and {len(events) - MOST:,} more")
    return sheet.render()


def when(moment: float, now: float) -> str:
    """``14:03:07 (5m3s ago)`` in local time, with the day where it is another one."""
    if not moment:
        return UNKNOWN
    there, here = time.localtime(moment), time.localtime(now)
    form = "%H:%M:%S" if there[:3] == here[:3] else "%Y-%m-%d %H:%M:%S"
    return f"{time.strftime(form, there)} ({human_duration(max(0.0, now - moment))} ago)"


def _title(events: Sequence[Seen], now: float) -> str:
    return f"Message, last {when(max(one.last for one in events), now)}"


def _from(event: Seen) -> str:
    return f"{event.source}, {event.host}" if event.host else event.source
