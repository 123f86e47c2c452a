"""Every scenario, in the order in which they run."""

from typing import Final

from tools.faults import (
    anew,
    brokers,
    clocks,
    crashes,
    data,
    limits,
    network,
    programs,
    replicas,
    rights,
    storage,
    upgrade,
)
from tools.faults.scenario import Scenario

SCENARIOS: Final[tuple[Scenario, ...]] = (
    *crashes.SCENARIOS, *brokers.SCENARIOS, *replicas.SCENARIOS, *network.SCENARIOS, *storage.SCENARIOS,
    *programs.SCENARIOS, *anew.SCENARIOS, *upgrade.SCENARIOS, *clocks.SCENARIOS, *rights.SCENARIOS,
    *limits.LARGE_VALUES, *limits.SCENARIOS, *data.SCENARIOS)
