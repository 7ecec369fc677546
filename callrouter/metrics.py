"""What the router counts, under the names dashboards rely on.

Public (`GET /metrics`): no label names a person, a number or a call, and each has few values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

ROUTER = CollectorRegistry()  # its own: a process without a router shows none of these

CALLS = Counter("callcard_calls", "Calls that ended, by outcome.", ["direction", "outcome"], registry=ROUTER)
ROUTE_DECISION = Histogram(
    "callcard_route_decision_seconds",
    "From the dialplan's question to our answer, identification and showing included.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5),
    registry=ROUTER,
)
OFFERS = Counter("callcard_offers", "Offers by how they ended.", ["result"], registry=ROUTER)
SHOWN_LATE = Counter(
    "callcard_offers_shown_late",
    "Phones that rang before a screen said that it shows the call.",
    registry=ROUTER,
)
WAITING = Gauge("callcard_waiting_calls", "Callers who wait, the net's included.", registry=ROUTER)
AMI_STATE = Gauge("callcard_ami_state", "1 while the link is live, else 0.", ["link"], registry=ROUTER)
AGI_REQUESTS = Counter(
    "callcard_agi_requests", "Questions of the dialplan by our answer.", ["result"], registry=ROUTER
)
LEDGER_SETTLED = Counter("callcard_ledger_settled", "Calls the ledger settled.", registry=ROUTER)
LEDGER_SKIPPED = Counter(
    "callcard_ledger_skipped", "Records of the ledger that could not be read.", registry=ROUTER
)
LEDGER_BEHIND = Gauge(
    "callcard_ledger_behind_bytes", "Bytes of the ledger that are not read yet.", registry=ROUTER
)


class Noticed(Collector):
    """What parts of the router count for themselves as it happens, by kind; read when somebody looks.

    Each kind is of a fixed set: logins, frames that were refused, connections by how they ended, what did
    not fit into any call.
    """

    def __init__(self, parts: Mapping[str, Mapping[Any, int]]) -> None:
        self._parts = parts
        self._shown = False

    def show(self) -> None:
        """Have it among the router's metrics from now on."""
        ROUTER.register(self)
        self._shown = True

    def hide(self) -> None:
        """These parts are at their end. Safe to call twice."""
        if self._shown:
            ROUTER.unregister(self)
            self._shown = False

    def collect(self) -> Iterator[CounterMetricFamily]:
        """One family: `callcard_noticed_total`."""
        family = CounterMetricFamily(
            "callcard_noticed", "What parts of the router noticed, by kind.", labels=["part", "kind"]
        )
        for part, counts in self._parts.items():
            for kind, count in sorted(counts.items()):
                family.add_metric([part, str(kind)], count)
        yield family
