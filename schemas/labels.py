"""What may become a label: closed sets only, so that the number of series is bounded by construction."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import StringConstraints

OTHER = "other"

ID_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/|@+-]{0,63}$"
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]


@dataclass(frozen=True, slots=True)
class Listed:
    """The value must stand in a list of reference data, in force at the event's time.

    Attributes:
        name: the list, a file of reference/.
        law: a value outside the list is rejected `unknown_entity`; otherwise it becomes `other` and is flagged.
        gives: columns of the list, of text, that become fields of the event's row: from the line in force at its time.
    """

    name: str
    law: bool = False
    gives: tuple[str, ...] = ()


Agency = Annotated[Id, Listed("agencies")]
Station = Annotated[Id, Listed("stations", law=True)]
Service = Annotated[Id, Listed("services", law=True)]
Procedure = Annotated[Id, Listed("procedures", law=True)]
Domain = Annotated[Id, Listed("domains")]
Category = Annotated[Id, Listed("categories")]
Counter = Annotated[Id, Listed("counters")]
