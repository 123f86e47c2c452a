"""One curated wall per file, its name the wall's name."""
