"""How much of a foreign file is read at all, so that no file can use up the memory."""

from __future__ import annotations

MEGABYTE = 1024 * 1024

# The largest recordings known have some 15 MB.
FILE_BYTES = 256 * MEGABYTE
# Of one interaction: bytes in the file, and values that its YAML or JSON consists of.
INTERACTION_BYTES = 64 * MEGABYTE
INTERACTION_VALUES = 2_000_000
# A body once decompressed.
BODY_BYTES = 64 * MEGABYTE
# Mappings in lists in mappings; a real recording has less than 20 levels.
DEPTH = 100
# What references (YAML aliases) may stand for in all, in values and characters.
# Tools write them for lists of headers.
ALIASED = 10_000_000
# Digits of a number.
DIGITS = 400
