// The conversation of one sample, built when it is opened.

function labelsOf(scores) {
  const labels = new Map();
  const score = scores.find((each) => each.scorer === "labels");
  for (const [name, ...indices] of score?.details?.labels || []) {
    for (const index of indices) labels.set(index, (labels.get(index) || new Set()).add(name));
  }
  return labels;
}

function viewOf(sample, isRaw = false) {
  const scores = sample.scores || [];
  const cost = scores.find((score) => score.scorer === "cost");
  const judged = scores.find((score) => score.scorer === "termination");
  const events = sample.transcript.events;
  return {
    agents: new Map(), turn: 0, outputs: [], texts: [], asked: new Map(), isRaw,
    messages: events.filter((event) => event.type === "message"),
    runs: events.filter((event) => event.type === "code_execution"),
    labels: labelsOf(scores),
    costs: (cost && cost.details && cost.details.by_call) || {},
    isAccepted: sample.status === "completed" && (!judged || judged.passed !== false),
    status: sample.status, failure: sample.failure || null,
    images: new Map((sample.images || []).map((image) => [image.digest, image])),
  };
}

function scoreValue(score) {
  if (score.type === "unscored") return "unscored";
  if (score.unit === "share") return `${Math.round(100 * score.value)} %`;
  if (score.unit === "usd") return usd(score.value);
  if (score.unit === "turns") return plural(score.value, "turn");
  return `${Number(score.value.toFixed(3))}${score.unit === "count" ? "" : ` ${score.unit}`}`;
}

function check(entry) {
  const value = entry.value === null || entry.value === undefined ? "" : ` (${Math.round(100 * entry.value)} %)`;
  return el("li", "", el("span", `outcome ${entry.passed ? "pass" : "fail"}`, entry.passed ? "pass" : "fail"),
    ` ${entry.name}${value}`, entry.reason ? el("span", "muted", ` — ${entry.reason}`) : null,
    evidence(entry.evidence));
}

function scoreRow(score, view) {
  const all = (score.details && score.details.checks) || [];
  const checks = [...all.filter((each) => !each.passed), ...all.filter((each) => each.passed)];
  // The checks that failed are listed below the reason.
  const reason = checks.length ? score.reason.split("; failed: ")[0] : score.reason;
  const verdict = score.passed === true ? "pass" : score.passed === false ? "fail" : null;
  return el("tr", "", el("th", "", score.scorer),
    el("td", "n", scoreValue(score)),
    el("td", "", verdict ? el("span", `outcome ${verdict}`, verdict) : null),
    el("td", "why", saidAbove(reason, view), evidence(score.evidence),
      checks.length ? el("ul", "", checks.map(check)) : null));
}

function scoresTable(sample, view) {
  const isComplete = sample.status === "completed";
  const rows = (sample.scores || []).map((score) => scoreRow(score, view));
  const note = isComplete || !rows.length ? null
    : el("caption", "", "The sample did not complete; these scores judge what there was of it.");
  return el("table", `scores${isComplete ? "" : " incomplete"}`, note, el("tbody", "", rows));
}

function cassetteLine(sample) {
  const use = sample.cassette;
  if (!use) return `no cassette (${sample.mode})`;
  return `${use.path} · ${use.source} · recorded ${use.recorded_at} · ${use.served} of ${use.asked} requests served` +
    (use.unplayed ? ` · ${use.unplayed} unplayed` : "");
}

function tokensLine(sample) {
  const cost = (sample.scores || []).find((score) => score.scorer === "cost");
  const tokens = cost && cost.details && cost.details.tokens;
  if (!tokens) return null;
  return el("p", "meta", `${tokens.prompt} prompt (${tokens.cached} cached) + ${tokens.completion} completion tokens` +
    (tokens.reasoning ? ` (${tokens.reasoning} reasoning)` : "") + `, ${usd(cost.value)}`);
}

function facts(sample) {
  return el("div", "", tokensLine(sample), el("p", "meta", cassetteLine(sample)),
    el("p", "meta", `${sample.transcript.engine_version} · ${sample.sandbox || "no sandbox"}`));
}

function artefacts(sample, view) {
  const files = sample.artefacts || [];
  const differing = sample.cassette?.differing || [];
  const note = differing.length ? el("p", "meta", `Files other than when this was recorded: ${differing.join(", ")}`) : null;
  if (!files.length) return note;
  // Those that no event on the page shows.
  const images = [...view.images.values()].map(picture);
  return el("div", "", note, el("details", "", el("summary", "", `${plural(files.length, "file")} left in the workspace`),
    el("ul", "", files.map((file) => el("li", "", el("code", "", file.path), el("span", "muted", ` ${file.size_bytes} bytes`)))), images));
}

const COMMAND = "To record it again: ";

// A line each, as far in as it was written, and what wraps stays further in than where it begins.
function linesOfFailure(text) {
  return text.trimEnd().split("\n").map((line) => {
    const depth = Math.min(3, Math.floor(line.search(/\S|$/) / 2));
    return el("span", `line in-${depth}`, line.trim());
  });
}

// A command breaks between its words, never at the dashes of an option.
function commandOf(text) {
  return el("code", "command", text.trim().split(" ").flatMap((word, at) => [at ? " " : null, el("span", "word", word)]));
}

function stopped(sample) {
  const failure = sample.failure;
  if (failure) {
    const isMiss = sample.status === "miss";
    const [what, command] = failure.message.split(COMMAND);
    return [el("div", "ended refused",
      el("p", "", el("b", "", isMiss ? "The sample did not complete: cassette miss." : "The sample did not complete: error.")),
      el("p", "", linesOfFailure(isMiss ? what : `${failure.type}: ${what}`)),
      command ? el("p", "", COMMAND, commandOf(command)) : null,
      failure.traceback && !isMiss ? fold("traceback", pre(failure.traceback)) : null)];
  }
  if (sample.mode === "imported") return [el("div", "ended", el("p", "", "The file does not tell how the conversation ended."))];
  return [el("div", "ended refused", el("p", "", "The conversation did not end; this is all that was recorded."))];
}

// What is said at the top; the termination event says at the bottom how the conversation ended.
function ending(sample, view) {
  const last = sample.transcript.events.at(-1);
  const isEnded = last && last.type === "termination";
  return isEnded && !sample.failure ? [ended(last, view)] : stopped(sample);
}

function events(sample, view) {
  return sample.transcript.events.map((event) => {
    const labels = [...(view.labels.get(event.index) || [])].map((name) => el("span", "found", name.replaceAll("_", " ")));
    const node = el("div", "event", labels.length ? el("div", "labels", "label: ", labels) : null, renderers[event.type](event, view));
    node.id = `event-${event.index}`;
    node.dataset.index = event.index;
    return node;
  });
}

function titleOf(row) {
  return [el("span", `outcome ${row.outcome}`, outcomeWords(row.outcome)),
    ` ${row.title || row.scenario} `, el("span", "muted", `${row.title ? `${row.scenario} · ` : ""}${row.suite} · ${row.config} · epoch ${row.epoch}`)];
}

// Colours are handed out in order of first speech, so an agent keeps its colour within a suite's samples.
function viewWithColours(sample, isRaw) {
  const view = viewOf(sample, isRaw);
  for (const message of view.messages) agentClass(view, message.speaker);
  return view;
}

// Switches between messages as they were written and their Markdown rendered.
function writtenButton(show) {
  const node = button("raw-text", "Text as written", "Show messages as they were written, or with their Markdown rendered", () => {
    const isRaw = node.getAttribute("aria-pressed") !== "true";
    node.setAttribute("aria-pressed", String(isRaw));
    show(isRaw);
  });
  node.setAttribute("aria-pressed", "false");
  return node;
}

function rawButton(sample) {
  return writtenButton((isRaw) => {
    const old = document.querySelectorAll("#conversation > .event");
    events(sample, viewWithColours(sample, isRaw)).forEach((fresh, at) => old[at].replaceWith(fresh));
  });
}

function glance(sample, view) {
  const picture = graph(view);
  const map = picture ? el("details", "who-after-whom", el("summary", "", "Who spoke after whom"), picture) : null;
  return el("div", "glance", timeline(sample.transcript.events, view), map);
}

function conversation(sample, row, navigation, comparing) {
  const view = viewWithColours(sample, false);
  const place = el("div", "made-test");
  const tools = el("div", "tools", comparing, testButton(sample, place), rawButton(sample));
  const opening = [el("div", "bar-top", el("h1", "", titleOf(row)), navigation), tools, place,
    ...ending(sample, view), scoresTable(sample, view), facts(sample), glance(sample, view)];
  const told = events(sample, view);
  return [...opening, artefacts(sample, view), ...told].filter(Boolean);
}
