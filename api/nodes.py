"""Items in the words of schema.org (https://schema.org/docs/full.html), and in ours where it has none.

What is unknown is left out. The names of members are those of `api/static/context.jsonld`.
"""

from api import node_parts as parts
from api.node_parts import Item, Node

WIKIDATA = "http://www.wikidata.org/entity/"


def document_node(item: Item, base: str) -> Node:
    """A document: the article."""
    text = {"type": "MediaObject", "contentUrl": f"{base}{item['text_url']}", "encodingFormat": "text/plain"}
    text["onrecord:sha256"] = item["text_sha256"]
    node = {
        **parts.article(item, base),
        "headline": item["title"],
        "inLanguage": item["language"],
        "encoding": text,
        "articleBody": item.get("text"),
        "creativeWorkStatus": item["status"],
        "wasDerivedFrom": item["url"],
    }
    return parts.known(node)


_PART_OF = {
    ("actor", "organisation"): "affiliation",
    ("organisation", "organisation"): "parentOrganization",
    ("place", "place"): "containedInPlace",
}


def entity_node(item: Item, base: str) -> Node:
    """An entity: who or where."""
    whole = item["part_of"]
    # Only what schema.org has a word for: an actor may be part of a place, too.
    part_of = _PART_OF.get((item["kind"], whole["kind"]) if whole else ("", ""), "onrecord:partOf")
    return parts.known(
        {
            **parts.entity(item, base),
            "identifier": item["id"],
            "alternateName": item["aliases"],
            "description": item["description"],
            "sameAs": f"{WIKIDATA}{item['wikidata']}" if item["wikidata"] else None,
            "onrecord:naming": item["naming"],
            part_of: parts.who(whole, base),
            "onrecord:actsFor": parts.who(item["acts_for"], base),
            "geo": parts.point(item["coordinates"]),
            # A country is one; of what is in none of them schema.org speaks as of an address.
            "address": {"type": "PostalAddress", "addressCountry": item["country"]}
            if item["country"]
            else None,
        }
    )


def quote_node(item: Item, base: str) -> Node:
    """A quote: who says what, through whom it came, and where it stands."""
    said = (item["said"] or {}).get("value")
    return parts.known(
        {
            **parts.in_article("quotes", "Quotation", item, base),
            "text": item["content"],
            **parts.said_by(item["speakers"], base, "spokenByCharacter", "creator"),
            "onrecord:addressee": parts.speaking(item["addressees"], base),
            "isPartOf": parts.article(item["document"], base),
            "citation": parts.url(base, "documents", item["document"]["id"]),
            "dateCreated": parts.day(said),
            "onrecord:said": said,
            "onrecord:verbatim": item["verbatim"],
            "onrecord:cue": item["cue"],
            "onrecord:form": item["form"],
            "onrecord:act": item["act"],
            "onrecord:polarity": item["polarity"],
            # Who passes it on, the innermost first: the order says something.
            "onrecord:chain": [parts.link(link, base) for link in item["chain"]],
            "hasPart": [{"id": parts.url(base, "quotes", id_)} for id_ in item["embeds"]],
            "onrecord:respondsTo": parts.reference(base, "quotes", item["responds_to"]),
            "onrecord:supports": [{"id": parts.url(base, "claims", id_)} for id_ in item["claims"]],
        }
    )


def claim_node(item: Item, base: str) -> Node:
    """A claim: which figure, of what, on whose word."""
    article = parts.article(item["document"], base)
    speakers = [speaker for source in item["sources"] for speaker in source["speakers"]]
    period, day = ((item[name] or {}).get("value") for name in ("period", "reference_date"))
    observed = {
        "type": "Observation",
        "measuredProperty": parts.url(base, "measures", item["measure"]),
        "observationAbout": parts.who(item["place"], base),
        "observationDate": parts.day(day) or parts.day(period),
        "onrecord:period": period,
        "onrecord:referenceDate": day,
        "value": parts.quantity(item),
    }
    return parts.known(
        {
            **parts.in_article("claims", "Claim", item, base),
            "text": item["statement"],
            "appearance": article,
            # In the outlet's own voice: nobody is said to have claimed it before.
            "firstAppearance": None if item["sources"] else {"id": article["id"]},
            **(
                parts.said_by(speakers, base, "author")
                if item["sources"]
                else {"author": article.get("publisher")}
            ),
            "citation": [parts.url(base, "quotes", source["quote"]) for source in item["sources"]],
            "onrecord:source": [
                {"onrecord:stance": source["stance"], "citation": parts.url(base, "quotes", source["quote"])}
                for source in item["sources"]
            ],
            "about": parts.known(observed),
            "onrecord:modality": item["modality"],
            "onrecord:aggregation": item["aggregation"],
            "onrecord:responsible": parts.who(item["responsible"], base),
            "onrecord:subsetOf": parts.reference(base, "claims", item["subset_of"]),
            "onrecord:refines": parts.reference(base, "claims", item["refines"]),
            "onrecord:indicator": parts.reference(base, "indicators", (item["indicator"] or {}).get("id")),
            "onrecord:caveat": item["caveats"],
        }
    )


def mention_node(item: Item, base: str) -> Node:
    """A mention: which words name whom."""
    return parts.known(
        {
            **parts.in_article("mentions", "onrecord:Mention", item, base),
            "text": item["exact"],
            "about": parts.who(item["entity"], base),
            "isPartOf": parts.article(item["document"], base),
            "onrecord:kind": item["kind"],
            "onrecord:start": item["start"],
            "onrecord:end": item["end"],
        }
    )


def indicator_node(item: Item, base: str) -> Node:
    """An indicator: the question that claims answer."""
    return parts.known(
        {
            "id": parts.url(base, "indicators", item["id"]),
            "type": "StatisticalVariable",
            "identifier": item["id"],
            "name": item["label"],
            "measuredProperty": parts.url(base, "measures", item["measure"]),
            "onrecord:place": parts.who(item["place"], base),
        }
    )


def measure_node(item: Item, base: str) -> Node:
    """A measure: a word of the vocabulary of what is counted."""
    return parts.known(
        {
            "id": parts.url(base, "measures", item["id"]),
            "type": "DefinedTerm",
            "termCode": item["id"],
            "name": item["label"],
            "description": item["definition"],
        }
    )


_HITS = {"document": "NewsArticle", "entity": "Thing", "quote": "Quotation", "claim": "Claim"}


def hit_node(item: Item, base: str) -> Node:
    """What a search finds, in brief."""
    article = (
        parts.article(item["document"], base) if item["document"] and item["type"] != "document" else None
    )
    return parts.known(
        {
            "id": f"{base}{item['url']}",
            "type": _HITS[item["type"]],
            "identifier": item["id"],
            "name": item["title"] if item["type"] in ("document", "entity") else None,
            "description": item["snippet"],
            "isPartOf": article,
        }
    )
