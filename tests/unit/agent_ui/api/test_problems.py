"""A problem is said in the asker's language; whatever is raised has words in the catalogues."""

from __future__ import annotations

import json

import pytest
from aiohttp.test_utils import make_mocked_request

from agent_ui.api.problems import problem
from agent_ui.api.route import NotJson
from agent_ui.live.hub import TooManySockets
from crm_core.errors import CallcardError
from crm_core.i18n import LANGUAGES, Message, translator

pytestmark = pytest.mark.unit


def tree(cls: type[CallcardError] = CallcardError) -> list[type[CallcardError]]:
    return [kind for child in cls.__subclasses__() for kind in (child, *tree(child))]


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_every_error_that_may_be_raised_bare_has_words(language: str) -> None:
    errors = [cls for cls in tree() if cls.__module__.startswith(("crm_core.errors", "agent_ui"))]
    assert {NotJson, TooManySockets} < set(errors)
    gettext = translator(language).gettext
    for cls in errors:
        error = cls()
        assert error.words.said(gettext) != error.message, cls.__name__


def test_words_and_hint_are_said_in_the_askers_language_with_their_values() -> None:
    request = make_mocked_request("GET", "/", headers={"Accept-Language": "ru"})
    message = Message("'{name}' is missing", name="title")
    answer = problem(request, 400, "bad_input", message, hint=message)
    body = json.loads(answer.body)  # type: ignore[arg-type]
    assert body["detail"] == body["hint"] == "нет поля «title»"
    assert (body["code"], body["status"]) == ("bad_input", 400)


def test_a_hint_that_is_data_is_handed_through() -> None:
    request = make_mocked_request("GET", "/", headers={"Accept-Language": "az"})
    answer = problem(request, 400, "bad_input", "x {y}", hint="{z}")
    body = json.loads(answer.body)  # type: ignore[arg-type]
    assert (body["detail"], body["hint"]) == ("x {y}", "{z}")
