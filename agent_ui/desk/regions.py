"""The live regions of the desk: each a pure function of what happens now and who looks."""

from __future__ import annotations

from agent_ui.calls.words import unreached_word
from agent_ui.desk.calls import call_left, focus_call, has_browser_phone, shown_calls
from agent_ui.desk.views import (
    CardChoice,
    Chip,
    ChipsView,
    ChoicesView,
    ColleaguesView,
    FiguresView,
    FocusView,
    HouseView,
    PanelView,
    PillView,
    UnreachedView,
    WhyView,
    WrapView,
)
from agent_ui.desk.why import why_view
from agent_ui.live.floor import SWITCH, AgentView, agent_view, down_since, out_of_reach, seen_agents
from agent_ui.live.screens import (
    Own,
    Screen,
    Shared,
    about_health,
    about_me,
    about_my_queues,
    never,
    of_agents,
)
from agent_ui.parties import party_of
from crm_core.calls.model import Direction, Outcome
from crm_core.live.model import LiveAgent, LiveCall
from crm_core.live.projection import LiveState
from crm_core.live.visibility import as_seen
from crm_core.people.model import Reader, Role
from crm_core.presence.model import AgentState


def pill(state: LiveState, reader: Reader) -> PillView:
    """The reader's own state."""
    me = state.agents.get(reader.person)
    if me is None:
        return PillView(state=None)
    return PillView(
        state=me.state.value,
        since=me.since,
        reason=me.reason,
        until=me.until,
        unreachable=_cut_off(me),
        calling=me.state is AgentState.TALKING
        and [c.part for c in shown_calls(state, reader)] == ["calling"],
    )


def _cut_off(me: LiveAgent) -> str | None:
    """Why no call reaches who waits for one; of anybody else it is no news."""
    return out_of_reach(me) if me.state is AgentState.AVAILABLE else None


def figures(state: LiveState, reader: Reader) -> FiguresView:
    """Who waits in the reader's queues, and how many calls the reader had today."""
    me = state.agents.get(reader.person)
    queues = [state.queues[name] for name in state.directory.queues_of(reader.person)]
    # One pass: two hundred desks ask this twenty times a second.
    waiting, finished, in_time, oldest, limits = 0, 0, 0.0, None, set()
    for queue in queues:
        waiting += queue.waiting
        calls = queue.answered + queue.abandoned
        finished += calls
        in_time += (queue.service_level or 0.0) * calls
        at = queue.oldest_waiting_at
        if at is not None and (oldest is None or at < oldest):
            oldest = at
        limits.add(queue.service_level_s)
    return FiguresView(
        waiting=waiting,
        oldest_at=oldest,
        service_level=round(in_time / finished, 2) if finished else None,
        service_level_s=limits.pop() if len(limits) == 1 else None,
        talks=me.talks_today if me is not None else 0,
        queue=queues[0].title if len(queues) == 1 else None,
    )


def panel(state: LiveState, reader: Reader) -> PanelView:
    """The reader's calls, or the wrap-up after the last one."""
    me, left = state.agents.get(reader.person), call_left(state, reader)
    wrap = None
    if me is not None and me.state is AgentState.WRAP_UP:
        wrap = WrapView(
            call=left.id if left is not None else None,
            party=party_of(left, state.directory, reader.person) if left is not None else None,
            since=me.since,
            until=me.until,
        )
    return PanelView(
        calls=shown_calls(state, reader),
        wrap=wrap,
        unreached=_unreached(left, state, reader) if left is not None and left.unreached else None,
        state=me.state.value if me is not None else AgentState.OFFLINE.value,
        unreachable=_cut_off(me) if me is not None else None,
        unreachable_until=me.unreachable_until if me is not None else None,
        browser=has_browser_phone(state.directory, reader.person),
    )


def _unreached(call: LiveCall, state: LiveState, reader: Reader) -> UnreachedView:
    return UnreachedView(
        party=party_of(call, state.directory, reader.person),
        why=unreached_word(call.legs),
        given_up=call.outcome is Outcome.ABANDONED,
    )


def focus(state: LiveState, reader: Reader) -> FocusView:
    """What the middle column is about: the call that goes on, else the one just left."""
    call = focus_call(state, reader) or call_left(state, reader)
    if call is None:
        return FocusView(call=None, card=None)
    return FocusView(call=call.id, card=call.customer_id)


def chips(state: LiveState, reader: Reader) -> ChipsView:
    """Calls that the reader left and whose result nobody said yet; of those with colleagues there is none."""
    shown = focus(state, reader).call
    return ChipsView(
        chips=tuple(
            Chip(
                call=call.id,
                party=party_of(call, state.directory, reader.person),
                at=call.answered_at or call.started_at,
            )
            for call in state.seats.left(reader.person)
            if call.disposition is None and call.id != shown and call.direction is not Direction.INTERNAL
        )
    )


def why(state: LiveState, reader: Reader) -> WhyView:
    """Why the call in focus came to the reader."""
    shown = focus(state, reader).call
    call = state.call(shown) if shown is not None else None
    return why_view(call, state.directory, reader.person)


def choices(state: LiveState, reader: Reader) -> ChoicesView:
    """The cards that share the number of the caller in focus, those the reader may see."""
    shown = focus(state, reader).call
    call = state.call(shown) if shown is not None else None
    if call is None or not call.choices:
        return ChoicesView(call=None, number=None, outgoing=False, cards=())
    titles = state.directory.titles
    return ChoicesView(
        call=call.id,
        number=call.to if call.direction is Direction.OUT else call.from_number,
        outgoing=call.direction is Direction.OUT,
        cards=tuple(
            CardChoice(
                id=choice.customer_id,
                title=choice.title,
                owner=titles.get(choice.owner, choice.owner) if choice.owner is not None else None,
            )
            for choice in as_seen(reader, call, state.directory).choices
        ),
    )


def agent(state: LiveState, name: str, _role: Role) -> AgentView:
    """One agent's row."""
    return agent_view(state.agents[name])


def colleagues(state: LiveState, reader: Reader) -> ColleaguesView:
    """Everybody else the reader may see."""
    others = (each for each in seen_agents(state, reader) if each.name != reader.person)
    return ColleaguesView(agents=tuple(map(agent_view, others)))


def house(state: LiveState, _reader: Reader) -> HouseView:
    """What does not work and matters to whoever takes calls."""
    return HouseView(switch=down_since(state, *SWITCH), database=down_since(state, "database"))


DESK = Screen(
    name="desk",
    # In the order in which pages show them: who rings comes before all else.
    own=(
        Own(id="panel", template="desk/panel.html", view=panel, concerns=about_me),
        Own(id="house", template="desk/house.html", view=house, concerns=about_health),
        Own(id="pill", template="desk/pill.html", view=pill, concerns=about_me),
        Own(id="figures", template="desk/figures.html", view=figures, concerns=about_my_queues),
        Own(id="chips", template="desk/chips.html", view=chips, concerns=about_me),
        Own(id="choices", template="desk/choices.html", view=choices, concerns=about_me),
        Own(id="why", template="desk/why.html", view=why, concerns=about_me),
        Own(id="colleagues", template="desk/colleagues.html", view=colleagues, concerns=never),
        Own(id="focus", template="desk/focus.html", view=focus, concerns=about_me),
    ),
    agent=Shared(prefix="agent-", template="desk/agent.html", view=agent, concerns=of_agents),
    pops=True,
)
