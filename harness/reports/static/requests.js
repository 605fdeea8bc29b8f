// What models were sent: requests share their messages, so the same message is the same object.

// Numbers of messages as packing.py writes them: "0 2-7".
function numbersOf(runs) {
  return runs.split(" ").flatMap((run) => {
    const [first, last = first] = run.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

// Every model call gets its `sent`: all messages of its request, or null where it was not recorded.
function readRequests(events) {
  const known = [];
  for (const event of events) {
    if (event.type !== "model_call") continue;
    known.push(...(event.new_messages || []));
    event.sent = event.request ? numbersOf(event.request).map((number) => known[number]) : null;
  }
}

function sentText(message) {
  const calls = (message.tool_calls || []).map((call) => `calls ${call.name}(${call.arguments || ""})`);
  return [message.content || "", ...calls].filter(Boolean).join("\n");
}

function sameSent(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

// What became of the messages of the request before: [kind, message], kind being same, gone or new.
function requestChanges(before, now) {
  const [start, end] = commonEnds(before, now);
  const changes = before.slice(0, start).map((message) => ["same", message]);
  middle(before.slice(start, before.length - end), now.slice(start, now.length - end),
    (kind, message) => changes.push([kind, message]));
  return [...changes, ...now.slice(now.length - end).map((message) => ["same", message])];
}

const LEAST_LIKE = 0.3; // below that, two messages are two, not one that was changed

// A message that went and one of the same role that came in its place are one that was changed.
function pairedChanges(changes) {
  const found = [];
  for (const [kind, message] of changes) {
    const at = kind === "new" ? found.findLastIndex(([other, gone]) => other === "gone" && gone.role === message.role) : -1;
    const isNear = at >= 0 && found.slice(at).every(([other]) => other !== "same");
    const pieces = isNear ? difference(sentText(found[at][1]), sentText(message)) : [];
    const isChanged = isNear && likeness(pieces) >= LEAST_LIKE;
    if (isChanged) found.splice(at, 1);
    found.push(isChanged ? ["changed", message, pieces] : [kind, message]);
  }
  return found;
}
