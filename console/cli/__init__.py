"""The command line: every screen's headless twin."""
