"""Who may serve a volume, and whose bytes count: pure rules, without input or output.

Every function here takes a state and returns a new one. Replicas and controllers run them
on real messages; `tests/faults/model` runs the very same ones through every order of
messages it can afford. docs/engine-protocol.md gives each rule's reason.
"""

from __future__ import annotations
