"""Pages on a real socket: their policy, their language, their assets, and how they fail."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from crm_core.people.model import Role
from tests.fakes.web import House

pytestmark = pytest.mark.integration


class Read(HTMLParser):
    """The tags and attributes of a page, as a browser sees them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


PEOPLE_READ = {"Accept": "text/html,*/*;q=0.8"}


async def test_a_page_names_everything_it_loads_and_nothing_else_may(house: House) -> None:
    async with house.ask("GET", "/gallery", who="root", headers={"Accept-Language": "ru"}) as answer:
        text = await answer.text()
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Language"] == "ru"
    assert '<html lang="ru"' in text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    (nonce,) = set(re.findall(r"'nonce-([^']+)'", policy))
    assert all(f'nonce="{nonce}"' in tag for tag in re.findall(r"<script[^>]*>", text))
    loaded = re.findall(r'(?:src|href)="(/static/[^"#]+)', text)
    assert {name.rpartition(".")[2] for name in loaded} >= {"js", "css", "svg"}
    for address in set(loaded):
        async with house.ask("GET", address) as asset:  # also before signing in
            assert asset.status == 200
            assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            assert asset.headers["X-Content-Type-Options"] == "nosniff"
            await asset.read()
    async with house.ask("GET", "/gallery", who="root") as other:
        assert nonce not in other.headers["Content-Security-Policy"]


async def test_hostile_texts_stay_texts(house: House) -> None:
    async with house.ask("GET", "/gallery", who="root") as answer:
        text = await answer.text()
    assert "&lt;script&gt;alert(" in text
    assert "<script>alert" not in text
    assert "{{ 7 * 7 }}" in text
    page = Read()
    page.feed(text)
    assert "section" in page.tags
    assert not {name for name in page.attributes if name.startswith("on") or name == "style"}


@pytest.mark.parametrize("name", ["manifest.json", "nothing.js", "..%2fapp.py", ".gitignore"])
async def test_only_what_was_built_is_served(house: House, name: str) -> None:
    async with house.ask("GET", f"/static/{name}", who="root") as answer:
        assert answer.status == 404


async def test_the_gallery_is_for_admins(house: House) -> None:
    for who in ("anna", "oleg"):
        async with house.ask("GET", "/gallery", who=who) as answer:
            assert answer.status == 404
    house.with_role("anna", Role.ADMIN)
    async with house.ask("GET", "/gallery", who="anna") as answer:
        assert answer.status == 200


async def test_people_read_a_failure_as_a_page(house: House) -> None:
    headers = {**PEOPLE_READ, "Accept-Language": "ru"}
    async with house.ask("GET", "/nothing-here", who="anna", headers=headers) as answer:
        text = await answer.text()
    assert (answer.status, answer.content_type) == (404, "text/html")
    assert "Здесь ничего нет." in text
    assert 'href="/"' in text
    assert "nonce-" in answer.headers["Content-Security-Policy"]


async def test_a_part_of_a_page_that_fails_says_so_in_a_toast(house: House) -> None:
    async with house.ask("DELETE", "/gallery", who="anna", headers={"HX-Request": "true"}) as answer:
        text = await answer.text()
    assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD")
    assert (answer.headers["HX-Retarget"], answer.headers["HX-Reswap"]) == ("#toasts", "beforeend")
    assert "data-toast" in text
    assert "<html" not in text


async def test_programs_read_a_problem_whatever_they_accept(house: House) -> None:
    async with house.ask("GET", "/api/v1/nothing", who="anna", headers=PEOPLE_READ) as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")
    async with house.ask("GET", "/nothing-here", who="anna") as answer:
        assert (answer.status, answer.content_type) == (404, "application/problem+json")


async def test_a_page_leads_only_to_pages_that_exist_and_are_for_this_person(house: House) -> None:
    async with house.ask("GET", "/nothing-here", who="anna", headers=PEOPLE_READ) as answer:
        text = await answer.text()
    for address in re.findall(r'<a class="rail-link" href="([^"]+)"', text):
        async with house.ask("GET", address, who="anna", headers=PEOPLE_READ) as there:
            assert there.status == 200, address
    assert 'href="/board"' not in text
