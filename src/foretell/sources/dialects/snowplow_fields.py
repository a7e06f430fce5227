"""Snowplow's enriched event as tab-separated text: the names of its columns, and entities out of their envelopes.

This module owns the layout, 131 columns without a header. It refuses to know what the entities mean.

References:
    Snowplow documentation, "Understanding the enriched TSV format" and "Canonical event model".
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

import polars as pl

__all__ = ["ENRICHED_COLUMNS", "with_entities"]

_COLUMNS: Final = """
app_id platform etl_tstamp collector_tstamp dvce_created_tstamp event event_id txn_id name_tracker v_tracker
v_collector v_etl user_id user_ipaddress user_fingerprint domain_userid domain_sessionidx network_userid
geo_country geo_region geo_city geo_zipcode geo_latitude geo_longitude geo_region_name ip_isp ip_organization
ip_domain ip_netspeed page_url page_title page_referrer page_urlscheme page_urlhost page_urlport page_urlpath
page_urlquery page_urlfragment refr_urlscheme refr_urlhost refr_urlport refr_urlpath refr_urlquery
refr_urlfragment refr_medium refr_source refr_term mkt_medium mkt_source mkt_term mkt_content mkt_campaign
contexts se_category se_action se_label se_property se_value unstruct_event tr_orderid tr_affiliation tr_total
tr_tax tr_shipping tr_city tr_state tr_country ti_orderid ti_sku ti_name ti_category ti_price ti_quantity
pp_xoffset_min pp_xoffset_max pp_yoffset_min pp_yoffset_max useragent br_name br_family br_version br_type
br_renderengine br_lang br_features_pdf br_features_flash br_features_java br_features_director
br_features_quicktime br_features_realplayer br_features_windowsmedia br_features_gears br_features_silverlight
br_cookies br_colordepth br_viewwidth br_viewheight os_name os_family os_manufacturer os_timezone dvce_type
dvce_ismobile dvce_screenwidth dvce_screenheight doc_charset doc_width doc_height tr_currency tr_total_base
tr_tax_base tr_shipping_base ti_currency ti_price_base base_currency geo_timezone mkt_clickid mkt_network
etl_tags dvce_sent_tstamp refr_domain_userid refr_device_tstamp derived_contexts domain_sessionid derived_tstamp
event_vendor event_name event_format event_version event_fingerprint true_tstamp
"""
ENRICHED_COLUMNS: Final = tuple(_COLUMNS.split())
"""The columns of the enriched TSV in their order."""

_ENTITY: Final = re.compile(r"^iglu:com\.snowplowanalytics\.snowplow\.ecommerce/([a-z_]+)/")


def with_entities(frame: pl.DataFrame, *, action: str, entities: tuple[str, ...]) -> pl.DataFrame:
    """The e-commerce action and entities of ``unstruct_event`` and ``contexts`` in columns of their own.

    Args:
        frame: Rows with those two columns as JSON text or as structures.
        action: The name of the self-describing event that is taken out of ``unstruct_event``.
        entities: The names of the entities taken out of ``contexts``; each becomes a column of lists.
    """
    found: dict[str, list[str | None]] = {name: [] for name in (action, *entities)}
    events = frame["unstruct_event"] if "unstruct_event" in frame.columns else [None] * frame.height
    contexts = frame["contexts"] if "contexts" in frame.columns else [None] * frame.height
    for event, attached in zip(events, contexts, strict=True):
        envelope = _loaded(event)
        inner = envelope.get("data") if isinstance(envelope, dict) else None
        is_action = isinstance(inner, dict) and _name(inner) == action
        found[action].append(json.dumps(inner.get("data")) if inner is not None and is_action else None)
        listed = _loaded(attached)
        data = listed.get("data") if isinstance(listed, dict) else None
        parts = [part for part in data if isinstance(part, dict)] if isinstance(data, list) else []
        for name in entities:
            inside = [part["data"] for part in parts if _name(part) == name and "data" in part]
            found[name].append(json.dumps(inside) if inside else None)
    made = [pl.Series(name, cells, dtype=pl.String) for name, cells in found.items()]
    return frame.drop("unstruct_event", "contexts", strict=False).with_columns(made)


def _loaded(cell: Any) -> Any:  # noqa: ANN401 - JSON text, a structure or nothing
    if not isinstance(cell, str):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return None


def _name(part: object) -> str | None:
    """The name in a part's schema, if it is one of the e-commerce entities."""
    schema = part.get("schema") if isinstance(part, dict) else None
    match = _ENTITY.match(schema) if isinstance(schema, str) else None
    return match[1] if match else None
