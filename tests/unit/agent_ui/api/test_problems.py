"""Whatever is raised has words in the catalogues."""

from __future__ import annotations

import inspect

import pytest

from agent_ui.api import problems, route
from agent_ui.live import hub
from crm_core import errors

pytestmark = pytest.mark.unit


def test_every_error_that_may_be_raised_bare_is_marked() -> None:
    tree = [
        cls
        for module in (errors, route, hub)
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, errors.CallcardError)
    ]
    assert len(tree) > 10
    for cls in tree:
        assert cls().message in problems.TREE, cls.__name__
