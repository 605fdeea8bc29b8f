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

const MOST_CANDIDATES = 6;

// Of the messages that went since the last one that stayed, the one of the same role most like it.
function nearest(found, message) {
  const since = found.findLastIndex(([kind]) => kind === "same") + 1;
  let best = [-1, null];
  let most = 0;
  const places = found.map((_, at) => at).slice(since)
    .filter((at) => found[at][0] === "gone" && found[at][1].role === message.role);
  for (const at of places.slice(0, MOST_CANDIDATES)) {
    const pieces = difference(sentText(found[at][1]), sentText(message));
    const like = likeness(pieces);
    if (like < LEAST_LIKE || like <= most) continue;
    best = [at, pieces];
    most = like;
  }
  return best;
}

// A message that went and one of the same role that came in its place are one that was changed.
function pairedChanges(changes) {
  const found = [];
  for (const [kind, message] of changes) {
    const [at, pieces] = kind === "new" ? nearest(found, message) : [-1, null];
    if (at >= 0) found.splice(at, 1);
    found.push(at >= 0 ? ["changed", message, pieces] : [kind, message]);
  }
  return found;
}
