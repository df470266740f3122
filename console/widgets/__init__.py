"""Own widgets, one a file. Text reaches the screen through ``paint`` alone, as ``SafeStr``."""
