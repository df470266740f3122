"""The clusters that a vault holds: import with review, approval of programs, keeping them up to date."""

from backend.fleet.registry.approvals import Approval
from backend.fleet.registry.marking import mark
from backend.fleet.registry.members import members
from backend.fleet.registry.record import ClusterRecord, Source
from backend.fleet.registry.refresh import Refreshed, refresh
from backend.fleet.registry.review import Candidate, Concern, Review, review
from backend.fleet.registry.store import Accepted, Choice, Known, Registry, RegistryRefused, accept

__all__ = [
    "Accepted",
    "Approval",
    "Candidate",
    "Choice",
    "ClusterRecord",
    "Concern",
    "Known",
    "Refreshed",
    "Registry",
    "RegistryRefused",
    "Review",
    "Source",
    "accept",
    "mark",
    "members",
    "refresh",
    "review",
]
