"""Words an operator reads: Vietnamese first, English beside it."""

from dataclasses import dataclass
from unicodedata import is_normalized


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages; neither may be empty, the Vietnamese one is NFC."""

    vi: str
    en: str

    def __post_init__(self) -> None:
        if not (self.vi and self.en):
            raise ValueError(f"text lacks a language: {self}")
        if not is_normalized("NFC", self.vi):
            raise ValueError(f"text is not NFC: {self.vi!r}")
