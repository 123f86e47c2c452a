"""An event of the Yahoo benchmark as pydantic validates it: all seven fields, strict, none missing, none more."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, StringConstraints, TypeAdapter
from typing_extensions import TypedDict

Text = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class AdEvent(TypedDict):
    """One event."""

    __pydantic_config__ = ConfigDict(strict=True, extra="forbid")  # type: ignore[misc]

    user_id: Text
    page_id: Text
    ad_id: Text
    ad_type: Literal["banner", "modal", "sponsored-search", "mail", "mobile"]
    event_type: Literal["view", "click", "purchase"]
    event_time: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,13}$")]
    ip_address: Text


validate: Any = TypeAdapter(AdEvent).validator.validate_json
"""Bytes to an event; raises pydantic's ValidationError. The core's own method, as fast as pydantic goes."""
