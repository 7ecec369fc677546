"""The figures are public: they tell of nobody."""

from __future__ import annotations

import pytest

from callrouter import metrics

pytestmark = pytest.mark.unit

LABELS = {"direction", "outcome", "result", "link"}  # each has a handful of values, all of them ours


def test_no_label_names_a_person_a_number_or_a_call() -> None:
    found = [value for value in vars(metrics).values() if hasattr(value, "_labelnames")]
    assert len(found) == 10
    assert {label for metric in found for label in metric._labelnames} == LABELS
