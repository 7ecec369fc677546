"""`POST /phone/credentials`: a password for hours. `GET /phone/ws`: the phone's way to the switch.

`GET /phone/standing`: why that way would not open. `GET /phone/colleagues`: whom the phone can call, and
`GET /phone/number`: which number outside. `POST /phone/dial`: a telephone beside the page calls it.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
from aiohttp import web

from agent_ui.api.route import read_query
from agent_ui.api.shapes import Moment, Question, Shape
from agent_ui.auth import offered_protocols
from agent_ui.live.routes import check_origin
from agent_ui.pages import fragment
from agent_ui.phone.dial import DIAL, dial
from agent_ui.phone.metrics import PHONE_KEYS
from agent_ui.phone.numbers import NUMBER, typed_number
from agent_ui.phone.proxy import CLOSE_S, HEARTBEAT_S, MESSAGE_LIMIT, PROTOCOL, PhoneProxy
from agent_ui.phone.views import people_view
from agent_ui.services import READER, SERVICES
from crm_core.errors import BadInput, CallcardError, NotFound, Unavailable
from crm_core.i18n import N_
from crm_core.ids import parse_id

CREDENTIALS, WS = "/phone/credentials", "/phone/ws"
STANDING, COLLEAGUES = "/phone/standing", "/phone/colleagues"
_HOST = "pbx.invalid"  # the switch has no name of its own: all comes through the WebSocket


class PhoneAccount(Shape, frozen=True, kw_only=True, rename="camel"):
    """What the phone registers with. *ws* is the WebSocket's address, to be used as it is."""

    endpoint: str
    uri: str
    password: str
    expires_at: Moment
    ws: str
    ice_servers: tuple[str, ...] = ()


class LineQuestion(Question, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """*credential*: id of the password that the phone will use."""

    credential: str


async def credentials(request: web.Request) -> web.Response:
    """A new password, in force at the switch; the one before no longer works."""
    proxy = _proxy(request)
    try:
        issued = await proxy.credentials.issue(request[READER])
    except CallcardError as error:
        PHONE_KEYS.labels(result=error.code).inc()
        raise
    PHONE_KEYS.labels(result="ok").inc()
    account = PhoneAccount(
        endpoint=issued.endpoint,
        uri=f"sip:{issued.endpoint}@{_HOST}",
        password=issued.password,
        expires_at=issued.expires_at,
        ws=f"{WS}?credential={issued.id}",
    )
    return web.Response(body=msgspec.json.encode(account), content_type="application/json")


async def line(request: web.Request) -> web.StreamResponse:
    """Serve one phone until either side ends it."""
    check_origin(request, request.app[SERVICES].origins)
    proxy = _proxy(request)
    id = _credential(request)
    if PROTOCOL not in offered_protocols(request):
        raise BadInput(N_("A phone speaks the subprotocol `sip`."), field="Sec-WebSocket-Protocol")
    ws = web.WebSocketResponse(
        heartbeat=HEARTBEAT_S,
        timeout=CLOSE_S,
        compress=False,
        max_msg_size=MESSAGE_LIMIT,
        protocols=(PROTOCOL,),
    )
    if not ws.can_prepare(request).ok:
        raise web.HTTPUpgradeRequired
    endpoint = await proxy.credentials.endpoint_of(request[READER], id)
    proxy.admit(endpoint)
    async with proxy.switch(endpoint) as switch:
        try:
            await ws.prepare(request)
        except ConnectionResetError:
            return web.Response(status=503)  # the page was left meanwhile: nobody reads this
        await proxy.serve(ws, switch, credential=id, endpoint=endpoint)
    return ws


async def standing(request: web.Request) -> web.Response:
    """204 while the password is in force; 404 or 409 as its socket would be refused.

    A browser does not tell a page why a WebSocket did not open, so the page asks here.
    """
    await _proxy(request).credentials.endpoint_of(request[READER], _credential(request))
    return web.Response(status=204)


async def colleagues(request: web.Request) -> web.Response:
    """Whom a call can be given to, as a list for the dialog."""
    view = people_view(request.app[SERVICES].hub.state, request[READER])
    return fragment(request, "phone/people.html", view)


def _credential(request: web.Request) -> UUID:
    """The id of the password that the phone uses. Raises NotFound."""
    id = parse_id(read_query(request, LineQuestion).credential)
    if id is None:
        raise NotFound
    return id


def _proxy(request: web.Request) -> PhoneProxy:
    proxy = request.app[SERVICES].phones
    if proxy is None:
        raise Unavailable(
            N_("There are no phones in the browser here."),
            hint=N_("They need the private Asterisk that Callcard runs itself."),
        )
    return proxy


def add_phone(app: web.Application) -> None:
    """Mount them."""
    app.router.add_post(CREDENTIALS, credentials)
    app.router.add_get(STANDING, standing)
    app.router.add_get(COLLEAGUES, colleagues)
    app.router.add_get(NUMBER, typed_number)
    app.router.add_post(DIAL, dial)
    app.router.add_get(WS, line, allow_head=False)
