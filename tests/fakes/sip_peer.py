"""What tests and benchmarks import: callers, agents' phones, and the words to talk about them."""

from tests.fakes.sip.call import Call, CallFailed, Step
from tests.fakes.sip.digest import Credentials, DigestGuard
from tests.fakes.sip.legs import IncomingCall, OutgoingCall
from tests.fakes.sip.peer import SipPeer
from tests.fakes.sip.phone import Answer, Manual, Phone, Refuse, RegistrationFailed, Ring, Silent
from tests.fakes.sip.sdp import Codec, Media

__all__ = [
    "Answer",
    "Call",
    "CallFailed",
    "Codec",
    "Credentials",
    "DigestGuard",
    "IncomingCall",
    "Manual",
    "Media",
    "OutgoingCall",
    "Phone",
    "Refuse",
    "RegistrationFailed",
    "Ring",
    "Silent",
    "SipPeer",
    "Step",
]
