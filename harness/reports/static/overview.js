// A conversation at a glance: who spoke when, and who after whom.

function tick(event, view, turn) {
  if (event.type === "message") {
    return jump(event.index, `tick turn ${agentClass(view, event.speaker)}`, event.speaker.slice(0, 1) || "?",
      `Turn ${turn}: ${event.speaker}`);
  }
  if (event.type === "code_execution") {
    return jump(event.index, `tick ran ${event.is_success ? "pass" : "fail"}`, event.is_success ? "✓" : "✕",
      `${event.agent} ran ${event.language}: ${event.status}`);
  }
  if (event.type === "fault") return jump(event.index, "tick fault", "⚡", `Injected fault: ${event.kind}`);
  if (event.type === "tool_call") return jump(event.index, "tick tool", "T", `${event.agent} calls ${event.name}`);
  if (event.type === "model_call" && event.purpose !== "reply") {
    return jump(event.index, "tick hidden", "·", `Hidden call: ${event.purpose.replace("_", " ")} for ${event.agent}`);
  }
  return null;
}

function timeline(events, view) {
  let turn = 0;
  const ticks = events.map((event) => tick(event, view, event.type === "message" ? ++turn : turn)).filter(Boolean);
  const node = el("div", "timeline", ticks);
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", "Timeline: turns, executions, tools and hidden calls in order");
  return node;
}

function speakersOf(messages) {
  const turns = new Map();
  const after = new Map();
  messages.forEach(({ speaker }, at) => {
    turns.set(speaker, (turns.get(speaker) || 0) + 1);
    if (!at) return;
    const pair = JSON.stringify([messages[at - 1].speaker, speaker]);
    after.set(pair, (after.get(pair) || 0) + 1);
  });
  return { turns, after: [...after].map(([pair, count]) => [...JSON.parse(pair), count]) };
}

const WIDTH = 420;
const MOST_SPEAKERS = 12;
const LETTER = 8.4; // about as wide as one is

// Names stand above, on two levels in turn, so that each has the room of two speakers.
// Speakers stand on a line; arcs above lead on to the right, arcs below back to the left.
function placesOf(names) {
  const room = WIDTH / names.length;
  return new Map(names.map((name, at) => [name, room * (at + 0.5)]));
}

function short(name, room) {
  const most = Math.max(3, Math.floor((2 * room) / LETTER));
  return name.length > most ? `${name.slice(0, most - 1)}…` : name;
}

function arc(from, to, count, middle, most) {
  const isForth = to > from;
  const height = Math.min(middle - 46, 14 + Math.abs(to - from) * 0.16);
  const side = isForth ? -1 : 1;
  const top = middle + side * (12 + height);
  const path = from === to
    ? `M${from - 6} ${middle - 12}C${from - 22} ${middle - 42} ${from + 22} ${middle - 42} ${from + 6} ${middle - 12}`
    : `M${from} ${middle + side * 12}Q${(from + to) / 2} ${middle + side * (12 + 2 * height)} ${to} ${middle + side * 14}`;
  const label = from === to ? [from, middle - 38] : [(from + to) / 2, top + (isForth ? -3 : 10)];
  return [
    svg("path", { d: path, class: "edge", "stroke-width": (1 + (3 * count) / most).toFixed(2), "marker-end": "url(#graph-arrow)" }),
    svg("text", { x: label[0].toFixed(1), y: label[1].toFixed(1), class: "count", "text-anchor": "middle" }, String(count)),
  ];
}

function speaker(name, count, x, middle, place, view) {
  const [at, room] = place;
  const label = short(name, room);
  const half = Math.min(WIDTH / 2, LETTER * label.length / 2); // so that outer names stay inside
  return svg("g", { class: `node ${agentClass(view, name)}` },
    svg("title", {}, `${name}: ${plural(count, "turn")}`),
    svg("circle", { cx: x, cy: middle, r: 11 }),
    svg("text", { x, y: middle + 4, class: "inside", "text-anchor": "middle" }, String(count)),
    svg("text", { x: Math.min(WIDTH - half, Math.max(half, x)), y: 12 + 15 * (at % 2), class: "name", "text-anchor": "middle" }, label));
}

function graph(view) {
  const { turns, after } = speakersOf(view.messages);
  const names = [...turns.keys()];
  if (names.length < 2 || names.length > MOST_SPEAKERS) return null;
  const places = placesOf(names);
  const furthest = Math.max(...after.map(([from, to]) => Math.abs(places.get(to) - places.get(from))));
  const middle = 80 + furthest * 0.16;
  const height = Math.ceil(2 * middle - 36);
  const most = Math.max(...after.map(([, , count]) => count));
  const arrow = svg("marker", { id: "graph-arrow", viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" },
    svg("path", { d: "M0 0L8 4L0 8z", class: "head" }));
  const told = after.map(([from, to, count]) => `${to} after ${from} ${count}`).join(", ");
  return svg("svg", { class: "graph", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": `Who spoke after whom: ${told}` },
    svg("defs", {}, arrow),
    after.map(([from, to, count]) => arc(places.get(from), places.get(to), count, middle, most)),
    names.map((name, at) => speaker(name, turns.get(name), places.get(name), middle, [at, WIDTH / names.length], view)));
}
