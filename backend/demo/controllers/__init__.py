"""The control plane's loops: each file makes one kind follow its spec."""
