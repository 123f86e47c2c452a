"""What an operator does by hand: topics, publishing, dead letters."""
