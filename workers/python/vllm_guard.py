"""ASGI middleware for a vLLM server of ours: everything but /health wants the key.

vLLM itself guards only what begins with /v1 and a few more; /invocations, /tokenize, /metrics and the switches of its
developer mode would be open to every user of the machine.
"""

import hashlib
import os
import secrets


class KeyGuard:
    def __init__(self, app):
        self.app = app
        self.digest = hashlib.sha256(os.environ["VLLM_API_KEY"].encode()).digest()

    def is_allowed(self, scope):
        if scope["type"] not in ("http", "websocket") or scope.get("path") == "/health":
            return True
        given = dict(scope.get("headers") or []).get(b"authorization", b"")
        scheme, _, key = given.partition(b" ")
        return scheme.lower() == b"bearer" and secrets.compare_digest(hashlib.sha256(key).digest(), self.digest)

    async def __call__(self, scope, receive, send):
        if self.is_allowed(scope):
            await self.app(scope, receive, send)
            return
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        body = b'{"error":{"message":"The key is missing or wrong.","type":"authentication_error","code":401}}'
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})
