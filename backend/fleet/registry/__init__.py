"""The clusters that a vault holds: importing them with review, approving programs, keeping them up to date."""

from backend.fleet.registry.approvals import Approval, Program, inspect_program
from backend.fleet.registry.members import members
from backend.fleet.registry.record import ClusterRecord, Source
from backend.fleet.registry.refresh import Refreshed, refresh
from backend.fleet.registry.review import Candidate, Concern, Review, review
from backend.fleet.registry.store import Registry, accept

__all__ = [
    "Approval",
    "Candidate",
    "ClusterRecord",
    "Concern",
    "Program",
    "Refreshed",
    "Registry",
    "Review",
    "Source",
    "accept",
    "inspect_program",
    "members",
    "refresh",
    "review",
]
