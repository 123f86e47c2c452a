"""Every rule file: the rules of one chain stand in one group, for groups are evaluated in any order."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from rules import common, composites, feed, pipeline, reference
from rules.judgement import AlertRule
from rules.promql import Rule
from schemas.feed import Feed


def files(feeds: Sequence[Feed]) -> Mapping[str, list[Rule | AlertRule]]:
    """Stem of the file -> its rules, in order; the group has the name of the file."""
    return {
        "common": [*reference.rules(), *common.rules(), *common.alerts()],
        "pipeline": [*pipeline.rules(), *pipeline.alerts()],
        **{stem(each): of_feed(each) for each in feeds},
    }


def of_feed(each: Feed) -> list[Rule | AlertRule]:
    """Numbers, what joins them, and what is judged on both."""
    return [
        feed.life(each),
        *feed.rules(each),
        *feed.attainments(each),
        *composites.rules(each.name),
        *feed.judgement_rules(each),
        *composites.judgement_rules(each),
    ]


def recordings(rules: Iterable[Rule | AlertRule]) -> list[Rule]:
    """Those that record a number."""
    return [cast(Rule, each) for each in rules if "record" in each]


def judgements(rules: Iterable[Rule | AlertRule]) -> list[AlertRule]:
    """Those that call somebody."""
    return [cast(AlertRule, each) for each in rules if "alert" in each]


def stem(each: Feed) -> str:
    """The name of a feed's files."""
    return each.name if each.version == 1 else f"{each.name}_v{each.version}"


def alerts(feeds: Sequence[Feed]) -> list[AlertRule]:
    """Every alert rule of every file."""
    return judgements(each for rules in files(feeds).values() for each in rules)
