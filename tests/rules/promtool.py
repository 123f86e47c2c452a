"""Lets promtool judge the generated rules: series in, alerts that must fire and alerts that must stay silent out."""

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ROOT / "rules" / "generated"
FILES = sorted(GENERATED.glob("*.yml"))

Series = dict[str, str]


@cache
def programs() -> tuple[str, ...]:
    """Every promtool on the PATH, one a major version: the texts must hold on 2.42 and on 3.x."""
    found: dict[str, str] = {}
    for folder in os.get_exec_path():
        for path in sorted(Path(folder).glob("promtool*")):
            if os.access(path, os.X_OK) and path.is_file():
                told = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=60, check=False)
                if major := re.search(r"version (\d+)\.", told.stdout + told.stderr):
                    found.setdefault(major[1], str(path))
                elif told.returncode == 0:  # built from source, it does not know its version
                    found.setdefault("unknown", str(path))
    return tuple(found.values())


needs_promtool = pytest.mark.skipif(not programs(), reason="promtool (Debian: prometheus) is not installed")


def run(*arguments: str) -> list[subprocess.CompletedProcess[str]]:
    """What each of them says."""
    return [subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120, check=False)
            for program in programs()]  # fmt: skip


def series(name: str, values: str | float, **labels: str) -> Series:
    """One input series; a number is the same all the time."""
    inner = ", ".join(f'{label}="{text}"' for label, text in labels.items())
    return {"series": f"{name}{{{inner}}}", "values": values if isinstance(values, str) else f"{values:.12g}x3000"}


def limit(
    name: str, value: float | str, *, assumed: bool = False, until: str = "", basis: str = "QĐ", **labels: str
) -> list[Series]:
    """A row of limits.csv as every worker shows it; `until` replaces the constant values, for a worker that dies."""
    of = {"limit": name, **labels}
    return [
        series("ioc_limit_value", until.format(value) if until else value, **of, unit="x", instance="w1"),
        series("ioc_limit_assumed", until.format(int(assumed)) if until else int(assumed), **of, instance="w1"),
        series("ioc_limit_info", until.format(1) if until else 1, **of, basis=basis, instance="w1"),
    ]


def states(feed: str, values: Mapping[str, str], *, source: str = "a", provenance: str = "real") -> list[Series]:
    """What the workers say of a source: per state its 0 and 1 over time."""
    return [
        series("ioc_feed_state", said, feed=feed, source=source, state=state, provenance=provenance, instance="w1")
        for state, said in values.items()
    ]


class Expected(NamedTuple):
    """An alert that fires with these labels, or one that stays silent, and why."""

    alert: str
    labels: Mapping[str, str]
    because: str | None = None


def fires(alert: str, **labels: str) -> Expected:
    """It fires with these labels, once, and not otherwise."""
    return Expected(alert, labels)


def silent(alert: str, because: str, **labels: str) -> Expected:
    """It does not fire (with these labels), for a reason worth telling."""
    return Expected(alert, labels, because)


def judge(
    tmp_path: Path,
    files: Iterable[str],
    inputs: Sequence[Series],
    moments: Mapping[str, Sequence[Expected]],
    *,
    values: Mapping[str, Mapping[str, list[tuple[str, float]]]] | None = None,
    interval: str = "1m",
) -> None:
    """Runs the rule files over the series; `moments`: time -> alerts, `values`: time -> expression -> samples."""
    tests = [_samples(at, expected) for at, group in moments.items() for expected in _grouped(group)]
    tests += [
        {"expr": expr, "eval_time": at, "exp_samples": [{"labels": of, "value": value} for of, value in samples]}
        for at, wanted in (values or {}).items() for expr, samples in wanted.items()
    ]  # fmt: skip
    whole: dict[str, Any] = {
        "rule_files": [str(GENERATED / f"{name}.yml") for name in files],
        "evaluation_interval": interval,
        # groups are evaluated in any order: reference data and states stand in the common one
        "group_eval_order": [f"ioc_{name}" for name in files],
        "tests": [{"interval": interval, "input_series": list(inputs), "promql_expr_test": tests}],
    }
    told(tmp_path, whole)


def told(tmp_path: Path, whole: Mapping[str, Any]) -> None:
    """Asserts that every promtool agrees."""
    file = tmp_path / "test.yml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True), encoding="utf-8")
    for done in run("test", "rules", str(file)):
        assert done.returncode == 0, done.stdout + done.stderr


def _grouped(group: Sequence[Expected]) -> Iterable[list[Expected]]:
    found: dict[tuple[str, bool, str], list[Expected]] = {}
    for expected in group:
        quiet = expected.because is not None
        found.setdefault((expected.alert, quiet, str(expected.labels) if quiet else ""), []).append(expected)
    return found.values()


def _samples(at: str, group: list[Expected]) -> dict[str, Any]:
    first = group[0]
    if first.because is not None:
        inner = "".join(f', {label}="{value}"' for label, value in first.labels.items())
        expr = f'ALERTS{{alertstate="firing", alertname="{first.alert}"{inner}}}'
        return {"expr": expr, "eval_time": at, "exp_samples": []}
    by = sorted({label for each in group for label in each.labels})
    samples = [
        {"labels": "{" + ", ".join(f'{label}="{value}"' for label, value in each.labels.items()) + "}", "value": 1}
        for each in group
    ]
    expr = f'sum by ({", ".join(by)}) (ALERTS{{alertstate="firing", alertname="{first.alert}"}})'
    return {"expr": expr, "eval_time": at, "exp_samples": samples}
