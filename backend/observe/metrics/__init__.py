"""How much pods and nodes use, beside what they asked for and may use: measured now and a while back.

Where numbers come from, how old they are and what is not known: docs/metrics.md.
"""
