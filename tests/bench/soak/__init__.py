"""A day of restarts, compressed: the real console on servers that come, go and forget, for thousands of acts.

What matters is what is left behind: memory, descriptors and tasks, looked at again and again in the one state
that has none of its own, the locked vault.
"""
