"""Data, no code: palettes (one JSON file each) and the console's stylesheet."""
