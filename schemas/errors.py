"""What can go wrong: our own errors as exceptions, faults of a record as closed lists of reasons and flags.

IocError
├── DeclarationError    a feed or a row of reference data contradicts itself      stops the start
├── SettingError        a setting is missing or wrong; names IOC_X and the value  stops the start
├── CompatibilityError  Faust, aiokafka or the broker is not what we need         stops the start
├── SnapshotError       state cannot be read or written; never begin from zero    stops the process
└── LineStopped         dead letters cannot be written, or exceed their ratio     stops, nothing acknowledged
"""

from enum import StrEnum
from typing import NamedTuple

from schemas.text import Text


class IocError(Exception):
    """Base of every error of ours: the message is one sentence that names the thing and the remedy."""


class DeclarationError(IocError):
    """A feed or a row of reference data contradicts itself."""


class SettingError(IocError):
    """A setting is missing or wrong."""


class CompatibilityError(IocError):
    """Faust, aiokafka or the broker is not what the transport was tested with."""


class SnapshotError(IocError):
    """State cannot be read or written; nothing begins from zero in silence."""


class LineStopped(IocError):
    """Dead letters cannot be written, or too many records of a partition end there for our own fault."""


class Fate(StrEnum):
    """What became of a record; each record read has exactly one."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    LATE = "late"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why a record is a dead letter; a closed list."""

    NOT_JSON = "not_json"
    NOT_CLOUDEVENT = "not_cloudevent"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_SCHEMA = "unknown_schema"
    SCHEMA_VIOLATION = "schema_violation"
    NOT_FINITE = "not_finite"
    TOO_LARGE = "too_large"
    UNKNOWN_SOURCE = "unknown_source"
    UNKNOWN_COMMUNE = "unknown_commune"
    OUT_OF_PROVINCE = "out_of_province"
    UNKNOWN_ENTITY = "unknown_entity"
    WRONG_KEY = "wrong_key"
    FUTURE_TIME = "future_time"
    ID_CONFLICT = "id_conflict"
    LATE = "late"
    INTERNAL_ERROR = "internal_error"
    PROCESS_KILLER = "process_killer"

    @property
    def text(self) -> Text:
        """The reason in words."""
        return _REASONS[self]


class Flag(StrEnum):
    """A doubt about an accepted event that every feed may have; checks of a feed add their own names."""

    OUT_OF_RANGE = "out_of_range"
    ASSUMED_VERSION = "assumed_version"
    COMMUNE_ABOLISHED = "commune_abolished"
    CLOSED_BEFORE_OPENED = "closed_before_opened"
    UNLISTED = "unlisted"

    @property
    def text(self) -> Text:
        """The flag in words."""
        return _FLAGS[self]


class Rejection(NamedTuple):
    """Why a record was refused: reason, JSON pointer (RFC 6901) to the field, and what is wrong there."""

    reason: Reason
    pointer: str = ""
    detail: str = ""


_REASONS = {
    Reason.NOT_JSON: Text("Nội dung không phải JSON hợp lệ", "The body is not valid JSON"),
    Reason.NOT_CLOUDEVENT: Text(
        "Thiếu hoặc sai thuộc tính bắt buộc của CloudEvents", "A required CloudEvents attribute is missing or wrong"
    ),
    Reason.UNKNOWN_TYPE: Text(
        "Loại sự kiện không có trong danh mục", "The event type belongs to no action of the feed"
    ),
    Reason.UNKNOWN_SCHEMA: Text("Lược đồ dữ liệu không có trong danh mục", "The dataschema is unknown"),
    Reason.SCHEMA_VIOLATION: Text(
        "Trường dữ liệu sai kiểu, thiếu hoặc ngoài khoảng cho phép",
        "A field has a wrong type, is missing, unknown or outside what is allowed",
    ),
    Reason.NOT_FINITE: Text("Giá trị không phải số hữu hạn", "A number is not finite"),
    Reason.TOO_LARGE: Text("Sự kiện vượt kích thước cho phép", "The event is larger than allowed"),
    Reason.UNKNOWN_SOURCE: Text(
        "Hệ thống gửi chưa đăng ký cho luồng dữ liệu này", "The source is not registered for this feed"
    ),
    Reason.UNKNOWN_COMMUNE: Text(
        "Mã đơn vị hành chính không tồn tại trong phiên bản", "The unit code does not exist in its version"
    ),
    Reason.OUT_OF_PROVINCE: Text("Ngoài địa bàn tỉnh", "Valid, but outside the province"),
    Reason.UNKNOWN_ENTITY: Text(
        "Trạm, thủ tục hoặc chỉ tiêu chưa đăng ký", "The station, procedure or service is not registered"
    ),
    Reason.WRONG_KEY: Text("Khóa Kafka không phải mã đối tượng của sự kiện", "The Kafka key is not the entity's id"),
    Reason.FUTURE_TIME: Text("Thời gian sự kiện ở tương lai", "The event time lies in the future"),
    Reason.ID_CONFLICT: Text("Trùng mã sự kiện nhưng khác nội dung", "The id is known with another body"),
    Reason.LATE: Text("Đến muộn, cũ hơn mọi cửa sổ thời gian còn giữ", "Late: older than every window kept"),
    Reason.INTERNAL_ERROR: Text("Lỗi nội bộ của hệ thống xử lý", "A fault of our own while folding"),
    Reason.PROCESS_KILLER: Text("Bản ghi làm dừng tiến trình xử lý", "The record ends the process that reads it"),
}
_FLAGS = {
    Flag.OUT_OF_RANGE: Text("ngoài khoảng hợp lý", "outside the plausible range"),
    Flag.ASSUMED_VERSION: Text("phiên bản địa giới suy đoán", "version of the unit assumed from the event time"),
    Flag.COMMUNE_ABOLISHED: Text("đơn vị đã giải thể, sáp nhập", "the commune was already abolished"),
    Flag.CLOSED_BEFORE_OPENED: Text("kết thúc trước khi bắt đầu", "closed before it was opened"),
    Flag.UNLISTED: Text("giá trị ngoài danh mục, tính vào nhóm khác", "a value outside its list, counted as other"),
}
