"""Pathway as its documentation shows it: Kafka, a schema, filter, join, groupby; its state on disk each second.

Its clock runs from the start of its engine: the first event is read where Python cannot see it. Its schema drops a
record with a missing or mistyped field unseen, so that a log with one would never be over; an unknown field passes.
"""

from typing import Any

import pathway as pw

from benchmarks.peers.race import BROKER, FOLDER, TOPIC, TOTAL, WINDOW_MS, Race, Shown, campaigns

AD_TYPES = ("banner", "modal", "sponsored-search", "mail", "mobile")
EVENT_TYPES = ("view", "click", "purchase")
SECOND_MS = 1000

race = Race("pathway")
shown = Shown(race)
counts: dict[str, int] = {}
seen = {"read": 0, "valid": 0}


class AdEvent(pw.Schema):  # type: ignore[misc]  # not typed where this is checked
    """One event; a record with a missing or mistyped field is no row."""

    user_id: str
    page_id: str
    ad_id: str
    ad_type: str
    event_type: str
    event_time: str
    ip_address: str


class Ad(pw.Schema):  # type: ignore[misc]
    """Whose ad it is."""

    ad: str
    campaign: str


def one_of(column: Any, words: tuple[str, ...]) -> Any:
    """Whether a column is one of a few words."""
    first, *rest = words
    found = column == first
    for word in rest:
        found |= column == word
    return found


def show(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:  # noqa: ARG001  # Pathway calls it so
    """Makes a count visible."""
    if is_addition:
        name = f"{row['campaign']}:{row['window']}"
        counts[name] = row["views"]
        shown.put({name: row["views"]})


def note(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:  # noqa: ARG001  # as above
    """How far it has come."""
    if is_addition:
        seen[row["kind"]] = row["number"]


def end(time: int) -> None:  # noqa: ARG001  # as above
    """After each commit; ends the run with the last event, when the counts add up to its views."""
    if seen["read"] == TOTAL and sum(counts.values()) == views_of["views"]:
        race.read, race.rejected, race.views = TOTAL, TOTAL - seen["valid"], views_of["views"]
        shown.flush()
        race.stop()
        race.finish(counts, "at least once, on a local disk")


views_of = {"views": -1}


def note_views(key: Any, row: dict[str, Any], time: int, is_addition: bool) -> None:  # noqa: ARG001  # as above
    """How many views there were."""
    if is_addition:
        views_of["views"] = row["number"]


events = pw.io.kafka.read({"bootstrap.servers": BROKER, "group.id": race.name, "auto.offset.reset": "earliest"},
                          topic=TOPIC, schema=AdEvent, format="json", autocommit_duration_ms=SECOND_MS, name="events")
ads = pw.debug.table_from_rows(Ad, list(campaigns().items()))
timed = events.with_columns(at=events.event_time.str.parse_int(optional=True))
valid = timed.filter(one_of(timed.ad_type, AD_TYPES) & one_of(timed.event_type, EVENT_TYPES) & timed.at.is_not_none())
views = valid.filter(valid.event_type == "view")
joined = views.join(ads, views.ad_id == ads.ad).select(ads.campaign, window=pw.unwrap(views.at) // WINDOW_MS)
result = joined.groupby(joined.campaign, joined.window).reduce(joined.campaign, joined.window,
                                                               views=pw.reducers.count())
pw.io.subscribe(result, on_change=show, on_time_end=end)
pw.io.subscribe(views.reduce(number=pw.reducers.count()), on_change=note_views, on_time_end=end)
for kind, table in (("read", events), ("valid", valid)):
    pw.io.subscribe(table.reduce(kind=kind, number=pw.reducers.count()), on_change=note, on_time_end=end)

if __name__ == "__main__":
    race.take(0)
    backend = pw.persistence.Backend.filesystem(str(FOLDER / race.name))
    pw.run(monitoring_level=pw.MonitoringLevel.NONE,
           persistence_config=pw.persistence.Config(backend, snapshot_interval_ms=SECOND_MS))
