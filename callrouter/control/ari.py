"""The one thing we ask of ARI: making and removing the password of a phone, while Asterisk runs.

`PUT|DELETE /ari/asterisk/config/dynamic/res_pjsip/auth/<name>` (docs.asterisk.org, "ARI Push
Configuration"). What is made so lives in Asterisk's memory: after a restart it is made again.
"""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import hdrs

from crm_core.errors import Unavailable
from crm_core.i18n import N_

_AUTHS = "/ari/asterisk/config/dynamic/res_pjsip/auth/"
_SUFFIX = "-cred"  # what the endpoint's `auth` names in the generated pjsip.conf
_AWAY = N_("Asterisk does not take phones' passwords at the moment.")


class AriAuths:
    """Passwords of phones at one Asterisk. Make it inside the running loop; `close` it."""

    def __init__(self, address: str, user: str, secret: str, *, timeout_s: float = 1.0) -> None:
        """*address*: `http://127.0.0.1:8088`."""
        self._session = aiohttp.ClientSession(
            address,
            headers={hdrs.AUTHORIZATION: aiohttp.encode_basic_auth(user, secret)},
            timeout=aiohttp.ClientTimeout(total=timeout_s),
        )

    async def put(self, endpoint: str, digest: str, *, realm: str) -> None:
        """Let *endpoint* prove itself by the password behind *digest*. Raises Unavailable."""
        # auth_type md5 with md5_cred is known to every version; newer ones make password_digest of it.
        values = {"auth_type": "md5", "username": endpoint, "realm": realm, "md5_cred": digest}
        fields = [{"attribute": name, "value": value} for name, value in values.items()]
        await self._ask("PUT", endpoint, {"fields": fields}, good=(200,))

    async def delete(self, endpoint: str) -> None:
        """Let nobody prove to be *endpoint*. Raises Unavailable."""
        await self._ask("DELETE", endpoint, None, good=(200, 204, 404))

    async def close(self) -> None:
        """End the connections."""
        await self._session.close()

    async def _ask(self, method: str, endpoint: str, body: object, *, good: tuple[int, ...]) -> None:
        try:
            address = f"{_AUTHS}{endpoint}{_SUFFIX}"
            async with self._session.request(method, address, json=body) as answer:
                if answer.status in good:
                    return
                reason = str(answer.status)
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError) as error:
            reason = type(error).__name__
        raise Unavailable(_AWAY, hint=reason)
