"""The examples of the feed of changes, in each of its forms."""

import json
import re
from typing import Any

from fastapi.testclient import TestClient

URL = "/v1/changes?entity=benjamin-netanyahu&type=quote"
FORMS = {
    "": "&limit=1",
    "_ndjson": "&limit=2&format=ndjson",
    "_atom": "&limit=1&format=atom",
    "_sse": "&format=sse",
}
PLACE = "x6pHJdcR4sEqa4IMWyJjZDk4YWUzZGQzOGVjNzk2MTgiLDEsMSwxXQ"
# Lines of what has no end.
LINES = 10
# Of one record alone: the places in its feed, its name in those of others, its times.
_OWN = {
    re.compile(r"""("cursor":"|after=|id: )[\w-]{40,}"""): rf"\g<1>{PLACE}",
    re.compile(r"\b(urn:onrecord):[0-9a-f]{12}\b"): r"\1:0a1b2c3d4e5f",
    re.compile(r"\b(20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"): r"\g<1>24-10-16T08:00:00.000Z",
}


def changes(client: TestClient) -> dict[str, Any]:
    """By the name of the operation and the form. A service that ends ends its streams, too."""
    client.app.state.watch.close()  # type: ignore[attr-defined]
    found: dict[str, Any] = {}
    for form, query in FORMS.items():
        content = client.get(URL + query).text
        for own, shown in _OWN.items():
            content = own.sub(shown, content)
        lines = content.splitlines(keepends=True)[:LINES] if form == "_sse" else [content]
        found[f"list_changes{form}"] = "".join(lines) if form else json.loads(content)
    return found
