"""Whom a phone is shown to reach, and that there are words for all it may say."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

from agent_ui.assets import load_assets
from agent_ui.dialling import NO_DIALLING
from agent_ui.language import Manner
from agent_ui.pages import ROOM, Templates
from crm_core.i18n import LANGUAGES

pytestmark = pytest.mark.unit

MODEL = (ROOM / "frontend" / "src" / "phone" / "model.ts").read_text("utf-8")


def names(kind: str) -> set[str]:
    """The strings of which the type *kind* of the phone's model is one."""
    without_comments = re.sub(r"//.*", "", MODEL)
    found = re.search(rf"export type {kind} =([^;]*);", without_comments)
    assert found is not None
    return set(re.findall(r'"([a-z-]+)"', found[1]))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_failure_and_each_state_of_the_line_has_words(language: str) -> None:
    templates = Templates(load_assets())
    shell = SimpleNamespace(dial=NO_DIALLING)
    text = templates.render("phone/dialogs.html", None, Manner(language=language), shell=shell)
    said = re.findall(r'<template id="phone-says-([a-z-]+)">(.*?)</template>', text, re.DOTALL)
    assert {name for name, _ in said} == names("Failure")
    assert len({re.sub(r"\s+", " ", words) for _, words in said}) == len(said)
    bar = (ROOM / "phone" / "templates" / "bar.html").read_text("utf-8")
    assert set(re.findall(r'line\("([a-z]+)"', bar)) == names("LineState")
