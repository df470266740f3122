"""What stands between Textual and the terminal: what the terminal can, and how little is written to it."""
