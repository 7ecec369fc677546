"""What the router counts, under the names dashboards rely on.

Public (`GET /metrics`): no label names a person, a number or a call, and each has few values.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

ROUTER = CollectorRegistry()  # its own: a process without a router shows none of these

CALLS = Counter("callcard_calls", "Calls that ended, by outcome.", ["direction", "outcome"], registry=ROUTER)
ROUTE_DECISION = Histogram(
    "callcard_route_decision_seconds",
    "From the dialplan's question to our answer, identification and hand-off included.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5),
    registry=ROUTER,
)
OFFERS = Counter("callcard_offers", "Offers by how they ended.", ["result"], registry=ROUTER)
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
