"""Which numbers agents call over which trunk, and how their phones write them."""

from __future__ import annotations

import re

import pytest

from asterisk_conf.outside import World, world_of
from tests.fakes.offices import decode_office
from tests.unit.asterisk_conf.samples import sample_office, sample_raw

pytestmark = pytest.mark.unit


def fits(pattern: str, number: str) -> bool:
    """As Asterisk matches `_` patterns of digits and X."""
    return re.fullmatch(re.escape(pattern.removeprefix("_")).replace("X", "[0-9]"), number) is not None


def trunk_of(world: World, number: str) -> str | None:
    """The trunk of the most special pattern that fits: the one with the most literal digits."""
    found = [way for way in world.ways if fits(way.pattern, number)]
    return min(found, key=lambda way: way.pattern.count("X")).trunk if found else None


def e164(world: World, country: str, dialled: str) -> str | None:
    """What *dialled* is in E.164, from a phone that stands in *country*."""
    (forms,) = [one.forms for one in world.countries if one.code == country]
    found = [form for form in forms if fits(form.pattern, dialled)]
    if not found:
        return None
    form = min(found, key=lambda form: form.pattern.count("X"))
    return form.begins + dialled[form.skip :]


def in_country(code: str) -> World:
    raw = sample_raw()
    raw["offices"]["moscow"]["country"] = code
    return world_of(decode_office(raw))


def test_without_a_trunk_to_the_world_there_is_nothing() -> None:
    raw = sample_raw()
    for trunk in raw["trunks"].values():
        del trunk["outgoing"]
    world = world_of(decode_office(raw))
    assert world == World() and world.e164 == () and world.dialled == ()


@pytest.mark.parametrize(
    ("number", "trunk"),
    [
        ("+74955550142", "second"),  # the longest prefix
        ("+78125550142", "carrier"),
        ("+994125550142", "carrier"),
        ("+15555550142", None),
        ("+749555501", "second"),
        ("+749555", None),  # shorter than any number outside
        ("+749555501421234", "second"),
        ("+7495555014212345", None),  # longer than E.164
    ],
)
def test_the_longest_prefix_chooses_the_trunk(number: str, trunk: str | None) -> None:
    assert trunk_of(world_of(sample_office()), number) == trunk


@pytest.mark.parametrize(
    ("country", "dialled", "number"),
    [
        ("RU", "84955550142", "+74955550142"),
        ("RU", "0074955550142", "+74955550142"),
        ("RU", "810994125550142", "+994125550142"),  # 8~10: abroad, not a Russian number of 14 digits
        ("RU", "4955550142", None),
        ("RU", "74955550142", None),
        ("RU", "0125550142", None),
        ("AZ", "0125550142", "+994125550142"),
        ("AZ", "00994125550142", "+994125550142"),
        ("AZ", "84955550142", None),
        ("ES", "912345678", "+34912345678"),  # no prefix at home
        ("IT", "0612345678", "+390612345678"),  # a zero that stays
        ("US", "12125550142", "+12125550142"),
        ("US", "01174955550142", "+74955550142"),
        ("DE", "03012345", "+493012345"),
    ],
)
def test_numbers_are_read_as_people_dial_where_the_phone_stands(
    country: str, dialled: str, number: str | None
) -> None:
    assert e164(in_country(country), country, dialled) == number


def test_only_countries_where_phones_stand_are_read() -> None:
    raw = sample_raw()
    raw["people"]["boris"]["office"] = "moscow"
    assert [one.code for one in world_of(decode_office(raw)).countries] == ["RU"]
