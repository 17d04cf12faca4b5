"""What holds for every resource alike."""

import pytest
from fastapi.testclient import TestClient

from api.resources import RESOURCES
from tests.conftest import Statements

NAMES = list(RESOURCES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("limit", [1, 7, 200])
def test_a_page_takes_at_most_three_statements(
    client: TestClient, statements: Statements, name: str, limit: int
) -> None:
    answer = client.get(f"/v1/{name}", params={"limit": limit})
    assert answer.status_code == 200, answer.text
    assert len(statements.sent) <= 3
