"""The desk's addresses. Whose calls and cards they give is decided where these are read."""

from __future__ import annotations

from aiohttp import web

from agent_ui.desk import actions, pages

DESK_PATH = "/desk"


def add_desk(app: web.Application) -> None:
    """Mount the desk."""
    get, post = app.router.add_get, app.router.add_post
    get(DESK_PATH, pages.desk)
    get(f"{DESK_PATH}/calls/{{id}}", pages.call)
    get(f"{DESK_PATH}/calls/{{id}}/note", pages.note)
    get(f"{DESK_PATH}/calls/{{id}}/result", pages.result)
    get(f"{DESK_PATH}/cards/{{id}}", pages.card)
    get(f"{DESK_PATH}/steps", pages.steps)
    post(f"{DESK_PATH}/state", actions.choose_state)
    post(f"{DESK_PATH}/calls/{{id}}/note", actions.save_note)
    post(f"{DESK_PATH}/calls/{{id}}/result", actions.say_result)
    post(f"{DESK_PATH}/calls/{{id}}/customer", actions.choose_card)
    post(f"{DESK_PATH}/calls/{{id}}/step", actions.plan_step)
    post(f"{DESK_PATH}/steps/{{id}}/done", actions.step_done)
