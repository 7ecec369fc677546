"""How busy an agent is: minutes of work, one number that people can check by hand.

    load = minutes of the last hour spent talking, ringing or in wrap-up
         + 3 minutes for each open provisional card the agent answers for

Time counts once, whatever it was spent on: each of these minutes could not be given to another caller.
An open provisional card is work still to be done (find out who it was, keep or drop it), about three
minutes of it. The sum is rounded to a tenth of a minute, so that "equally loaded" is something that
happens and the tie goes to who has been idle longest, not to who spoke 40 ms less.
"""

from __future__ import annotations

WINDOW_S = 3600.0
MINUTES_PER_OPEN_CARD = 3.0


def load(*, talk_s: float, ring_s: float, wrap_up_s: float, open_cards: int) -> float:
    """Minutes of work. The seconds are those of the last hour; *open_cards* are open provisional cards."""
    busy_s = min(talk_s + ring_s + wrap_up_s, WINDOW_S)
    return round(busy_s / 60.0 + MINUTES_PER_OPEN_CARD * open_cards, 1)
