"""One file a check; each exports ``CHECK``."""
