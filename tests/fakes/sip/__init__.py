"""A small SIP user agent for tests and benchmarks: UDP, one call leg per object, RTP on a shared ticker.

Written from RFC 3261 (transactions, dialogs), 3264 (offer and answer), 3515 and 3891 (REFER, Replaces),
7616 and 8760 (digest). Import it from `tests.fakes.sip_peer`.
"""
