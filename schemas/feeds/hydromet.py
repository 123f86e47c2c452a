"""Rain gauges, river stations and other instruments of the hydro-meteorological service."""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field

from schemas import (
    Aggregate,
    Alert,
    Celsius,
    Check,
    Day,
    Entity,
    Feed,
    Kpi,
    Latest,
    Limit,
    Max,
    Mean,
    Metres,
    Millimetres,
    Now,
    Payload,
    Plausible,
    Rolling,
    State,
    Station,
    Sum,
    Text,
)

HOUR_MS = 3_600_000


class Observation(Payload):
    """What one station read; one event may carry several instruments."""

    station_id: Annotated[Station, Text("Mã trạm", "Station")]
    quality: Annotated[
        Literal["ok", "suspect", "maintenance", "missing"],
        Text("Chất lượng do trạm báo", "The instrument's own verdict"),
    ]
    rain_mm: NotRequired[
        Annotated[
            Millimetres,
            Field(ge=0, le=1000),
            Plausible(0, 60),
            Text("Mưa trong period_s giây trước `time`", "Rain of the period_s seconds before `time`"),
        ]
    ]
    period_s: NotRequired[
        Annotated[int, Field(ge=1, le=86_400), Text("Thời đoạn đo", "Period that the reading covers")]
    ]
    level_m: NotRequired[
        Annotated[
            Metres,
            Field(ge=-100, le=4000),
            Text("Mực nước trên mốc của trạm", "Level above the station's datum"),
        ]
    ]
    datum: NotRequired[
        Annotated[str, Field(max_length=32, pattern=r"^[A-Za-z0-9 ._-]+$"), Text("Mốc cao độ", "Datum of the level")]
    ]
    trend: NotRequired[
        Annotated[Literal["rising", "steady", "falling"], Text("Xu thế do trạm báo", "Trend told by the station")]
    ]
    discharge_m3_s: NotRequired[
        Annotated[float, Field(ge=0, le=100_000), Plausible(0, 15_000), Text("Lưu lượng", "Discharge")]
    ]
    temperature_c: NotRequired[
        Annotated[Celsius, Field(ge=-60, le=70), Plausible(-6, 45), Text("Nhiệt độ không khí", "Air temperature")]
    ]
    dew_point_c: NotRequired[Annotated[Celsius, Field(ge=-80, le=70), Text("Điểm sương", "Dew point")]]
    humidity_pct: NotRequired[
        Annotated[float, Field(ge=0, le=200), Plausible(0, 100), Text("Độ ẩm không khí", "Relative humidity")]
    ]
    soil_moisture_pct: NotRequired[
        Annotated[float, Field(ge=0, le=200), Plausible(0, 100), Text("Độ ẩm đất", "Soil moisture")]
    ]
    tilt_deg: NotRequired[Annotated[float, Field(ge=-180, le=180), Plausible(-90, 90), Text("Độ nghiêng", "Tilt")]]
    siren: NotRequired[
        Annotated[int, Field(ge=0, le=1), Text("Còi cảnh báo: 1 là đang kêu", "Siren: 1 while it sounds")]
    ]
    battery_v: NotRequired[
        Annotated[float, Field(ge=-100, le=100), Plausible(0, 30), Text("Điện áp ắc quy", "Battery")]
    ]


class Rise(Aggregate):
    """Rise per hour from the first reading of the window to the last.

    State: time and value of the first reading, time and value of the last; of two at one moment the lower counts as
    first, the higher as last, so the order of reading does not matter.
    """

    shape = "max"

    def zero(self) -> State:
        return []

    def add(self, state: State, at: int, *values: int) -> None:
        self.merge(state, [at, *values, at, *values])

    def merge(self, into: State, other: State) -> None:
        if into and other:
            into[:] = [*min(into[:2], other[:2]), *max(into[2:], other[2:])]
        else:
            into[:] = into or other

    def read(self, state: State) -> tuple[float, ...]:
        if not state or state[2] == state[0]:
            return ()
        return ((state[3] - state[1]) * HOUR_MS / (state[2] - state[0]),)


def instrument_not_ok(reading: Observation, before: Mapping[str, Any]) -> bool:
    """The station itself doubts the reading, or says that there is none."""
    return reading["quality"] != "ok"


def suspect_jump(reading: Observation, before: Mapping[str, Any]) -> bool:
    """A level more than 3 m away from the last one: rivers here rise at most 3 m in an hour."""
    return "level_m" in reading and abs(reading["level_m"] - before.get("level_m", reading["level_m"])) > 3


STATION = ("station_id",)
HOURS = tuple(Rolling(timedelta(hours=hours), step=timedelta(minutes=10)) for hours in (1, 3, 6, 12, 24, 72, 96))
ONE_HOUR, TWENTY_FOUR_HOURS = HOURS[0], HOURS[4]

FEED = Feed(
    name="hydromet",
    title=Text("Quan trắc khí tượng thủy văn", "Weather and river observations"),
    payload=Observation,
    actions=("observed",),
    key="station_id",
    every=timedelta(minutes=10),
    covers="period_s",
    entity=Entity("station_id", remembers=("level_m", "rain_mm", "temperature_c", "siren", "commune", "admin_version")),
    checks=(
        Check(instrument_not_ok, Text("thiết bị báo không ổn", "the instrument is not ok"), effect="hold"),
        Check(suspect_jump, Text("thay đổi bất thường", "changed faster than plausible"), effect="confirm"),
    ),
    duty="disaster",
    kpis=(
        Kpi(
            "rain",
            Text("Lượng mưa", "Rainfall"),
            Sum("rain_mm"),
            over=(*HOURS, Day(starts=time(19))),
            by=STATION,
            alerts=(
                Alert(
                    "RainExtreme1h",
                    "P2",
                    Text("Mưa cực lớn trong 1 giờ", "Extreme rain in 1 h"),
                    above=Limit("rain.1h"),
                    window="1h",
                    hazard=True,
                    wall="disaster",
                ),
                Alert(
                    "RainExtreme3h",
                    "P2",
                    Text("Mưa cực lớn trong 3 giờ", "Extreme rain in 3 h"),
                    above=Limit("rain.3h"),
                    window="3h",
                    hazard=True,
                    wall="disaster",
                ),
                Alert(
                    "RainExtreme24h",
                    "P2",
                    Text("Mưa rất to trong 24 giờ", "Very heavy rain in 24 h"),
                    above=Limit("rain.24h"),
                    window="24h",
                    hazard=True,
                    wall="disaster",
                ),
            ),
            basis="QĐ 18/2021/QĐ-TTg, Art. 44",
        ),
        Kpi(
            "level",
            Text("Mực nước", "River level"),
            Latest("level_m"),
            over=Now(),
            by=STATION,
            alerts=(
                Alert(
                    "RiverAboveBD3",
                    "P1",
                    Text("Mực nước vượt báo động 3", "River above alarm level 3"),
                    above=Limit("flood", level=3),
                    hazard=True,
                    wall="disaster",
                ),
                Alert(
                    "RiverAboveBD2",
                    "P2",
                    Text("Mực nước vượt báo động 2", "River above alarm level 2"),
                    above=Limit("flood", level=2),
                    lasting=timedelta(minutes=10),
                    hazard=True,
                    wall="disaster",
                ),
                Alert(
                    "RiverAboveBD1",
                    "P3",
                    Text("Mực nước vượt báo động 1", "River above alarm level 1"),
                    above=Limit("flood", level=1),
                    lasting=timedelta(minutes=10),
                    hazard=True,
                    wall="disaster",
                ),
            ),
            basis="QĐ 05/2020/QĐ-TTg, Annex I",
        ),
        Kpi(
            "rise",
            Text("Tốc độ nước lên", "Rate of rise"),
            Rise("level_m"),
            over=ONE_HOUR,
            by=STATION,
            unit="meters_per_hour",
        ),
        Kpi(
            "temperature",
            Text("Nhiệt độ trung bình 24 giờ", "Mean temperature of 24 h"),
            Mean("temperature_c"),
            over=TWENTY_FOUR_HOURS,
            by=STATION,
            unit="celsius",
        ),
        Kpi(
            "siren_active",
            Text("Còi cảnh báo đang kêu", "Siren active"),
            Max("siren"),
            over=Now(),
            by=("commune", "admin_version"),
        ),
    ),
    example={
        "specversion": "1.0",
        "id": "LC-R-0042-20240909T130000Z",
        "source": "//laocai.gov.vn/kttv/vrain",
        "type": "vn.laocai.hydromet.observed.v1",
        "subject": "LC-R-0042",
        "time": "2024-09-09T20:00:00+07:00",
        "recordedtime": "2024-09-09T20:00:41+07:00",
        "agency": "kttv",
        "adminunit": "02998",
        "adminversion": "2023",
        "datacontenttype": "application/json",
        "dataschema": "urn:ioc:hydromet:1",
        "data": {"station_id": "LC-R-0042", "rain_mm": 18.4, "period_s": 600, "quality": "ok"},
    },
    not_built={
        "rain_commune_max": "joins stations and communes: a recording rule",
        "rain_reporting_ratio": "joins known stations and the list of stations: a recording rule",
        "alarm_level": "joins levels and limits: a recording rule",
        "next_level_meters": "joins levels and limits: a recording rule",
        "next_level_seconds": "joins levels, limits and the rate of rise: a recording rule",
        "LandslideTriggerWetGround": "the risk class of the communes is not verified; their rain is recorded",
        "estimated_risk_level": "the flood region of the stations is not verified",
        "suspect_flatline": "needs the neighbours within 10 km: a comparison of stations, not of one station's events",
    },
)
