"""Steps read from the file and from what Asterisk prints are the same steps."""

from __future__ import annotations

import pytest

from asterisk_conf.dialplan import HINT, first_difference, read_shown, read_steps, shown_contexts

pytestmark = pytest.mark.unit

WRITTEN = """
[general]
static = yes
[cc-route]
exten => s,1,Set(ROUTE=)
 same => n,GotoIf($["${ROUTE}"=""]?net)
 same => n(net),Goto(cc-net,s,1)
exten => T,1,Hangup()
[cc-hints]
exten => anna,hint,PJSIP/agent-anna-desk
"""
SHOWN = """[ Context 'other' created by 'app_queue' ]
  's' =>            1. NoOp()                                     [module]

[ Context 'cc-hints' created by 'pbx_config' ]
  'anna' =>         hint: PJSIP/agent-anna-desk                   [extensions.conf:11]

[ Context 'cc-route' created by 'pbx_config' ]
  'T' =>            1. Hangup()                                   [extensions.conf:9]
  's' =>            1. Set(ROUTE=)                                [extensions.conf:6]
                    2. GotoIf($["${ROUTE}"=""]?net)               [extensions.conf:7]
     [net]          3. Goto(cc-net,s,1)                           [extensions.conf:8]

-= 4 extensions (5 priorities) in 2 contexts. =-
"""


def test_the_file_gives_priorities_labels_and_lines() -> None:
    steps = read_steps(WRITTEN)
    assert [(s.exten, s.priority, s.label, s.app) for s in steps] == [
        ("s", 1, None, "Set"),
        ("s", 2, None, "GotoIf"),
        ("s", 3, "net", "Goto"),
        ("T", 1, None, "Hangup"),
        ("anna", HINT, None, ""),
    ]
    assert [s.line for s in steps] == [5, 6, 7, 8, 10]


def test_what_asterisk_shows_is_what_was_written() -> None:
    assert first_difference(read_steps(WRITTEN), read_shown(SHOWN)) is None
    assert shown_contexts(SHOWN) == {"cc-route", "cc-hints"}


@pytest.mark.parametrize(
    ("good", "bad"),
    [("Set(ROUTE=)", "Set(ROUTE=ok)"), ("[net]", "[ten]"), ("2. GotoIf", "7. GotoIf"), ("'anna'", "'boris'")],
)
def test_any_difference_is_named(good: str, bad: str) -> None:
    assert first_difference(read_steps(WRITTEN), read_shown(SHOWN.replace(good, bad, 1))) is not None


def test_something_more_in_asterisk_is_a_difference() -> None:
    more = SHOWN.replace("  'T' =>", "  '_X.' =>          1. Hangup()  [x:1]\n  'T' =>")
    assert "_X." in (first_difference(read_steps(WRITTEN), read_shown(more)) or "")


@pytest.mark.parametrize("line", ["exten => s,one,Hangup()", "exten => s,1,Hangup", "exten => s"])
def test_a_line_that_is_no_step_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_steps(f"[cc-x]\n{line}\n")
