"""Streams into simulated containers: exec, attach and port-forward over WebSocket."""
