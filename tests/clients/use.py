"""What a newsroom developer does with the generated Python client: the quotes of a speaker, and one claim."""

import json
import sys

from onrecord_client import Client
from onrecord_client.api.claims import get_claim
from onrecord_client.api.quotes import list_quotes
from onrecord_client.models import ProblemDocument

base_url, speaker, claim_id = sys.argv[1:]
with Client(base_url=base_url, raise_on_unexpected_status=True) as client:
    page = list_quotes.sync(client=client, speaker=[speaker])
    claim = get_claim.sync(id=claim_id, client=client)
assert page is not None and not isinstance(page, ProblemDocument), page
assert claim is not None and not isinstance(claim, ProblemDocument), claim
sys.stdout.write(json.dumps({"quotes": [quote.id for quote in page.results], "claim": claim.as_written}))
