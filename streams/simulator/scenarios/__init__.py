"""Days that never were, one module a scenario."""
