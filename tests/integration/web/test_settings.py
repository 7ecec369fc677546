"""One's own settings: language, look, password, sessions."""

from __future__ import annotations

import re

import pytest

from crm_core.people.model import Preferences, Theme
from tests.fakes.web import House

pytestmark = pytest.mark.integration


async def test_the_page_shows_what_is_chosen_and_where_one_is_signed_in(house: House) -> None:
    house.sessions.preferences["anna"] = Preferences(language="en", theme=Theme.LIGHT)
    house.sessions.open("boris")
    async with house.page("GET", "/settings", who="anna") as answer:
        text = await answer.text()
    assert answer.status == 200
    assert '<option value="en" selected>English' in text
    assert '<option value="light" selected>' in text
    assert text.count("/settings/sessions/") == 1
    assert "this session" in text


@pytest.mark.parametrize(
    ("form", "chosen"),
    [
        ({"language": "ru"}, Preferences(language="ru", theme=Theme.DARK)),
        ({"theme": "light"}, Preferences(language="en", theme=Theme.LIGHT)),
        ({"language": "", "theme": "auto"}, Preferences()),
    ],
)
async def test_what_is_not_sent_stays(house: House, form: dict[str, str], chosen: Preferences) -> None:
    house.sessions.preferences["anna"] = Preferences(language="en", theme=Theme.DARK)
    referer = {"Referer": f"{house.url}/customers?phone=8495"}
    async with house.page("POST", "/preferences", who="anna", data=form, headers=referer) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/customers?phone=8495")
    assert house.sessions.preferences["anna"] == chosen


@pytest.mark.parametrize("referer", ["https://evil.example/x", "http://[", "", "about:blank"])
async def test_one_goes_back_to_no_other_site(house: House, referer: str) -> None:
    headers = {"Referer": referer}
    async with house.page(
        "POST", "/preferences", who="anna", data={"theme": "dark"}, headers=headers
    ) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/settings")


async def test_a_look_that_does_not_exist_is_refused(house: House) -> None:
    async with house.page("POST", "/preferences", who="anna", data={"theme": "pink"}) as answer:
        assert answer.status == 400
    assert house.sessions.preferences == {}


def form(old: str = "password-anna", new: str = "another one", again: str = "another one") -> dict[str, str]:
    return {"old": old, "new": new, "again": again}


async def test_the_password_is_changed_with_the_old_one(house: House) -> None:
    async with house.page("POST", "/settings/password", who="anna", data=form()) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/settings?done=password")
    assert house.sessions.passwords["anna"] == "another one"
    async with house.page("GET", "/settings?done=password", who="anna") as answer:
        assert "You have another password now." in await answer.text()


@pytest.mark.parametrize(
    ("sent", "status", "field", "words"),
    [
        (form(old="wrong one"), 400, "old", "This is not your password."),
        (form(again="another two"), 400, "again", "The two passwords differ"),
        (form(new="short", again="short"), 400, "new", "A password has 8 to 256 characters."),
    ],
)
async def test_a_problem_stands_beside_its_field(
    house: House, sent: dict[str, str], status: int, field: str, words: str
) -> None:
    async with house.page("POST", "/settings/password", who="anna", data=sent) as answer:
        text = await answer.text()
    assert answer.status == status
    assert re.search(rf'id="about-{field}">.*?</svg>{words}', text)
    assert f'aria-describedby="about-{field}"' in text
    assert not any(value in text for value in sent.values())
    assert house.sessions.passwords["anna"] == "password-anna"


async def test_guessing_the_old_password_is_slowed_down(house: House) -> None:
    house.sessions.wait_s = 8
    async with house.page("POST", "/settings/password", who="anna", data=form()) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "8")


async def test_sessions_are_ended_from_the_list(house: House) -> None:
    other = house.sessions.open("anna")
    id_ = house.sessions.rows[other].id
    async with house.page("POST", f"/settings/sessions/{id_}/end", who="anna") as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/settings?done=session")
    assert other not in house.sessions.people


async def test_ending_the_own_session_is_signing_out(house: House) -> None:
    async with house.page("GET", "/settings", who="anna"):
        pass
    [mine] = house.sessions.people
    id_ = house.sessions.rows[mine].id
    async with house.page("POST", f"/settings/sessions/{id_}/end", who="anna") as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/login")
        assert 'callcard_session=""' in answer.headers["Set-Cookie"]
    assert house.sessions.people == {}


async def test_a_program_with_a_token_may_read_the_page(house: House) -> None:
    async with house.ask("GET", "/settings", who="anna") as answer:
        assert answer.status == 200
        assert "Nowhere: this page was read with a token." in await answer.text()
