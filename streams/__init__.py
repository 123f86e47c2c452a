"""What runs: one folder per program."""

__version__ = "0.1.0"
