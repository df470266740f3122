"""Acts upon a storage engine: drawn up on what is there now, agreed to, then carried out and journalled.

The command line and the Storage screen do the same acts through the same plans. One file a subject.
"""

from backend.storage.acts.plan import JournalLike, Plan, carry_out

__all__ = ["JournalLike", "Plan", "carry_out"]
