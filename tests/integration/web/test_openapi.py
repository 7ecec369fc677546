"""The document is true: each route of the table answers what it says, for everybody who asks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from agent_ui.api.questions import (
    CallPatch,
    CustomerChoice,
    CustomerMerge,
    CustomerNew,
    CustomerPatch,
    MergeQuestion,
    StateWish,
)
from agent_ui.api.routes import OPENAPI, ROUTES
from crm_core.ids import new_id
from tests.fakes.house import call_id
from tests.fakes.web import House

pytestmark = pytest.mark.integration

BODIES: dict[type, Any] = {
    CallPatch: {"disposition": "sold"},
    StateWish: {"state": "available"},
    CustomerNew: {"title": "Maria", "phones": ["+74955550143"]},
    CustomerPatch: {"title": "Maria V."},
}


async def document(house: House) -> Any:
    async with house.ask("GET", OPENAPI, who="anna") as answer:
        assert answer.status == 200
        return await answer.json()


async def concrete(house: House, path: str) -> str:
    ids = {
        "calls": call_id(1),
        "recordings": call_id(100),
        "customers": house.customers.rows[0].id,
        "agents": "anna",
        "queues": "sales",
    }
    return re.sub(r"{\w+}", str(ids[path.split("/")[3]]), path)


async def test_every_route_answers_what_the_document_says(house: House) -> None:
    described = await document(house)
    assert {(m.upper(), p) for p, ops in described["paths"].items() for m in ops} == {
        (route.method, route.path) for route in ROUTES
    }
    card, second = house.customers.rows[0], replace(house.customers.rows[0], id=new_id(), title="Marina")
    house.customers.rows.append(second)
    chosen = {CustomerChoice: {"customer_id": str(card.id)}, CustomerMerge: {"with": str(second.id)}}
    for route in ROUTES:
        body = (BODIES | chosen)[route.body] if route.body is not None else None
        path = await concrete(house, route.path)
        path += f"?with={second.id}" if route.query is MergeQuestion else ""
        async with house.ask(route.method, path, who="anna", json=body) as answer:
            assert answer.status == 200, (route.name, await answer.text())
            said = described["paths"][route.path][route.method.lower()]["responses"]["200"]["content"]
            if route.answer is None:
                assert list(said) == ["audio/*"] and answer.content_type == "audio/wav"
                continue
            assert list(said) == [answer.content_type]
            assert said[answer.content_type]["schema"]["$ref"].endswith(f"/{route.answer.__name__}")
            raw = await answer.json()
        shape = msgspec.convert(raw, route.answer)
        assert msgspec.json.decode(msgspec.json.encode(shape)) == raw
        properties = described["components"]["schemas"][route.answer.__name__]["properties"]
        assert set(properties) == set(raw), route.name


async def test_every_reference_leads_somewhere(house: House) -> None:
    described = await document(house)
    text = msgspec.json.encode(described).decode()
    for reference in re.findall(r'"\$ref":"([^"]+)"', text):
        found = described
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    assert described["openapi"] == "3.1.0"
    names = [op["operationId"] for ops in described["paths"].values() for op in ops.values()]
    assert len(names) == len(set(names))


async def test_what_the_document_calls_a_parameter_is_one(house: House) -> None:
    described = await document(house)
    for route in ROUTES:
        operation = described["paths"][route.path][route.method.lower()]
        queries = {p["name"] for p in operation["parameters"] if p["in"] == "query"}
        assert queries == set(route.query.__struct_encode_fields__)
        if "limit" in queries:
            page = next(p for p in operation["parameters"] if p["name"] == "limit")
            assert page["schema"]["maximum"] == 200 and page["schema"]["minimum"] == 1


async def test_problems_are_of_the_described_shape(house: House) -> None:
    required = set((await document(house))["components"]["schemas"]["Problem"]["required"])
    async with house.ask("GET", "/api/v1/calls?limit=0", who="anna") as answer:
        problem = await answer.json(content_type=None)
    assert required <= set(problem)
