"""What On Record's lists answer as SQL on the same SQLite file: for Datasette, and for the limit of counting.

`bench_flat` is an item without its nested parts, `bench_full` has them as JSON. A query picks its page first
and makes the JSON of fifty rows, as somebody who knows SQLite would write it.
"""

# ruff: noqa: E501  # SQL
import sqlite3
from pathlib import Path

OWN = "q.id, q.form, q.act, q.polarity, q.content, q.verbatim, q.cue, q.occasion, q.medium"
FLAT = f"""
SELECT q.row_key, {OWN}, q.said_order, q.document_id, q.start, q.text_sha256, q.within_id, q.relation,
  d.title AS document_title, d.outlet, d.url AS document_url, d.published, r.number AS revision, r.time AS recorded,
  s.entity_id AS speaker, e.name AS speaker_name, e.kind AS speaker_kind, e.naming AS speaker_naming, s.as_written
FROM quote q
JOIN document d ON d.id = q.document_id AND d.superseded IS NULL AND d.status = 'published'
JOIN revision r ON r.key = q.recorded
JOIN speaker s ON s.document_id = q.document_id AND s.quote_key = q.row_key AND s.role = 'speaker' AND s.position = 0
JOIN entity e ON e.id = s.entity_id AND e.superseded IS NULL
WHERE q.superseded IS NULL
"""
SPANS = """
(SELECT json_group_array(json_object('role', p.role, 'start', p.start, 'end', p."end", 'exact', p.exact,
    'prefix', substr(t.text, max(1, p.start - 31), min(32, p.start)), 'suffix', substr(t.text, p."end" + 1, 32)))
  FROM span p JOIN text t ON t.document_id = p.document_id AND t.sha256 = p.text_sha256
  WHERE p.owner_key = {key} AND p.role <> 'sentence')
"""
SPEAKERS = """
(SELECT json_group_array(json_object('role', s.role, 'id', e.id, 'kind', e.kind, 'name', e.name,
    'naming', e.naming, 'as_written', s.as_written, 'mention', s.mention_id))
  FROM speaker s JOIN entity e ON e.id = s.entity_id AND e.superseded IS NULL WHERE s.quote_key = {key})
"""
TIMES = """
(SELECT json_group_array(json_object('role', t.role, 'value', t.value, 'earliest', t.earliest, 'latest', t.latest,
    'as_written', t.as_written, 'anchor', t.anchor, 'basis', t.basis)) FROM timex t WHERE t.owner_key = {key})
"""
# Two links, as many as the record has: for a recursive query SQLite would look at all quotes first.
CHAIN = f"""
(SELECT json_group_array(json_object('id', o.id, 'speakers', json({SPEAKERS.format(key="o.row_key")})))
  FROM quote o WHERE f.relation = 'relays' AND o.document_id = f.document_id AND o.superseded IS NULL
  AND o.id IN (f.within_id, (SELECT n.within_id FROM quote n WHERE n.document_id = f.document_id
    AND n.id = f.within_id AND n.superseded IS NULL AND n.relation = 'relays')))
"""
CLAIMS = """
(SELECT json_group_array(c.id) FROM claim_source b JOIN claim c
  ON c.document_id = b.document_id AND c.row_key = b.claim_key AND c.superseded IS NULL
  WHERE b.document_id = f.document_id AND b.quote_id = f.id)
"""
FULL = f"""
SELECT f.*, {SPEAKERS.format(key="f.row_key")} AS speakers, {TIMES.format(key="f.row_key")} AS times,
  {SPANS.format(key="f.row_key")} AS spans, {CHAIN} AS chain, {CLAIMS} AS claims,
  (SELECT json_group_array(json_object('id', i.id, 'relation', i.relation)) FROM quote i
    WHERE i.document_id = f.document_id AND i.within_id = f.id AND i.superseded IS NULL) AS within
FROM bench_flat f
"""
CLAIM = f"""
SELECT c.row_key, c.id, c.as_written, c.statement, c.comparator, c.low_end, c.high_end, c.bounds_basis, c.modality,
  c.measure, c.unit, c.counted, c.share_of, c.aggregation, c.value, c.low, c.high, c.period_order, c.document_id,
  c.start, c.text_sha256, d.title AS document_title, d.outlet, d.url AS document_url, d.published,
  r.number AS revision, r.time AS recorded, p.id AS place, p.name AS place_name, p.kind AS place_kind,
  i.id AS indicator, i.label AS indicator_label, {TIMES.format(key="c.row_key")} AS times,
  {SPANS.format(key="c.row_key")} AS spans,
  (SELECT json_group_array(json_object('stance', b.stance, 'quote', b.quote_id,
      'speakers', json({SPEAKERS.format(key="k.row_key")}))) FROM claim_source b
    JOIN quote k ON k.document_id = b.document_id AND k.id = b.quote_id AND k.superseded IS NULL
    WHERE b.document_id = c.document_id AND b.claim_key = c.row_key) AS sources
FROM claim c
JOIN document d ON d.id = c.document_id AND d.superseded IS NULL AND d.status = 'published'
JOIN revision r ON r.key = c.recorded
LEFT JOIN entity p ON p.id = c.place_id AND p.superseded IS NULL
LEFT JOIN indicator i ON i.id = c.indicator_id AND i.superseded IS NULL
WHERE c.superseded IS NULL
"""
# For Datasette's own facets: no more than what they count.
FACETS = """
SELECT q.row_key, q.id, q.form, d.outlet, s.entity_id AS speaker, d.published_earliest AS published
FROM quote q JOIN document d ON d.id = q.document_id AND d.superseded IS NULL AND d.status = 'published'
JOIN speaker s ON s.document_id = q.document_id AND s.quote_key = q.row_key AND s.role = 'speaker' AND s.position = 0
WHERE q.superseded IS NULL
"""
VIEWS = {"bench_facets": FACETS, "bench_flat": FLAT, "bench_full": FULL, "bench_claim": CLAIM}
_ORDER = "ORDER BY said_order DESC, document_id, start, id"
_SPOKEN = """SELECT q.row_key FROM speaker s JOIN quote q ON q.document_id = s.document_id
  AND q.row_key = s.quote_key AND q.superseded IS NULL WHERE s.entity_id = :speaker AND s.role = 'speaker'
  ORDER BY q.said_order DESC, q.document_id, q.start, q.id LIMIT 50"""
_FOUND = """SELECT q.row_key FROM quote_words w JOIN quote q ON q.row_key = w.rowid AND q.superseded IS NULL
  WHERE quote_words MATCH :q ORDER BY w.rowid DESC LIMIT 50"""
_MEASURED = """SELECT c.row_key FROM claim c WHERE c.superseded IS NULL AND c.measure = :measure AND c.row_key IN
  (SELECT t.owner_key FROM timex t WHERE t.role = 'period' AND t.earliest < :before AND t.latest >= :from)
  ORDER BY c.period_order DESC, c.document_id, c.start, c.id LIMIT 50"""
_ALL = """SELECT q.row_key FROM quote q WHERE q.superseded IS NULL
  ORDER BY q.said_order DESC, q.document_id, q.start, q.id LIMIT 50 OFFSET :offset"""
_AS_OF = """SELECT q.row_key FROM speaker s JOIN quote q ON q.document_id = s.document_id
  AND q.row_key = s.quote_key JOIN revision r ON r.key = q.recorded
  LEFT JOIN revision x ON x.key = q.superseded
  WHERE s.entity_id = :speaker AND s.role = 'speaker' AND r.number <= :revision
  AND (x.number IS NULL OR x.number > :revision)
  ORDER BY q.said_order DESC, q.document_id, q.start, q.id LIMIT 50"""
_RANKED = """SELECT q.row_key, n.score FROM (SELECT w.rowid, bm25(quote_words) AS score FROM quote_words w
  WHERE quote_words MATCH :q ORDER BY w.rowid DESC LIMIT 1000) n
  JOIN quote q ON q.row_key = n.rowid AND q.superseded IS NULL
  ORDER BY n.score, q.document_id, q.start, q.id LIMIT 50"""
_BEST = """SELECT w.rowid AS row_key, w.rank AS score FROM quote_words w
  WHERE quote_words MATCH :q ORDER BY w.rank LIMIT 50"""


def page(keys: str, order: str, view: str = "bench_full") -> str:
    """The rows of a view for the row keys of a page."""
    return f"WITH hit AS MATERIALIZED ({keys}) SELECT f.* FROM hit JOIN {view} f ON f.row_key = hit.row_key {order}"


_NEW = "ORDER BY f.row_key DESC"
_SCORE = "ORDER BY hit.score, document_id, start, id"
_PERIOD = "ORDER BY period_order DESC, document_id, start, id"
CANNED = {
    "list": page(_SPOKEN, _ORDER),
    "list_flat": page(_SPOKEN, _ORDER, "bench_flat"),
    "item": "SELECT * FROM bench_full f WHERE f.id = :id",
    "item_flat": "SELECT * FROM bench_flat f WHERE f.id = :id",
    "claims": page(_MEASURED, _PERIOD, "bench_claim"),
    "words": page(_FOUND, _NEW),
    "ranked": page(_RANKED, _SCORE),
    "best": page(_BEST, _SCORE),
    "deep": page(_ALL, _ORDER),
    "as_of": page(_AS_OF, _ORDER),
}
# The limit of a facet: what a hand-written statement takes.
GROUPED = {
    "form": "SELECT form, count(*) FROM quote WHERE superseded IS NULL GROUP BY form ORDER BY 2 DESC LIMIT 100",
    "outlet": """SELECT d.outlet, count(*) FROM quote q JOIN document d ON d.id = q.document_id
      AND d.superseded IS NULL WHERE q.superseded IS NULL GROUP BY d.outlet ORDER BY 2 DESC LIMIT 100""",
    "speaker": """SELECT s.entity_id, count(*) FROM speaker s JOIN quote q ON q.document_id = s.document_id
      AND q.row_key = s.quote_key AND q.superseded IS NULL WHERE s.role = 'speaker'
      GROUP BY s.entity_id ORDER BY 2 DESC, 1 LIMIT 100""",
}


def prepare(file: Path) -> None:
    """Make the views in the record's file; On Record does not look at them."""
    connection = sqlite3.connect(file, isolation_level=None)
    for name, select in VIEWS.items():
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.execute(f"CREATE VIEW {name} AS {select}")
    connection.close()
