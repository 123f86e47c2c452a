"""The clone of the whole house in which panels are asked."""

from tests.stack.conftest import make_tree

__all__ = ["make_tree"]
