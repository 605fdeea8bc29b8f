"""What a report carries beside its text, unpacked as its script does it."""

import base64
import json
import re
import zlib


def index_of(page):
    """Columns of the list of samples."""
    return unpacked(re.search(r'id="index">([^<]*)<', page)[1])


def samples_of(page):
    """All samples, chunk by chunk."""
    packed = re.findall(r'id="chunk-\d+">([^<]*)<', page)
    return [sample for text in packed for sample in opened(text)]


def opened(text):
    """The samples of a chunk, with every reference spelt out."""
    chunk = unpacked(text)
    table = []
    for entry in chunk.get("table", []):
        table.append(_spelt(entry, table))
    return [_restored(sample, table) for sample in chunk["samples"]]


def unpacked(text):
    return json.loads(zlib.decompress(base64.b64decode(text)))


def _restored(data, table):
    if isinstance(data, str):
        return _spelt(data, table)
    if isinstance(data, dict):
        return {key: _restored(value, table) for key, value in data.items()}
    return [_restored(each, table) for each in data] if isinstance(data, list) else data


def _spelt(text, table):
    lines = text.split("\n")
    return "\n".join(table[int(line[1:])] if line[:1] == "\x01" else line for line in lines)
