"""docs/benchmarks.md is made of sections, each written whole by the run that measures it; the others stay."""

import re

HEAD = """# Benchmarks

Tóm tắt: `make bench` so sánh bộ xử lý của trung tâm với Faust nguyên bản và với các bộ xử lý khác trên cùng một máy,
cùng một Kafka, cùng dữ liệu, trong cùng một lần chạy. Tỷ lệ đáng tin hơn con số tuyệt đối.

Written by `make bench`; do not edit. No figure is stable on a machine that others use too: compare within one run, and
trust ratios more than microseconds.
"""
ORDER = ("run", "ysb", "ioc1", "uc2", "paced", "province", "scale", "profile")


def replaced(page: str, name: str, text: str) -> str:
    """The page with one section written anew; that all of it is of one run is true no longer."""
    found = {each: _section(page, each) for each in ORDER} | {"run": ""} | {name: text.strip()}
    parts = [f"<!-- {each} -->\n\n{found[each]}\n\n<!-- /{each} -->\n" for each in ORDER if found[each]]
    return "\n".join([HEAD, *parts])


def _section(page: str, name: str) -> str:
    match = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", page, re.DOTALL)
    return match[1].strip() if match else ""
