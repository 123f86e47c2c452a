"""The vocabulary of a feed in one import."""

from schemas.aggregates import Aggregate, Count, Elapsed, Histogram, Latest, Max, Mean, Min, Ratio, Share, State, Sum
from schemas.conditions import All, Before, Due, Has, Is, Lacks, Past, Working
from schemas.entities import Case, Check, Entity, Now, Open, ServiceLevel
from schemas.event import EpochMillis, EpochText, Payload, Time
from schemas.feed import Feed
from schemas.kpi import Alert, Kpi, Limit, Target
from schemas.labels import Agency, Category, Counter, Domain, Id, Listed, Procedure, Service, Station
from schemas.text import Text
from schemas.units import Celsius, Fraction, Metres, Millimetres, Milliseconds, Plausible, Seconds, Unit
from schemas.windows import Day, Month, Rolling, Year

__all__ = [
    "Agency",
    "Aggregate",
    "Alert",
    "All",
    "Before",
    "Case",
    "Category",
    "Celsius",
    "Check",
    "Count",
    "Counter",
    "Day",
    "Domain",
    "Due",
    "Elapsed",
    "Entity",
    "EpochMillis",
    "EpochText",
    "Feed",
    "Fraction",
    "Has",
    "Histogram",
    "Id",
    "Is",
    "Kpi",
    "Lacks",
    "Latest",
    "Limit",
    "Listed",
    "Max",
    "Mean",
    "Metres",
    "Milliseconds",
    "Millimetres",
    "Min",
    "Month",
    "Now",
    "Open",
    "Past",
    "Payload",
    "Plausible",
    "Procedure",
    "Ratio",
    "Rolling",
    "Seconds",
    "Service",
    "ServiceLevel",
    "Share",
    "State",
    "Station",
    "Sum",
    "Target",
    "Text",
    "Time",
    "Unit",
    "Working",
    "Year",
]
