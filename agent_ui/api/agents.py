"""`/api/v1/agents`: who takes calls, as the live view shows them now, and the choice of a state."""

from __future__ import annotations

from typing import Any

from agent_ui.api.questions import AgentQuestion, Nothing, StateWish
from agent_ui.api.reading import page
from agent_ui.api.route import Ask, Route
from agent_ui.api.shapes import AgentPage, ApiAgent, ApiPresence
from agent_ui.api.shaping import agent_shape, presence_shape
from crm_core.errors import Forbidden, NotFound
from crm_core.i18n import N_
from crm_core.live.model import LiveAgent
from crm_core.permissions import Action, may


async def list_agents(ask: Ask[AgentQuestion, None]) -> AgentPage:
    """A page of agents."""
    query, hub = ask.query, ask.services.hub
    wanted = [
        agent
        for agent in hub.snapshot(ask.reader).agents
        if query.agent in (None, agent.name)
        and query.state in (None, agent.state)
        and (query.since is None or agent.since >= query.since)
    ]
    items, next_ = page(wanted, limit=query.limit, cursor=query.cursor)
    return AgentPage(items=tuple(agent_shape(agent, hub.directory) for agent in items), next=next_)


async def get_agent(ask: Ask[Nothing, None]) -> ApiAgent:
    """One agent."""
    return agent_shape(_seen(ask), ask.services.hub.directory)


async def put_state(ask: Ask[Nothing, StateWish]) -> ApiPresence:
    """Choose a state, for oneself or, as a supervisor, for somebody of the office."""
    agent, wish = _seen(ask), ask.body
    may_choose = may(
        ask.reader, Action.AGENTS_STATE, office=agent.office, team=agent.team, agents=(agent.name,)
    )
    if not may_choose:
        raise Forbidden(N_("Only the agent or a supervisor of the office may choose this state."))
    presence = await ask.services.states.choose(agent.name, wish.state, wish.reason, by=ask.reader.person)
    return presence_shape(presence)


def _seen(ask: Ask[Any, Any]) -> LiveAgent:
    for agent in ask.services.hub.snapshot(ask.reader).agents:
        if agent.name == ask.path["name"]:
            return agent
    raise NotFound


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/agents",
        summary="Agents and their states now",
        action=Action.AGENTS_READ,
        query=AgentQuestion,
        handle=list_agents,
        answer=AgentPage,
    ),
    Route(
        method="GET",
        path="/api/v1/agents/{name}",
        summary="One agent",
        action=Action.AGENTS_READ,
        query=Nothing,
        handle=get_agent,
        answer=ApiAgent,
        problems=(404,),
    ),
    Route(
        method="PUT",
        path="/api/v1/agents/{name}/state",
        summary="Choose an agent's state",
        action=Action.AGENTS_STATE,
        query=Nothing,
        handle=put_state,
        body=StateWish,
        answer=ApiPresence,
        problems=(403, 404, 415),
    ),
)
