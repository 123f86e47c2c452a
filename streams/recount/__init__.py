"""The recount: every number a second time, slowly and plainly, by docs/numbers.md. It must not know the engine."""
