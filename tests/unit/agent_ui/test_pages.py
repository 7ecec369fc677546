"""Templates: their words, their escaping, and what they must not contain."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from agent_ui.assets import load_assets
from agent_ui.language import Manner
from agent_ui.pages import ROOM, Templates

pytestmark = pytest.mark.unit

ALL = sorted(path for path in ROOM.rglob("templates/**/*.html") if "node_modules" not in path.parts)


@dataclass(frozen=True)
class View:
    """What the templates of these tests get."""

    name: str = "<b>&"


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    """The room's own templates and those of these tests."""
    (tmp_path / "words.html").write_text(
        '{{ _("Hello, %(name)s", name=v.name) }}|{{ _("Language") }}|{{ "+74955550142"|phone }}'
    )
    (tmp_path / "attribute.html").write_text('<i title="{{ v.name }}">{{ icon("phone") }}</i>')
    (tmp_path / "unknown.html").write_text("{{ v.nothing }}")
    (tmp_path / "icon.html").write_text('{{ icon("no-such-icon") }}')
    (tmp_path / "keys.html").write_text(
        '{% from "components.html" import key_button %}'
        '{{ key_button(v.name, "phone", "Space", attrs={"hx-post": v.name}) }}'
    )
    return Templates(load_assets(), more=tmp_path)


def test_one_compiled_template_speaks_all_languages(templates: Templates) -> None:
    english = templates.render("words.html", View("Anna"), Manner())
    russian = templates.render("words.html", View("Anna"), Manner(language="ru", country="RU"))
    again = templates.render("words.html", View("Anna"), Manner())
    assert english == again == "Hello, Anna|Language|+7 495 555-01-42"
    assert russian == "Hello, Anna|Язык|8 (495) 555-01-42"


def test_values_are_escaped_in_texts_attributes_and_macros(templates: Templates) -> None:
    assert "Hello, &lt;b&gt;&amp;" in templates.render("words.html", View(), Manner())
    assert '<i title="&lt;b&gt;&amp;">' in templates.render("attribute.html", View(), Manner())
    keys = templates.render("keys.html", View('"><script>'), Manner())
    assert "<script>" not in keys
    assert 'hx-post="&#34;&gt;&lt;script&gt;"' in keys


def test_what_a_view_does_not_have_is_an_error(templates: Templates) -> None:
    with pytest.raises(UndefinedError):
        templates.render("unknown.html", View(), Manner())


def test_an_icon_that_was_not_built_is_an_error(templates: Templates) -> None:
    with pytest.raises(LookupError, match="no-such-icon"):
        templates.render("icon.html", View(), Manner())


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOM)))
def test_no_template_has_inline_code_or_styles(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=\s*[\"']|hx-on|javascript:|\|\s*safe\b", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))


def test_there_are_templates_to_look_at() -> None:
    assert {"base.html", "components.html"} <= {path.name for path in ALL}
