"""The office file becomes configuration: read back, it says the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asterisk_conf.conf_text import Section, read_sections
from asterisk_conf.dialplan import read_steps
from asterisk_conf.lint import lint
from asterisk_conf.modules import (
    BROWSER_PHONES,
    FORBIDDEN_PREFIXES,
    LOADED,
    NOT_LOADED,
    OPTIONAL_FOR_BROWSER_PHONES,
)
from asterisk_conf.render import (
    BROWSER_PHONE_EMPTY_FILES,
    BROWSER_PHONE_FILES,
    CEL_COLUMNS,
    EMPTY_FILES,
    FILES,
    Rendered,
    render,
    write_files,
)
from crm_core.errors import BadOffice, StartRefused
from crm_core.office.model import OfficeFile
from tests.fakes.offices import decode_office
from tests.unit.asterisk_conf.samples import sample_asterisk, sample_office, sample_raw, sample_settings

pytestmark = pytest.mark.unit


def rendered(**changes: Any) -> Rendered:
    office = decode_office({**sample_raw(), **changes})
    return render(office, sample_settings(office), sample_asterisk())


def section(files: Rendered, file: str, name: str, kind: str | None = None) -> Section:
    return next(
        found
        for found in read_sections(files.files[file])
        if found.name == name and (kind is None or found.get("type") in (kind, None))
    )


def test_every_file_is_there_and_rendering_is_repeatable() -> None:
    first = rendered()
    assert set(first.files) == {*FILES, *EMPTY_FILES, *BROWSER_PHONE_FILES, *BROWSER_PHONE_EMPTY_FILES}
    assert rendered() == first
    assert lint(first) == []


def test_numbers_are_exact_extensions_of_their_trunks() -> None:
    steps = read_steps(rendered().files["extensions.conf"])
    dialled = {
        name: {s.exten for s in steps if s.context == f"cc-in-{name}"} for name in ("carrier", "second")
    }
    assert dialled["carrier"] == {"+74955550100", "74955550100", "5550100"}
    assert dialled["second"] == dialled["carrier"] | {"+994125550100", "994125550100"}


def test_prompts_follow_the_number_and_azerbaijani_falls_back_to_english() -> None:
    steps = read_steps(rendered().files["extensions.conf"])
    languages = {s.exten: one for s in steps for one in s.settings if one.startswith("CHANNEL(language)")}
    assert languages["+74955550100"] == "CHANNEL(language)=ru"
    assert languages["+994125550100"] == "CHANNEL(language)=en"


def test_each_device_has_endpoint_password_and_address() -> None:
    files = rendered()
    sections = [s for s in read_sections(files.files["pjsip.conf"]) if s.name == "agent-anna-desk"]
    endpoint, auth, aor = sections
    assert endpoint.bases == ("agent-base",)
    assert endpoint.get("callerid") == '"Анна Мюллер" <101>'
    assert endpoint.all("set_var") == (
        "CC_FROM_AGENT=anna",
        "CC_EXTENSION=101",
        "CC_COUNTRY=RU",
        "__TRANSFER_CONTEXT=cc-transfer",
    )
    assert auth.get("password") == "secret-of-agent-anna-desk"
    assert aor.get("contact") == "sip:anna@127.0.0.3:6000;transport=udp"
    assert set(files.endpoints) == {
        "poison",
        "trunk-carrier",
        "trunk-second",
        "agent-anna-desk",
        "agent-boris-desk",
        "agent-boris-web",
    }


def without_browser_phones() -> OfficeFile:
    raw = sample_raw()
    raw["people"]["boris"]["devices"] = [{}]
    return decode_office(raw)


def test_a_phone_in_the_browser_comes_through_the_web_and_gets_its_password_later() -> None:
    files = rendered()
    endpoint, aor = [s for s in read_sections(files.files["pjsip.conf"]) if s.name == "agent-boris-web"]
    assert endpoint.bases == ("browser-base",)
    assert endpoint.get("auth") == "agent-boris-web-cred"  # and no section of that name: ARI makes it
    assert (aor.get("max_contacts"), aor.get("remove_existing")) == ("1", "yes")
    base = section(files, "pjsip.conf", "browser-base")
    assert (base.get("webrtc"), base.get("transport")) == ("yes", "transport-ws")
    assert (base.get("media_address"), base.get("bind_rtp_to_media_address")) == ("", "no")
    assert section(files, "rtp.conf", "general").get("icesupport") == "yes"
    assert section(files, "http.conf", "general").get("bindaddr") == "127.0.0.1"
    assert section(files, "ari.conf", "callcard-router").get("password") == "ari-secret-000000001"
    assert section(files, "sorcery.conf", "res_pjsip").all("auth")[-1] == "memory"


def test_an_office_without_phones_in_the_browser_has_none_of_it() -> None:
    office = without_browser_phones()
    settings = dataclasses.replace(sample_settings(office), ari_secret=None)
    files = render(office, settings, sample_asterisk())
    assert set(files.files) == {*FILES, *EMPTY_FILES}
    assert not files.browser_phones
    modules = section(files, "modules.conf", "modules").all("load")
    assert not {f"{name}.so" for name in (*BROWSER_PHONES, *OPTIONAL_FOR_BROWSER_PHONES)} & set(modules)
    assert "ws" not in {s.get("protocol") for s in read_sections(files.files["pjsip.conf"])}
    assert section(files, "rtp.conf", "general").get("icesupport") == "no"


def test_phones_in_the_browser_need_the_account_that_sets_their_passwords() -> None:
    office = sample_office()
    settings = dataclasses.replace(sample_settings(office), ari_secret=None)
    with pytest.raises(BadOffice, match="account"):
        render(office, settings, sample_asterisk())


def test_agents_have_hint_fallback_and_extension_over_all_their_devices() -> None:
    steps = read_steps(rendered().files["extensions.conf"])
    both = "PJSIP/agent-boris-desk&PJSIP/agent-boris-web"
    assert [s.args for s in steps if (s.context, s.exten) == ("cc-hints", "boris")] == [both]
    assert any(s.context == "cc-fallback" and s.args == f"{both},120,i" for s in steps)
    inside = {s.exten for s in steps if s.context == "cc-agents" and not s.exten.startswith("_")}
    assert inside == {"101", "102", "600", "*50", "*51", "*52"}
    assert {s.exten for s in steps if s.context == "cc-transfer"} == {"101", "102", "600"}
    assert "clara" not in {s.exten for s in steps}  # nothing of hers can ring


def test_queue_settings_reach_queue_and_dialplan() -> None:
    files = rendered()
    quiet = section(files, "queues.conf", "quiet")
    assert (quiet.get("timeout"), quiet.get("musicclass"), quiet.get("ringinuse")) == ("20", "piano", "no")
    steps = [s for s in read_steps(files.files["extensions.conf"]) if s.exten == "quiet"]
    assert steps[0].settings == (
        "CC_QUEUE=quiet",
        "CC_MUSIC=piano",
        "CC_MAX_WAIT=600",
        "CC_OVERFLOW=hangup",
        "CC_RECORD=no",
    )


def test_music_without_a_folder_plays_the_default() -> None:
    office = sample_office()
    settings = sample_settings(office)
    own = dataclasses.replace(settings, music_classes=frozenset({"piano"}))
    without, having = (render(office, s, sample_asterisk()) for s in (settings, own))
    assert section(without, "musiconhold.conf", "piano").get("directory") == "/opt/asterisk/data/moh"
    assert section(having, "musiconhold.conf", "piano").get("directory") == "/srv/pbx/music/piano"


def test_manager_accounts_are_those_of_the_architecture() -> None:
    files = rendered()
    listener, actor = (section(files, "manager.conf", f"callcard-{name}") for name in ("listener", "actor"))
    assert (listener.get("read"), listener.get("write")) == ("system,call,agent,user", "reporting")
    assert (actor.get("read"), actor.get("write")) == (None, "originate,call,agent,reporting")
    assert actor.get("allowmultiplelogin") == "no"
    assert section(files, "manager.conf", "general").get("channelvars") == "CC_CALL,CC_OFFER,CC_AGENT"


def test_a_ledger_row_has_every_column_quoted() -> None:
    row = section(rendered(), "cel_custom.conf", "mappings").get("callcard.csv")
    assert row == ",".join(f"${{CSV_QUOTE({column})}}" for column in CEL_COLUMNS)


def test_the_allow_list_of_modules_holds_nothing_forbidden() -> None:
    assert not [name for name in LOADED if name.startswith(FORBIDDEN_PREFIXES)]
    assert not set(LOADED) & set(NOT_LOADED)
    assert len(set(LOADED)) == len(LOADED)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"people": {"h": {"title": "H", "office": "moscow"}}}, "name"),
        ({"queues": {"t": {"title": "T", "members": []}}, "numbers": {}}, "name"),
        (
            {
                "queues": {
                    "sales": {"title": "S", "extension": "101", "members": []},
                    "quiet": {"title": "Q", "members": []},
                }
            },
            "twice",
        ),
        (
            {
                "numbers": {
                    "+74955550100": {"title": "A", "office": "moscow", "queue": "sales", "dialled": ["77"]},
                    "+994125550100": {"title": "B", "office": "moscow", "queue": "sales", "dialled": ["77"]},
                }
            },
            "twice",
        ),
        ({"trunks": {"x": {"title": "X", "match": ["127.0.0.2"], "contact": "sips:a@b"}}}, "UDP"),
        ({"trunks": {"x": {"title": "X", "match": ["127.0.0.999"]}}}, "address"),
        ({"trunks": {"x": {"title": "X", "match": ["127.0.0.2"], "codecs": ["alaw\nx=y"]}}}, "written"),
    ],
)
def test_what_asterisk_cannot_express_is_refused(change: dict[str, Any], word: str) -> None:
    with pytest.raises(BadOffice, match=word):
        rendered(**change)


def test_a_device_without_password_is_refused() -> None:
    office = sample_office()
    settings = dataclasses.replace(sample_settings(office), device_secrets={})
    with pytest.raises(BadOffice) as error:
        render(office, settings, sample_asterisk())
    assert error.value.field == "agent-anna-desk"


def test_a_socket_path_that_asterisk_would_cut_is_refused() -> None:
    office = sample_office()
    settings = dataclasses.replace(sample_settings(office), run_dir=Path("/srv") / ("x" * 100))
    with pytest.raises(StartRefused):
        render(office, settings, sample_asterisk())


@given(title=st.text(min_size=1, max_size=80))
def test_no_title_changes_the_shape_of_any_file(title: str) -> None:
    raw = sample_raw()
    raw["people"]["anna"]["title"] = title
    raw["queues"]["sales"]["title"] = title
    raw["offices"]["moscow"]["title"] = title
    raw["trunks"]["carrier"]["title"] = title
    office = decode_office(raw)
    plain, hostile = rendered(), render(office, sample_settings(office), sample_asterisk())
    for name in (*FILES, *BROWSER_PHONE_FILES):
        ours, theirs = (read_sections(files.files[name]) for files in (plain, hostile))
        assert [(s.name, s.line, s.bases) for s in ours] == [(s.name, s.line, s.bases) for s in theirs]
        changed = [
            entry.key
            for one, other in zip(ours, theirs, strict=True)
            for entry, twin in zip(one.entries, other.entries, strict=True)
            if entry != twin
        ]
        assert set(changed) <= {"callerid"}


def test_files_are_not_for_everybody(tmp_path: Path) -> None:
    write_files(rendered(), tmp_path)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
