"""The word ``problems``: one table of what is not well.

Of the kinds that run things, and of what these stand on.
"""

from __future__ import annotations

WORD = "problems"
KINDS = (
    "nodes",
    "pods",
    "deployments",
    "statefulsets",
    "daemonsets",
    "jobs",
    "cronjobs",
    "persistentvolumeclaims",
    "horizontalpodautoscalers",
    "namespaces",
    "apiservices",
)
"""Each costs a watch per cluster, so no more than about as many as ``all`` has. A replica set says nothing
that its deployment and its pods don't."""


def means_problems(word: str) -> bool:
    """Whether this is the word; a custom kind of the name needs its group (``problems.example.com``)."""
    return word.lower() == WORD
