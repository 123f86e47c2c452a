"""Every dashboard is what the SDK's schema says: read into its types and written again, it is the same."""

import json

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.dashboards.every import pages


@pytest.mark.parametrize("uid", sorted(pages()))
def test_it_survives_the_way_through_the_schema(uid: str) -> None:
    register_default_plugins()
    page = pages()[uid]
    assert json.loads(JSONEncoder().encode(Dashboard.from_json(page))) == page
