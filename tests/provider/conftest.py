"""A reference script with one of everything, and a server that plays it."""

import http.client
import json
from urllib.parse import urlsplit

import pytest

from harness.provider.script import Reply, ToolRequest
from harness.provider.server import Behaviour, serving

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "convert",
            "description": "Convert an amount of money.",
            "parameters": {
                "type": "object",
                "properties": {"amount": {"type": "number"}, "to": {"type": "string"}},
                "required": ["amount", "to"],
            },
        },
    }
]


def converse(call):
    """Two agents: one computes, the other judges; how many mistakes come first is drawn."""
    if call.system.startswith("You check"):
        return "Right. TERMINATE" if "42" in call.last else "That is wrong, try again."
    mistakes = int(call.draw("mistakes") * 3)
    if len([m for m in call.messages if m["role"] == "assistant"]) < mistakes:
        return f"I think it is {round(call.draw('guess') * 40)}."
    return "It is 42."


def convert(call):
    """Ask for two tools at once, then report what they gave."""
    if call.messages[-1]["role"] == "tool":
        return f"Done: {call.last}"
    return Reply(
        content="Let me look.",
        tool_calls=(
            ToolRequest(name="convert", arguments={"amount": 5, "to": "€"}),
            ToolRequest(name="convert", arguments={"amount": 7, "to": "円"}),
        ),
    )


def fail(call):
    raise ZeroDivisionError(f"nothing to divide for {call.scenario}")


@pytest.fixture(scope="session")
def behaviours():
    return [
        Behaviour("sum", "What is six times seven?", {"answer": 42}, converse),
        Behaviour("money", "Convert the money.", {}, convert),
        Behaviour("poem", "Recite the poem.\n", {}, lambda call: "Röslein, Röslein 🌹 rot, " * 20),
        Behaviour("broken", "Break, please.", {}, fail),
        Behaviour("wrong", "Return nonsense.", {}, lambda call: 17),
        Behaviour("undefined", "Use a tool that is not there.", {}, misuse),
        Behaviour("see", "Tell me what you see.", {"p": 1}, see),
        Behaviour("see-more", "Tell me what you see. All of it.", {"p": 2}, see),
    ]


def misuse(call):
    return Reply(tool_calls=(ToolRequest(name="convret", arguments={}),))


def see(call):
    seen = {
        "scenario": call.scenario,
        "parameters": dict(call.parameters),
        "model": call.model,
        "temperature": call.temperature,
        "system": call.system,
        "last": call.last,
        "tools": len(call.tools),
        "epoch": call.epoch,
        "seed": call.seed,
    }
    return json.dumps(seen)


@pytest.fixture(scope="session")
def provider(behaviours):
    with serving(behaviours, seed=7) as running:
        yield running


@pytest.fixture
def client(provider):
    import openai

    with openai.OpenAI(base_url=provider.base_url, api_key="unused") as client:
        yield client


@pytest.fixture
def tools():
    return TOOLS


class Wire:
    """One raw keep-alive connection, to see what really goes over it."""

    def __init__(self, base_url):
        parts = urlsplit(base_url)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)

    def send(self, method, path, body=None, **headers):
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        self.connection.request(method, path, data, headers)
        response = self.connection.getresponse()
        return response, response.read()

    def chat(self, task, *, headers=None, **fields):
        messages = fields.pop("messages", [{"role": "user", "content": task}])
        body = {"model": "scripted-1", "messages": messages, **fields}
        response, data = self.send("POST", "/v1/chat/completions", body, **(headers or {}))
        return response, json.loads(data)


@pytest.fixture
def wire(provider):
    wire = Wire(provider.base_url)
    yield wire
    wire.connection.close()


@pytest.fixture(scope="session")
def wire_class():
    return Wire


@pytest.fixture
def connect():
    """Connections to other servers than the shared one, closed in the end."""
    opened = []

    def connect(base_url):
        opened.append(Wire(base_url))
        return opened[-1]

    yield connect
    for wire in opened:
        wire.connection.close()
