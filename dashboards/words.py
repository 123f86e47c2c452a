"""Words that several dashboards say, and the colours that go with them.

The palette is chosen by contrast and by what red-, green- and blue-blind eyes tell apart; a colour never stands alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from schemas.text import Text

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")

PLAIN, OK, WARNING, CRITICAL, UNKNOWN = "#2a3441", "semi-dark-blue", "dark-orange", "dark-red", "#767676"
"""Known but not judged; normal; warning; critical; not known."""
BANNER = "#f2f2f2"
"""Marks what is not real: bright, but no hue, since hue means abnormal."""


def say(text: Text, language: Language) -> str:
    """The text in one language."""
    return text.vi if language == "vi" else text.en


@dataclass(frozen=True, slots=True)
class Word:
    """What stands for a value: a word, and its colour."""

    text: Text
    colour: str


Scale = Mapping[int, Word]
"""Whole numbers and the words they stand for."""

NOT_KNOWN = Text("CHƯA RÕ", "UNKNOWN")
LOST = Text("MẤT DỮ LIỆU", "NO DATA")

STATE: Scale = {
    0: Word(Text("KHÔNG CẢNH BÁO", "NO ALERT"), OK),
    1: Word(Text("CẢNH BÁO", "WARNING"), WARNING),
    2: Word(Text("NGUY CẤP", "CRITICAL"), CRITICAL),
}
SOURCE_STATES: Mapping[str, Word] = {
    "live": Word(Text("TRỰC TIẾP", "LIVE"), OK),
    "delayed": Word(Text("CHẬM", "DELAYED"), WARNING),
    "clock_fault": Word(Text("SAI ĐỒNG HỒ", "CLOCK FAULT"), WARNING),
    "stale": Word(Text("NGỪNG CẬP NHẬT", "STALE"), UNKNOWN),
    "off": Word(Text("TẮT", "OFF"), UNKNOWN),
}
SOURCE_STATE: Scale = dict(enumerate(SOURCE_STATES.values()))
ALARM_LEVEL: Scale = {
    -1: Word(Text("KHÔNG BĐ", "NO LEVEL"), UNKNOWN),
    0: Word(Text("DƯỚI BĐ1", "BELOW 1"), OK),
    1: Word(Text("BĐ1", "ALARM 1"), WARNING),
    2: Word(Text("BĐ2", "ALARM 2"), WARNING),
    3: Word(Text("BĐ3", "ALARM 3"), CRITICAL),
}
AGAINST_LIMIT: Scale = {
    0: Word(Text("DƯỚI NGƯỠNG", "BELOW LIMIT"), OK),
    1: Word(Text("VƯỢT NGƯỠNG", "OVER LIMIT"), CRITICAL),
    2: Word(Text("VƯỢT GIẢ ĐỊNH", "OVER ASSUMED"), WARNING),
}
NONE: Scale = {0: Word(Text("KHÔNG CÓ", "NONE"), OK)}
AGAINST_TARGET: Scale = {
    0: Word(Text("DƯỚI MỤC TIÊU", "BELOW TARGET"), WARNING),
    1: Word(Text("DƯỚI (GIẢ ĐỊNH)", "BELOW (ASSUMED)"), WARNING),
    2: Word(Text("ĐẠT", "MET"), OK),
    3: Word(Text("ĐẠT (GIẢ ĐỊNH)", "MET (ASSUMED)"), OK),
}
UP: Scale = {0: Word(Text("NGỪNG", "DOWN"), CRITICAL), 1: Word(Text("HOẠT ĐỘNG", "UP"), OK)}
