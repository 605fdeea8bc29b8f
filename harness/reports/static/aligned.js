// Two conversations of a scenario side by side, turn by turn; the first turn that differs is marked.

function turnsOf(sample) {
  const turns = [];
  let runs = [];
  let before = [];
  for (const event of sample.transcript.events) {
    if (event.type === "code_execution") runs.push(event);
    if (event.type !== "message") { before.push(event); continue; }
    turns.push({ number: turns.length + 1, message: event, text: spoken(event), runs, before });
    [runs, before] = [[], []];
  }
  return turns;
}

function spoken(message) {
  const calls = (message.tool_calls || []).map((call) => `\ncalls ${call.name}(${call.arguments})`);
  return (message.content || "") + calls.join("");
}

function isEqual(one, other) {
  return one.message.speaker === other.message.speaker && one.text === other.text;
}

function worth(one, other) {
  if (isEqual(one, other)) return 3;
  return one.message.speaker === other.message.speaker ? 1 : -Infinity;
}

// Pairs of turns in order; null where only one side has a turn. Equal beginnings stay together.
function pairs(first, second) {
  let start = 0;
  while (start < first.length && start < second.length && isEqual(first[start], second[start])) start++;
  const [one, other] = [first.slice(start), second.slice(start)];
  const best = Array.from({ length: one.length + 1 }, () => new Array(other.length + 1).fill(0));
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      best[i][j] = Math.max(worth(one[i], other[j]) + best[i + 1][j + 1], best[i + 1][j], best[i][j + 1]);
    }
  }
  const found = first.slice(0, start).map((turn, at) => [turn, second[at]]);
  let [i, j] = [0, 0];
  while (i < one.length && j < other.length) {
    if (best[i][j] === worth(one[i], other[j]) + best[i + 1][j + 1]) found.push([one[i++], other[j++]]);
    else if (best[i][j] === best[i + 1][j]) found.push([one[i++], null]);
    else found.push([null, other[j++]]);
  }
  return [...found, ...one.slice(i).map((turn) => [turn, null]), ...other.slice(j).map((turn) => [null, turn])];
}

// What went otherwise before two turns, if their events tell; `given` tells of an agent's settings.
function reason(first, second, given) {
  for (let at = 0; at < Math.min(first.length, second.length); at++) {
    const [one, other] = [first[at], second[at]];
    if (one.type !== other.type) return "";
    const told = REASONS[one.type]?.(one, other);
    if (told) return (isAnswer(one, other) && given(other.agent)) || told;
  }
  return "";
}

// Whether what an agent was given otherwise explains how two of its calls differ: by the model that
// is asked, by its system message, or by the answer alone.
function isAnswer(one, other) {
  if (one.type !== "model_call" || one.agent !== other.agent) return false;
  const sent = (call) => ({ ...call, model_requested: "", reply: "", tool_calls: [] });
  const asked = REASONS.model_call(sent(one), sent(other));
  return one.model_requested !== other.model_requested || !asked || asked.startsWith("the system message of ");
}

const REASONS = {
  speaker_selection: (one, other) => (one.selected === other.selected ? ""
    : `${other.selected || "nobody"} was chosen to speak, not ${one.selected || "nobody"}`),
  code_execution(one, other) {
    if (one.code !== other.code) return "other code was run";
    if (one.exit_code !== other.exit_code) return `the same code ended with exit ${other.exit_code} instead of ${one.exit_code}`;
    return one.output === other.output ? "" : "the same code printed something else";
  },
  model_call(one, other) {
    if (one.model_requested !== other.model_requested) return `${other.model_requested} was asked instead of ${one.model_requested}`;
    const sent = one.sent && other.sent;
    const asked = sent ? sentOtherwise(one.sent, other.sent, other.agent) : one.prompt !== other.prompt || one.prompt_messages !== other.prompt_messages
      ? `the prompt of ${other.agent} differs` : "";
    if (asked) return asked;
    const isSame = one.reply === other.reply && JSON.stringify(one.tool_calls) === JSON.stringify(other.tool_calls);
    return isSame ? "" : `the model answered ${other.agent} otherwise to the same ${sent ? "request" : "last message"}`;
  },
};

// The first message in which two requests differ.
function sentOtherwise(one, other, agent) {
  const at = one.findIndex((message, number) => !other[number] || !sameSent(message, other[number]));
  const place = at < 0 ? one.length : at;
  if (place === one.length && place === other.length) return "";
  if (!one[place] || !other[place]) return `${agent} was sent ${plural(other.length, "message")}, not ${one.length}`;
  if (one[place].role === "system" && other[place].role === "system") return `the system message of ${agent} differs`;
  return `message ${place + 1} of the prompt of ${agent} differs`;
}

const MOST_PLAIN = 20_000; // characters of both texts up to which words are compared

// What was said, as a conversation shows it: Markdown and code, then the tools that are called.
function contentOf({ message, text }, isRaw) {
  if (isRaw) return el("div", "content", el("div", "prose raw", text));
  const calls = (message.tool_calls || []).map((call) => block(`calls tool ${call.name}`, call.arguments));
  return el("div", "content", body(message, { isRaw: false, runs: [] }), calls);
}

// In a text that scrolls, the way from one change to the next.
function nextChange(content) {
  let at = -1;
  return button("at", "next change", "Show the next words that differ", () => {
    const marks = content.querySelectorAll("del, ins");
    at = (at + 1) % marks.length;
    const below = marks[at].getBoundingClientRect().top - content.getBoundingClientRect().top;
    content.scrollTop += below - content.clientHeight / 3;
  });
}

// All of a turn that is longer than its side; shown where there is more, as the fade is.
function wholeButton(content) {
  const node = button("show-all", "Show all", "Show all of this turn, or as much as fits", () => {
    const isWhole = content.classList.toggle("whole-turn");
    node.textContent = isWhole ? "Show less" : "Show all";
    look();
  });
  const look = () => {
    const hidden = content.scrollHeight - content.clientHeight;
    node.hidden = hidden < 2 && !content.classList.contains("whole-turn");
    content.classList.toggle("goes-on", content.scrollTop < hidden - 2);
  };
  node.hidden = true;
  content.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(content);
  return node;
}

function sideOf(turn, content, row, view) {
  if (!turn) return el("div", "side nothing", el("p", "muted", "no such turn"));
  content.tabIndex = 0; // it scrolls
  const runs = turn.runs.map((run) => el("span", `exit ${run.is_success ? "pass" : "fail"}`, `ran ${run.language}: ${run.status}`));
  const isLong = content.querySelector("del, ins") && lineCount(turn.text, 60) > 20;
  return el("div", `side message ${agentClass(view, turn.message.speaker)}`,
    el("div", "head", el("span", "of", `${row.config} · epoch ${row.epoch}`), who(view, turn.message.speaker), ...runs,
      isLong ? nextChange(content) : null, wholeButton(content),
      el("span", "when", `turn ${turn.number}`)),
    content);
}

// Both sides rendered, the words that differ marked.
function contents(one, other, isRaw) {
  const nodes = [one, other].map((turn) => turn && contentOf(turn, isRaw));
  if (!one || !other || one.text.length + other.text.length > MOST_PLAIN) return nodes;
  const texts = nodes.map(textsOf);
  const [left, right] = texts.map(textIn);
  // Only the marks of their Markdown differ: to be seen as they were written.
  if (left === right && one.text !== other.text && !isRaw) return contents(one, other, true);
  const pieces = difference(left, right);
  markIn(texts[0], pieces, "gone");
  markIn(texts[1], pieces, "new");
  return nodes;
}

function differing([one, other], pair, view) {
  const [left, right] = contents(one, other, view.isRaw);
  return el("div", "turn-pair differs", sideOf(one, left, pair[0], view), sideOf(other, right, pair[1], view));
}

function sameRun(run, view) {
  const [first, last] = [run[0][0].number, run.at(-1)[0].number];
  const label = run.length === 1 ? `turn ${first}` : `turns ${first} to ${last}`;
  const inside = run.map(([turn]) => el("div", `message ${agentClass(view, turn.message.speaker)}`,
    el("div", "head", who(view, turn.message.speaker), el("span", "when", `turn ${turn.number}`)), contentOf(turn, view.isRaw)));
  return el("details", "same-run", el("summary", "", `${label}: the same in both (${run.map(([turn]) => turn.message.speaker).join(", ")})`), inside);
}

function partingNote(pair, samples, given) {
  const [one, other] = pair;
  const tail = (sample, turn) => turn ? turn.before : lastEvents(sample);
  const isSameSpeaker = one && other && one.message.speaker === other.message.speaker;
  const why = reason(tail(samples[0], one), tail(samples[1], other), given) || (isSameSpeaker && given(one.message.speaker));
  const turn = Math.max(...[one, other].filter(Boolean).map((each) => each.number));
  const node = el("div", "parting", el("b", "", `Here they part, at turn ${turn}`), why ? `: ${why}.` : ".");
  node.id = "parting";
  node.tabIndex = -1;
  return node;
}

function lastEvents(sample) {
  const last = sample.transcript.events.findLastIndex((event) => event.type === "message");
  return sample.transcript.events.slice(last + 1);
}

function alignedTurns(samples, rows, view, given) {
  const all = pairs(turnsOf(samples[0]), turnsOf(samples[1]));
  const nodes = [];
  let same = [];
  let isParted = false;
  const flush = () => { if (same.length) nodes.push(sameRun(same, view)); same = []; };
  for (const pair of all) {
    const [one, other] = pair;
    if (one && other && isEqual(one, other)) { same.push(pair); continue; }
    flush();
    if (!isParted) nodes.push(partingNote(firstDiffering(samples), samples, given));
    isParted = true;
    nodes.push(differing(pair, rows, view));
  }
  flush();
  if (!isParted) nodes.push(el("div", "parting none", "The same is said in both, by the same speakers."));
  return nodes;
}

// By position, as `harness compare` does it, however the turns after it are laid out.
function firstDiffering(samples) {
  const [first, second] = samples.map(turnsOf);
  let at = 0;
  while (first[at] && second[at] && isEqual(first[at], second[at])) at++;
  return [first[at] || null, second[at] || null];
}

function headOf(sample, row) {
  const link = el("a", "", `${row.config} · epoch ${row.epoch}`);
  link.setAttribute("href", written({ ...address, page: "sample", key: row.key }));
  const end = sample.transcript.events.at(-1);
  const why = end?.type === "termination" ? end.reason : "not finished";
  return el("div", "side-head", el("span", `outcome ${row.outcome}`, outcomeWords(row.outcome)), " ", link,
    el("p", "meta", `${plural(row.turns, "turn")} · ended by ${why} · checks ${percent(row.checks)} · code OK ${percent(row.code)} · ${usd(row.cost)}`));
}

function aligned(samples, rows, given, navigation, comparing) {
  const title = el("h1", "", `${rows[0].title || rows[0].scenario} `, el("span", "muted", `${rows[0].suite} · two conversations`));
  const swap = button("", "Swap sides", "Left becomes right", () => go({ page: "compare", key: rows[1].key, other: rows[0].key }));
  const find = button("", "First difference", "Go to where the two conversations part", () => {
    document.getElementById("parting")?.scrollIntoView({ block: "center" });
  });
  const turns = el("div", "turns");
  const show = (isRaw) => turns.replaceChildren(...alignedTurns(samples, rows, viewWithColours(samples[0], isRaw), given));
  show(false);
  find.disabled = !turns.querySelector("#parting");
  return [el("div", "bar-top", title, navigation), el("div", "tools", comparing, swap, find, writtenButton(show)),
    el("div", "turn-pair heads", headOf(samples[0], rows[0]), headOf(samples[1], rows[1])), turns];
}
