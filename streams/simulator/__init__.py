"""Events that are not real: recordings played again, and scenarios of our own."""
