"""The base of everything that is stored."""

from __future__ import annotations

import msgspec


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all stored structs: immutable, keyword-only, unknown fields refused."""
