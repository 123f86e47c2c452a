"""The pure engine: imports the schemas only; no clock, no loop, no file, no Kafka."""
