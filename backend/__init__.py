"""What Navarch can do, without a screen: usable as a library, and imported by the console."""

__version__ = "0.1.0.dev0"
