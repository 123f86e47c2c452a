"""Whatever bytes come, the door answers: coverage-guided fuzzing of the readers of events, T21 of the fault matrix."""
