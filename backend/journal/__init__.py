"""What was done through Navarch, by whom, to what: kept in the vault, append-only, chained."""

from backend.journal.journal import Entry, Journal, Outcome, Verdict

__all__ = ["Entry", "Journal", "Outcome", "Verdict"]
