"""Takes the documentation's pictures from the running program (``python -m tests.shot``)."""
