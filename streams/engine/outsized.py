"""What stands for bytes that nobody can hold: their length and digest."""


class Outsized(bytes):
    """Has the length of what it stands for, and of its bytes at most the first: who asks how long it is refuses it.

    Attributes:
        length: bytes of what it stands for.
        digest: their SHA-256, in hexadecimal.
    """

    length: int
    digest: str

    @classmethod
    def of(cls, length: int, digest: str, begin: bytes = b"") -> "Outsized":
        """What stands for so many bytes with this digest; `begin`: the first of them, where they are shown."""
        made = cls(begin)
        made.length, made.digest = length, digest
        return made

    def __len__(self) -> int:
        return self.length
