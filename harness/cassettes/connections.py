"""Connection classes that do not look themselves up in patched modules.

``super(HTTPSConnection, self)`` finds its class by name, in a module where vcrpy
has put another. So to make a real connection vcrpy puts the real classes back,
for the whole process, and a request that another thread makes at that moment
escapes: recordings lose it, replays send it out. Here the few methods that look
such a name up get a name of their own for the real class, which nobody patches.
"""

from __future__ import annotations

import dis
import http.client
import importlib
import types
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Modules in which vcrpy replaces connection classes by name. It replaces those of botocore's
# and urllib3's pools as well, but nothing looks those up.
_PATCHED = {
    "http.client": ("HTTPConnection", "HTTPSConnection"),
    "urllib3.connection": ("HTTPConnection", "HTTPSConnection", "VerifiedHTTPSConnection"),
    "httplib2": ("HTTPConnectionWithTimeout", "HTTPSConnectionWithTimeout"),
}


def pin_connections() -> None:
    """Pin the classes of every library that is installed; call it before vcrpy patches."""
    for name, patched in _PATCHED.items():
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        present = {one: getattr(module, one) for one in patched if hasattr(module, one)}
        if getattr(module, "http", None) is http:
            present["http"] = _real_http()  # for ``http.client.HTTPConnection.__init__(self)``
        for method in _methods(module, patched):
            pin(method, present)


def watch_requests(note: Callable[[str, str], None]) -> None:
    """Tell of each request that the standard library's own classes make; call it once.

    Whoever took such a class from its module before vcrpy put another there goes past
    vcrpy. A class derived from it is somebody's own business: most of those talk to a
    local socket.

    Args:
        note: Given method and URL before anything is sent; what it raises stops the request.
    """
    own = (http.client.HTTPConnection, getattr(http.client, "HTTPSConnection", None))
    original = http.client.HTTPConnection.putrequest

    @wraps(original)
    def putrequest(
        self: http.client.HTTPConnection, method: str, url: str, *args: Any, **kwargs: Any
    ) -> None:
        if type(self) in own:
            scheme = "http" if type(self) is own[0] else "https"
            note(method, f"{scheme}://{self.host}:{self.port}{url}")
        original(self, method, url, *args, **kwargs)

    http.client.HTTPConnection.putrequest = putrequest  # type: ignore[method-assign]


def _real_http() -> types.SimpleNamespace:
    """The package http as it is now."""
    client = types.ModuleType("http.client")
    vars(client).update(vars(http.client))
    return types.SimpleNamespace(client=client)


def _methods(module: Any, class_names: tuple[str, ...]) -> Iterator[types.FunctionType]:
    for class_name in class_names:
        # What is no class stands in for one that this interpreter lacks, without TLS for example.
        for member in vars(getattr(module, class_name, object)).values():
            if isinstance(member, types.FunctionType):
                yield member


def pin(function: types.FunctionType, values: Mapping[str, object]) -> None:
    """Let a function find values of ours under global names, whatever is patched there later.

    A name that the function also uses for an attribute stays as it is: both would
    be renamed.

    Args:
        function: Pinned in place.
        values: By name; those the function does not look up are left out.
    """
    code = function.__code__
    uses = [
        (one.opname, one.argval) for one in dis.get_instructions(code) if one.opcode in dis.hasname
    ]
    found = {name for use, name in uses if name in values and use == "LOAD_GLOBAL"}
    found -= {name for use, name in uses if name in found and use != "LOAD_GLOBAL"}
    pinned = {name: f"{name} (pinned)" for name in found}
    for name, other in pinned.items():
        function.__globals__.setdefault(other, values[name])
    if pinned:
        renamed = tuple(pinned.get(name, name) for name in code.co_names)
        function.__code__ = code.replace(co_names=renamed)
