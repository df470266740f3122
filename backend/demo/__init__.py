"""The embedded fleet: simulated Kubernetes API servers and the scenarios that make things happen on them.

It runs in a process of its own (``python -m backend.demo``) and stands alone: the console meets it only
through HTTPS and a kubeconfig, as it meets any other cluster. What is simulated and what is not stands in
docs/demo.md.
"""
