"""What fills the terminal, one screen a file. Only screens that work are listed in ``console.views``."""
