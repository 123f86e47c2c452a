"""One file per feed."""
