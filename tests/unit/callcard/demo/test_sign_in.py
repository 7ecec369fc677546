"""The demo's password can be read off a terminal, and is another one in each data folder."""

from __future__ import annotations

import re

import pytest

from callcard.demo.sign_in import demo_password
from callcard.settings import new_keys
from crm_core.people.passwords import require_password

pytestmark = pytest.mark.unit


def test_it_belongs_to_the_folder() -> None:
    keys = new_keys()
    password = demo_password(keys)
    require_password(password)
    assert re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){2}", password)
    assert demo_password(keys) == password != demo_password(new_keys())
    assert password.replace("-", "") not in keys.device_secret_seed
