"""One TLS context per process during replays.

A client loads all root certificates when it is made, about two thirds of the
time that takes, and AutoGen makes a new client for every choice of a speaker.
Inside a replay no connection can be opened, so clients made there share one
context. It is a complete one, with certificates and verification, so a client
that outlives its replay is as safe as any. Recordings and live runs never
share.
"""

from __future__ import annotations

import importlib
import os
from functools import wraps
from typing import TYPE_CHECKING, Any

from harness.cassettes.scope import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

# httpx and its fork, which openai 3 uses, both look the function up in this module.
_MODULES = ("httpx._transports.default", "httpx2._transports.default")
_FUNCTION = "create_ssl_context"


def install_tls() -> None:
    """Patch the clients that are installed; call it once."""
    for name in _MODULES:
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        original = getattr(module, _FUNCTION, None)
        if original is not None:
            setattr(module, _FUNCTION, _sharing(original))


def _sharing(original: Callable[..., Any]) -> Callable[..., Any]:
    shared: dict[Hashable, Any] = {}

    @wraps(original)
    def create(verify: Any = True, cert: Any = None, trust_env: bool = True) -> Any:  # noqa: FBT001, FBT002 - httpx's signature
        session = CURRENT.get()
        if session is None or session.mode != "replay" or verify is not True or cert is not None:
            return original(verify=verify, cert=cert, trust_env=trust_env)
        key = (trust_env, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        if key not in shared:
            shared[key] = original(verify=verify, cert=cert, trust_env=trust_env)
        return shared[key]

    return create
