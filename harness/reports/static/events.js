// One function per kind of event; each returns a node. `view` holds what they share.

function agentClass(view, name) {
  if (!view.agents.has(name)) view.agents.set(name, view.agents.size);
  return `a${view.agents.get(name) % 8}`;
}

function who(view, name) {
  return el("span", `who ${agentClass(view, name)}`, name);
}

function pre(text) {
  const node = el("pre", "", text);
  node.tabIndex = 0;
  return node;
}

const LONG = 40; // lines that a block shows before it scrolls inside itself
const LONG_MESSAGE = 45; // lines that a message shows before it is folded

function lineCount(text, width) {
  return text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / width)), 0);
}

function block(label, text, note = null) {
  const node = el("div", "block", el("div", "label", el("span", "", label), note), pre(text));
  if (lineCount(text, 100) > LONG) {
    node.classList.add("long");
    node.firstChild.append(grower(node));
  }
  return node;
}

function grower(node) {
  const grow = button("grow", "Show all", "", () => {
    grow.textContent = node.classList.toggle("grown") ? "Show less" : "Show all";
  });
  return grow;
}

function fold(label, ...inside) {
  return el("details", "", el("summary", "", label), el("div", "inside", ...inside));
}

// A button that leads to an event.
function jump(index, className, label, title = `Show event ${index}`) {
  return button(className, label, title, () => light([index]));
}

// The execution of a block of code that a message carries: the first after it that ran its text.
function runOf(code, after, view) {
  const text = code.trim();
  if (!text) return null;
  return view.runs.find((run) => run.index > after && run.code.includes(text)) || null;
}

function ranNote(code, event, view) {
  const run = runOf(code, event.index, view);
  if (!run) return null;
  return jump(run.index, `ran exit ${run.is_success ? "pass" : "fail"}`, `${run.status} → #${run.index}`,
    `Show how this code ran, event ${run.index}`);
}

function body(event, view) {
  const text = event.content || "";
  if (view.isRaw) return text.trim() ? [el("div", "prose raw", text)] : [];
  return fenced(text).flatMap(([language, lines]) => {
    if (language === null) return prose(lines);
    const code = lines.join("\n");
    return [block(language || "code", code, ranNote(code, event, view))];
  });
}

// A long message is folded, unless it is code that scrolls in its own block.
function folded(nodes, text) {
  const content = el("div", "content", nodes);
  const said = fenced(text).filter(([language]) => language === null).map(([, lines]) => lines.join("\n")).join("\n");
  if (lineCount(said, 110) <= LONG_MESSAGE) return [content];
  content.classList.add("folded");
  const more = button("more", "Show the whole message", "", () => {
    more.textContent = content.classList.toggle("folded") ? "Show the whole message" : "Show less";
  });
  return [content, more];
}

const TYPES = ["image/png", "image/jpeg", "image/gif"];

// Agents made the image and chose its name: it is only ever the source of an img element, and
// an SVG, which is a program of sorts, is not even decoded before somebody asks for it.
function picture(image) {
  const show = () => {
    const node = el("img", "picture");
    node.alt = image.path;
    node.setAttribute("src", `data:${image.media_type};base64,${image.content}`);
    return node;
  };
  if (TYPES.includes(image.media_type)) {
    return el("figure", "", show(), el("figcaption", "muted", image.path));
  }
  const inside = el("div", "inside");
  const node = el("details", "", el("summary", "", `image ${image.path}`), inside);
  node.addEventListener("toggle", () => {
    if (node.open && !inside.firstChild && image.media_type === "image/svg+xml") inside.append(show());
  });
  return node;
}

function pictureOf(file, view) {
  const image = file.digest ? view.images.get(file.digest) : undefined;
  if (!image) return null;
  view.images.delete(file.digest); // shown where it was made, and not again
  return picture(image);
}

const renderers = {
  message(event, view) {
    const head = el("div", "head", who(view, event.speaker),
      el("span", "muted", `to ${event.recipient}`),
      event.role === "assistant" ? null : el("span", "muted", event.role),
      el("span", "when", `turn ${++view.turn}`));
    const text = event.content || "";
    const content = isRepeated(text, view.outputs)
      ? [fold("the output above, as sent to the agents", pre(text))]
      : folded(body(event, view), text);
    view.outputs = [];
    view.texts.push(text);
    const calls = (event.tool_calls || []).map((call) => block(`calls tool ${call.name}`, call.arguments));
    return el("div", `message ${agentClass(view, event.speaker)}`, head, ...content, ...calls);
  },

  model_call(event, view) {
    return modelCall(event, view);
  },

  code_execution(event, view) {
    const output = event.output || "";
    const isSeen = view.texts.some((text) => text.includes(event.code.trim()));
    view.outputs.push(output);
    const exit = el("span", `exit ${event.is_success ? "pass" : "fail"}`, event.status);
    return el("div", `execution ${event.is_success ? "passed" : "failed"}`,
      el("div", "head", who(view, event.agent), `ran ${event.language}`, exit),
      el("div", "notes", (event.notes || []).map((note) => el("p", "meta", note))),
      isSeen ? el("div", "aside", fold("code as run", pre(event.code))) : block("code", event.code),
      block("output", output || "(no output)"),
      ...(event.files || []).map((file) => pictureOf(file, view)));
  },

  tool_call(event, view) {
    return el("div", "aside", who(view, event.agent), " calls tool ", el("b", "", event.name),
      block("arguments", event.arguments || ""));
  },

  tool_result(event, view) {
    return el("div", "aside", "tool ", el("b", "", event.name), event.is_error ? " failed for " : " answered ",
      who(view, event.agent), block(event.is_error ? "error" : "result", event.content || ""));
  },

  speaker_selection(event, view) {
    const chosen = event.selected === undefined ? el("b", "", "nobody") : who(view, event.selected);
    return el("div", "aside", `${event.manager || "group chat"} chose `, chosen,
      ` (${event.method}, after ${event.last_speaker || "nobody"}, from ${(event.candidates || []).join(", ")}; ` +
      `${plural(event.model_calls || 0, "model call")})`);
  },

  human_input(event, view) {
    return el("div", "aside", who(view, event.agent), " asked the human",
      block("question", event.prompt || ""), block("answer", event.reply || "(skipped)"));
  },

  fault(event, view) {
    return el("div", "aside", el("b", "", `injected fault: ${event.kind}`), " for ", who(view, event.agent),
      block("detail", event.detail || ""));
  },

  termination(event, view) {
    return ended(event, view);
  },
};

// Whether a message only sends what the code printed and what is on the page already.
function isRepeated(content, outputs) {
  const said = outputs.map((text) => text.trim());
  if (!said.length || said.some((text) => !content.includes(text))) return false;
  if (said.some(Boolean) && content.length > 200) return true;
  const wrapper = /^exitcode: -?\d+ \([^()]*\)\s*Code output:/.exec(content);
  if (!wrapper) return false;
  return !said.reduce((rest, text) => rest.replace(text, () => ""), content.slice(wrapper[0].length)).trim();
}

// The failure's message is said once, at the top; a miss is explained by it and needs no traceback.
function saidAbove(text, view) {
  const failure = view.failure;
  if (!failure || !failure.message || !text.includes(failure.message)) return text;
  const short = failure.type.split(".").at(-1);
  return [`${failure.type}: `, `${short}: `, ""]
    .reduce((rest, name) => rest.split(name + failure.message).join("(said above)"), text);
}

function exception(error, view) {
  const text = saidAbove(`${error.type}: ${error.message || ""}`, view);
  const shown = error.traceback && view.status !== "miss" && !(view.failure && view.failure.message === error.message)
    ? fold("traceback", pre(error.traceback)) : null;
  return el("div", "aside", text, shown);
}

function ended(event, view) {
  const cause = event.message_index === undefined ? null : evidence([event.message_index]);
  return el("div", `ended ${view.isAccepted ? "accepted" : "refused"}`,
    el("p", "", "Ended by ", el("b", "", event.reason), event.agent ? [" · ", who(view, event.agent)] : null,
      view.isAccepted ? null : " · not an ending this scenario accepts"),
    el("p", "", saidAbove(event.detail || "", view), cause),
    event.exception && !view.failure ? exception(event.exception, view) : null);
}

const MOST_EVIDENCE = 12;

// A button per event; what is beyond the first is lit by the last one, with all the others.
function evidence(indices) {
  const all = indices || [];
  if (!all.length) return null;
  const shown = all.slice(0, MOST_EVIDENCE).map((index) => jump(index, "at", `#${index}`));
  const label = all.length > MOST_EVIDENCE ? `all ${all.length}` : "all";
  const whole = button("at all", label, `Show all ${all.length} events`, () => light(all));
  return el("span", "evidence", shown, all.length > 1 ? whole : null);
}

// Lights events up and goes to the first of them.
function light(indices) {
  for (const old of document.querySelectorAll(".event.lit")) old.classList.remove("lit");
  const nodes = indices.map((index) => document.getElementById(`event-${index}`)).filter(Boolean);
  for (const node of nodes) {
    node.classList.add("lit");
    const details = node.querySelector(":scope > details");
    if (details) details.open = true;
    node.querySelector(".content.folded")?.classList.remove("folded");
  }
  if (nodes.length) nodes[0].scrollIntoView({ block: nodes[0].offsetHeight > 500 ? "start" : "center" });
}
