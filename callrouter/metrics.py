"""What the router counts, under the names dashboards rely on."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

CALLS = Counter("callcard_calls", "Calls that ended, by outcome.", ["direction", "outcome"])
ROUTE_DECISION = Histogram(
    "callcard_route_decision_seconds",
    "From the dialplan's question to our answer, identification and hand-off included.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5),
)
OFFERS = Counter("callcard_offers", "Offers by how they ended.", ["result"])
WAITING = Gauge("callcard_waiting_calls", "Callers who wait, the net's included.")
AMI_STATE = Gauge("callcard_ami_state", "1 while the link is live, else 0.", ["link"])
AGI_REQUESTS = Counter("callcard_agi_requests", "Questions of the dialplan by our answer.", ["result"])
LEDGER_SETTLED = Counter("callcard_ledger_settled", "Calls the ledger settled.")
LEDGER_SKIPPED = Counter("callcard_ledger_skipped", "Records of the ledger that could not be read.")
LEDGER_BEHIND = Gauge("callcard_ledger_behind_bytes", "Bytes of the ledger that are not read yet.")
