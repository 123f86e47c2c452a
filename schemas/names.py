"""Every name that is made: topics, event types, metrics, recorded series. One function makes each; nobody else does."""

PREFIX = "ioc"


def topic(feed: str, version: int) -> str:
    """The Kafka topic of a feed: ioc.hydromet.v1."""
    return f"{PREFIX}.{feed}.v{version}"


def dead_letter_topic(feed: str, version: int) -> str:
    """The topic of a feed's dead letters: ioc.hydromet.v1.dead."""
    return f"{topic(feed, version)}.dead"


def event_type(feed: str, action: str, version: int) -> str:
    """The CloudEvents type of an action: vn.laocai.hydromet.observed.v1."""
    return f"vn.laocai.{feed}.{action}.v{version}"


def data_schema(feed: str, version: int) -> str:
    """The CloudEvents dataschema of a feed: urn:ioc:hydromet:1."""
    return f"urn:{PREFIX}:{feed}:{version}"


def metric(*parts: str) -> str:
    """An exposed metric: ioc_hydromet_level_meters; empty parts are left out."""
    return "_".join(part for part in (PREFIX, *parts) if part)


def recorded(name: str) -> str:
    """The recorded, province-wide series of an exposed metric: ioc:hydromet_level_meters."""
    return f"{PREFIX}:{name.removeprefix(PREFIX + '_')}"


def label(field: str) -> str:
    """The label of a field: its name without _id."""
    return field.removesuffix("_id")


def silent(alert: str) -> str:
    """The twin of an alert, which fires while its value is unknown: RiverAboveBD3Silent."""
    return f"{alert}Silent"


def runbook(alert: str) -> str:
    """The page of an alert and of its twin: docs/runbooks/RiverAboveBD3.md."""
    return f"docs/runbooks/{alert}.md"
