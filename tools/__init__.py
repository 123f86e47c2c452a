"""Tools of the people who build and try the house; never shipped."""
