"""What a bed is made of, as a scenario declares it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal


@dataclass(frozen=True)
class House:
    """Scenarios with an equal, shared house run in it one after another, and are judged together.

    Attributes:
        brokers: one, or a cluster of three.
        broker: broker properties.
        settings: settings of the workers, without IOC_.
        way: how workers reach the broker: straight, through a proxy that can harm connections, or by a cable into a
            network namespace.
        disks: megabytes of a disk of fixed size, by its folder below the bed's.
        bug: a bug planted into the workers, and told to the recount.
        shared: the name under which scenarios share it; empty: a house of its own.
    """

    brokers: int = 1
    broker: Mapping[str, object] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    way: Literal["straight", "proxy", "cable"] = "straight"
    disks: Mapping[str, int] = field(default_factory=dict)
    bug: str = ""
    shared: str = ""


PLAIN: Final = House()
