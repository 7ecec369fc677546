"""The FastAGI server against a peer that plays Asterisk, well and badly."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest

from callrouter.agi.server import AgiLimits, Ended, FastAgiServer
from callrouter.agi.session import AgiSession
from callrouter.agi.wire import CommandRefused, Hangup
from crm_core.errors import BadInput
from tests.fakes.agi_client import UNIQUEID, AgiCall, environment

pytestmark = pytest.mark.integration

TOKEN = "t0ken"
ARGS = ("call-1", "74955550100", "sales", "1", "arrived", "", "allowed", "", "in", "")
QUICK = AgiLimits(deadline=0.3, environment=0.3, sessions=3)
Route = Callable[[AgiSession], Awaitable[None]]


async def decide(session: AgiSession) -> None:
    """What the router does: the decision, and last the proof."""
    proof = f"ok:{session.uniqueid}:1:{session.args[3]}"
    await session.finish((("CC_DECISION", "wait||||"), ("ROUTE", proof)))
    await session.finished()


class Lab:
    def __init__(self, server: FastAgiServer) -> None:
        self.server = server
        self.seen: list[AgiSession] = []
        self.raised: list[BaseException] = []
        self.route: Route = decide

    async def handle(self, session: AgiSession) -> None:
        self.seen.append(session)
        try:
            await self.route(session)
        except BaseException as error:
            self.raised.append(error)
            raise

    async def ask(self, script: str = f"{TOKEN}/route", data: bytes | None = None) -> AgiCall:
        call = AgiCall(self.server.port)
        await call.ask(environment(script, *ARGS) if data is None else data)
        return call

    async def seen_one(self) -> None:
        """Wait until a question was put to the route."""
        async with asyncio.timeout(20):
            while not self.seen:
                await asyncio.sleep(0.005)

    async def counts(self) -> Counter[Ended]:
        """How connections ended, once none is open."""
        async with asyncio.timeout(20):
            while self.server.active:
                await asyncio.sleep(0.005)
        return self.server.counts

    async def still_answers(self) -> bool:
        await self.counts()
        self.route = decide
        return "ROUTE" in (await self.ask()).variables


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    made: list[Lab] = []

    async def route(session: AgiSession) -> None:
        await made[0].handle(session)

    server = FastAgiServer("127.0.0.1", 0, TOKEN, {"route": route}, limits=QUICK, systemname="cc-7d0f3b9a")
    made.append(Lab(server))
    await server.start()
    yield made[0]
    await server.stop()
    assert server.active == 0


async def test_a_question_is_answered(lab: Lab) -> None:
    call = await lab.ask()
    assert call.variables == {"CC_DECISION": "wait||||", "ROUTE": f"ok:{UNIQUEID}:1:1"}
    assert list(call.variables)[-1] == "ROUTE"
    (session,) = lab.seen
    assert session.args == ARGS
    assert (session.uniqueid, session.channel) == (UNIQUEID, "PJSIP/city-0000000a")
    assert session.headers["agi_callerid"] == "+74955550142"
    assert await lab.counts() == {Ended.ANSWERED: 1}


async def test_variables_keep_quotes(lab: Lab) -> None:
    values = {f"X{number}": text for number, text in enumerate(('a"b\\c', "hangup", "a (b) c)", "", "Иван"))}

    async def route(session: AgiSession) -> None:
        for name, value in values.items():
            await session.set_variable(name, value)

    lab.route = route
    call = await lab.ask()
    assert call.variables == values


async def test_a_query_behind_the_route_is_another_route(lab: Lab) -> None:
    await lab.ask(f"{TOKEN}/route?a=1")
    assert await lab.counts() == {Ended.ROUTE: 1}


async def test_any_callable_can_be_a_route(lab: Lab) -> None:
    async def answer(word: str, session: AgiSession) -> None:
        await session.set_variable("CC_RESULT", word)

    lab.server.add_route("state", partial(answer, "ok"))
    assert (await lab.ask(f"{TOKEN}/state")).variables == {"CC_RESULT": "ok"}
    with pytest.raises(ValueError):
        lab.server.add_route("state", partial(answer, "no"))


# --- who may ask ---


@pytest.mark.parametrize("script", ["route", "/route", "t0keN/route", "t0ken2/route", "", "tökén/route"])
async def test_without_the_token_nothing_is_answered(lab: Lab, script: str) -> None:
    call = await lab.ask(script)
    assert call.commands == []
    assert lab.seen == []
    assert await lab.counts() == {Ended.TOKEN: 1}


async def test_an_unknown_route_is_closed(lab: Lab) -> None:
    call = await lab.ask(f"{TOKEN}/nothing")
    assert (call.commands, await lab.counts()) == ([], {Ended.ROUTE: 1})


# --- bad environments ---


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\n\n",
        b"\n\n",
        b"agi_network_script: t0ken/route\n\n",
        environment(f"{TOKEN}/route", *ARGS).replace(b"agi_arg_3", b"agi_arg_30"),
        environment(f"{TOKEN}/route", *ARGS, name=b"x" * 2000),
        environment(f"{TOKEN}/route", *("a" for _ in range(40))),
        environment(f"{TOKEN}/route", *ARGS, uniqueid="1795287447.33"),
        environment(f"{TOKEN}/route", *ARGS, name=b"x" * 70_000),
        b"x" * 100_000,
    ],
)
async def test_what_asterisk_would_not_send_is_closed(lab: Lab, data: bytes) -> None:
    call = await lab.ask(data=data)
    assert call.commands == []
    assert lab.seen == []
    assert await lab.counts() == {Ended.MALFORMED: 1}
    assert await lab.still_answers()


@pytest.mark.parametrize(
    "name",
    [
        b"x\nagi_arg_1: other-call",
        b"x\nagi_uniqueid: cc-7d0f3b9a-1.1",
        b"x\nagi_arg_12: more",
        b"x\nnot a header",
        b"x\n\n",
        b"x\nagi_arg_1: a\n\n200 result=1\n200 result=1\n",
        b"x\nagi_arg_1: a\n\nHANGU",
    ],
)
async def test_a_caller_cannot_write_into_the_environment(lab: Lab, name: bytes) -> None:
    call = await lab.ask(data=environment(f"{TOKEN}/route", *ARGS, name=name))
    assert call.commands == []
    assert lab.seen == []
    assert await lab.counts() == {Ended.MALFORMED: 1}


@pytest.mark.parametrize(
    ("name", "read"),
    [("Пётр".encode("cp1251"), "Пётр"), (b"caf\x98", "caf�"), ("Əli".encode(), "Əli")],
)
async def test_names_that_are_not_utf8_do_not_kill_the_call(lab: Lab, name: bytes, read: str) -> None:
    call = await lab.ask(data=environment(f"{TOKEN}/route", *ARGS, name=name))
    assert "ROUTE" in call.variables
    assert lab.seen[0].headers["agi_calleridname"] == read


async def test_closing_before_the_blank_line_harms_nobody(lab: Lab) -> None:
    """One such client froze panoramisk's whole event loop for good."""
    for data in (b"GET / HTTP/1.1", b"", environment(f"{TOKEN}/route")[:-1]):
        call = AgiCall(lab.server.port)
        await call.connect()
        call.write(data)
        await asyncio.sleep(0.01)
        call.close()
    assert await lab.still_answers()
    assert lab.server.counts[Ended.MALFORMED] == 3


async def test_a_client_that_never_finishes_is_closed(lab: Lab) -> None:
    call = await lab.ask(data=b"agi_network: yes\n")
    assert call.commands == []
    assert await lab.counts() == {Ended.SILENT: 1}


# --- the conversation ---


async def test_a_late_decision_sends_nothing_at_all(lab: Lab) -> None:
    late = asyncio.Event()

    async def route(session: AgiSession) -> None:
        await session.set_variable("CC_DECISION", "dial|anna")
        try:
            await asyncio.sleep(5)
        finally:
            late.set()
        await session.set_variable("ROUTE", "ok")

    lab.route = route
    began = asyncio.get_running_loop().time()
    call = await lab.ask()
    assert 0.25 < asyncio.get_running_loop().time() - began < 4
    assert list(call.variables) == ["CC_DECISION"]  # without ROUTE it decides nothing
    assert late.is_set()
    assert await lab.counts() == {Ended.DEADLINE: 1}


async def test_asterisk_that_stops_answering_does_not_hold_us(lab: Lab) -> None:
    call = AgiCall(lab.server.port)
    await call.connect()
    call.write(environment(f"{TOKEN}/route", *ARGS))
    await lab.seen_one()
    assert await lab.counts() == {Ended.DEADLINE: 1}
    call.close()


async def test_a_handler_that_fails_closes_and_is_counted(lab: Lab) -> None:
    async def route(_session: AgiSession) -> None:
        raise RuntimeError("a fault of ours")

    lab.route = route
    assert (await lab.ask()).commands == []
    assert await lab.counts() == {Ended.FAILED: 1}
    assert await lab.still_answers()


async def test_a_timeout_of_the_handler_itself_is_not_our_deadline(lab: Lab) -> None:
    async def route(_session: AgiSession) -> None:
        raise TimeoutError

    lab.route = route
    await lab.ask()
    assert await lab.counts() == {Ended.FAILED: 1}


async def test_too_many_at_once_are_closed_at_once(lab: Lab) -> None:
    release = asyncio.Event()

    async def route(session: AgiSession) -> None:
        await release.wait()
        await decide(session)

    lab.route = route
    held = [asyncio.create_task(lab.ask()) for _ in range(3)]
    async with asyncio.timeout(20):
        while len(lab.seen) < 3:
            await asyncio.sleep(0.005)
    over = await lab.ask()
    assert over.commands == []
    assert lab.server.counts == {Ended.OVERFLOW: 1}
    release.set()
    assert all("ROUTE" in call.variables for call in await asyncio.gather(*held))
    assert await lab.still_answers()


async def test_hangup_in_between_is_not_taken_for_the_answer(lab: Lab) -> None:
    call = AgiCall(lab.server.port)
    call.replies = lambda line: b"HANGUP\nHANGUP\n200 result=1\n" if "DECISION" in line else None
    await call.ask(environment(f"{TOKEN}/route", *ARGS))
    assert await lab.counts() == {Ended.HANGUP: 1}
    assert isinstance(lab.raised[0], Hangup)


async def test_hangup_while_deciding_is_seen_before_the_next_command(lab: Lab) -> None:
    call = AgiCall(lab.server.port)

    async def route(session: AgiSession) -> None:
        call.write(b"HANGUP\n")
        await asyncio.sleep(0.05)
        await decide(session)

    lab.route = route
    await call.ask(environment(f"{TOKEN}/route", *ARGS))
    assert call.commands == []
    assert await lab.counts() == {Ended.HANGUP: 1}


@pytest.mark.parametrize("reply", [b"511 Command Not Permitted on a dead channel or intercept routine\n"])
async def test_a_dead_channel_is_a_hangup(lab: Lab, reply: bytes) -> None:
    call = AgiCall(lab.server.port)
    call.replies = lambda _line: reply
    await call.ask(environment(f"{TOKEN}/route", *ARGS))
    assert await lab.counts() == {Ended.HANGUP: 1}


async def test_a_caller_who_leaves_while_we_decide_is_a_hangup(lab: Lab) -> None:
    call = AgiCall(lab.server.port)

    async def route(session: AgiSession) -> None:
        call.close()
        await asyncio.sleep(0.05)
        await decide(session)

    lab.route = route
    await call.connect()
    call.write(environment(f"{TOKEN}/route", *ARGS))
    async with asyncio.timeout(20):
        while not lab.server.counts:
            await asyncio.sleep(0.005)
    assert await lab.counts() == {Ended.HANGUP: 1}


async def test_a_usage_error_is_read_to_its_end(lab: Lab) -> None:
    usage = (
        b"520-Invalid command syntax.  Proper usage follows:\nSets a variable.\n520 End of proper usage.\n"
    )
    refused: list[CommandRefused] = []

    async def route(session: AgiSession) -> None:
        try:
            await session.set_variable("X", "1")
        except CommandRefused as error:
            refused.append(error)
        await decide(session)

    call = AgiCall(lab.server.port)
    call.replies = lambda line: usage if " X " in line else None
    lab.route = route
    await call.ask(environment(f"{TOKEN}/route", *ARGS))
    assert "ROUTE" in call.variables
    assert str(refused[0]).startswith("520")


@pytest.mark.parametrize(
    ("reply", "ended"),
    [
        (b"510 Invalid or unknown command\n", Ended.COMMAND),
        (b"200 result=0\n", Ended.COMMAND),
        (b"100 result=0 Trying...\n200 result=1\n", Ended.ANSWERED),
        (b"agi_calleridname: x\n", Ended.MALFORMED),
        (b"200 nothing\n", Ended.MALFORMED),
        (b"x" * 70_000, Ended.MALFORMED),
    ],
)
async def test_answers(lab: Lab, reply: bytes, ended: Ended) -> None:
    call = AgiCall(lab.server.port)
    call.replies = lambda _line: reply
    await call.ask(environment(f"{TOKEN}/route", *ARGS))
    assert await lab.counts() == {ended: 1}


async def test_an_answer_nobody_asked_for_ends_the_conversation(lab: Lab) -> None:
    async def route(session: AgiSession) -> None:
        await session.set_variable("X", "1")
        await session.set_variable("Y", "1")

    call = AgiCall(lab.server.port)
    call.replies = lambda _line: b"200 result=1\n200 result=1\n"
    lab.route = route
    await call.ask(environment(f"{TOKEN}/route", *ARGS))
    assert await lab.counts() == {Ended.MALFORMED: 1}
    assert len(call.commands) == 1


@pytest.mark.parametrize(
    ("name", "value"), [("X", "a\nHANGUP"), ("X", "a\rb"), ("X", "\0"), ("SHELL(id)", "1"), ("X", "x" * 3000)]
)
async def test_no_value_can_carry_a_second_command(lab: Lab, name: str, value: str) -> None:
    async def route(session: AgiSession) -> None:
        with pytest.raises(BadInput):
            await session.set_variable(name, value)

    lab.route = route
    call = await lab.ask()
    assert (call.commands, await lab.counts()) == ([], {Ended.ANSWERED: 1})


async def test_stop_ends_what_is_being_decided(lab: Lab) -> None:
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))

    async def route(_session: AgiSession) -> None:
        await asyncio.sleep(5)

    lab.route = route
    asking = asyncio.create_task(lab.ask())
    async with asyncio.timeout(20):
        while not lab.seen:
            await asyncio.sleep(0.005)
    await lab.server.stop()
    assert (await asking).commands == []
    assert isinstance(lab.raised[0], asyncio.CancelledError)
    assert await lab.counts() == {Ended.STOPPED: 1}
    assert faults == [], "an end in order is no fault of the loop's"
