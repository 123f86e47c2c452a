"""The one error of the tools: something a person can mend."""


class ToolError(Exception):
    """A tool cannot go on; the message is one sentence that names the cause and the remedy."""
