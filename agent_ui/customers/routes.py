"""Addresses of cards: `/customers`, `/search`, `/missed` and what is below."""

from __future__ import annotations

from aiohttp import web

from agent_ui.customers import card, editing, joining, listing, making, missed, timeline
from agent_ui.customers.card import CUSTOMERS

ONE = f"{CUSTOMERS}/{{id}}"


def add_customers(app: web.Application) -> None:
    """Mount the pages of cards and the worklist."""
    get, post = app.router.add_get, app.router.add_post
    get("/search", listing.search)
    get(CUSTOMERS, listing.customers)
    post(CUSTOMERS, making.make)
    get(f"{CUSTOMERS}/new", making.new)  # before the cards themselves: it looks like one
    get(f"{CUSTOMERS}/new/similar", making.similar)
    get(ONE, card.card_page)
    get(f"{ONE}/card", card.card)
    get(f"{ONE}/edit", card.edit)
    get(f"{ONE}/timeline", timeline.timeline)
    post(f"{ONE}/title", editing.set_title)
    post(f"{ONE}/owner", editing.set_owner)
    post(f"{ONE}/phones", editing.add_phone)
    post(f"{ONE}/phones/remove", editing.remove_phone)
    get(f"{ONE}/merge", joining.join_page)
    post(f"{ONE}/merge", joining.join)
    get("/missed", missed.missed_page)
    get("/missed/list", missed.missed_list)
    get("/missed/count", missed.missed_count)
    post("/missed/{id}/done", missed.done)
