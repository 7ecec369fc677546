"""Who asks: bearer tokens, sessions, signing in and out, and a person's own settings."""

from agent_ui.auth.bearer import LIVE_PROTOCOL, TOKEN_PROTOCOL, bearer_token, offered_protocols
from agent_ui.auth.door import PUBLIC, signed_in

__all__ = ["LIVE_PROTOCOL", "PUBLIC", "TOKEN_PROTOCOL", "bearer_token", "offered_protocols", "signed_in"]
