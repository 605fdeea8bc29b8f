"use strict";
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

function block(label, text) {
  const lines = text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 100)), 0);
  const node = el("div", "block", el("span", "label", label), pre(text));
  if (lines > LONG) {
    node.classList.add("long");
    node.firstChild.append(grower(node));
  }
  return node;
}

function grower(node) {
  const button = el("button", "grow", "Show all");
  button.type = "button";
  button.addEventListener("click", () => {
    button.textContent = node.classList.toggle("grown") ? "Show less" : "Show all";
  });
  return button;
}

function fold(label, ...inside) {
  return el("details", "", el("summary", "", label), el("div", "inside", ...inside));
}

// Text and fenced code blocks, told apart line by line; an open fence runs to the end.
function body(text) {
  const parts = [];
  let lines = [];
  let language = null;
  const flush = () => {
    const joined = lines.join("\n");
    if (language !== null) parts.push(block(language || "code", joined));
    else if (joined.trim()) parts.push(el("div", "prose", joined.replace(/^\n+|\n+$/g, "")));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const fence = /^ {0,3}```(.*)$/.exec(line);
    if (!fence) { lines.push(line); continue; }
    flush();
    language = language === null ? fence[1].trim() : null;
  }
  flush();
  return parts;
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
    const content = isRepeated(event.content || "", view.outputs)
      ? [fold("the output above, as sent to the agents", pre(event.content))]
      : body(event.content || "");
    view.outputs = [];
    view.texts.push(event.content || "");
    const calls = (event.tool_calls || []).map((call) => block(`calls tool ${call.name}`, call.arguments));
    return el("div", `message ${agentClass(view, event.speaker)}`, head, ...content, ...calls);
  },

  model_call(event, view) {
    const isHidden = event.purpose !== "reply";
    const tokens = event.usage
      ? `${event.usage.prompt_tokens} prompt, ${event.usage.completion_tokens} completion tokens` +
        (event.usage.cached_tokens ? ` (${event.usage.cached_tokens} cached)` : "") +
        (event.usage.reasoning_tokens ? ` (${event.usage.reasoning_tokens} reasoning)` : "")
      : "no token counts";
    const names = event.model_answered && event.model_answered !== event.model_requested
      ? `${event.model_requested} (answered by ${event.model_answered})` : event.model_requested;
    const purpose = isHidden ? `hidden call: ${event.purpose.replace("_", " ")} for ` : "model call by ";
    const summary = el("summary", "", purpose, who(view, event.agent),
      ` · ${names} · ${tokens} · ${usd(view.costs[String(event.index)])}`,
      ` · ${seconds(event.latency_seconds)} · ${event.error ? "failed" : event.finish_reason || "no finish reason"}`,
      event.attempt > 1 ? ` · attempt ${event.attempt}` : null);
    const inside = el("div", "inside",
      block(`prompt: last of ${plural(event.prompt_messages, "message")}`, event.prompt),
      event.reply ? block("reply", event.reply) : null,
      ...(event.tool_calls || []).map((call) => block(`calls tool ${call.name}`, call.arguments)),
      event.error ? exception(event.error, view) : null);
    return el("details", `call${isHidden ? " hidden-call" : ""}`, summary, inside);
  },

  code_execution(event, view) {
    const isSeen = view.texts.some((text) => text.includes(event.code.trim()));
    view.outputs.push(event.output);
    const exit = el("span", `exit ${event.is_success ? "pass" : "fail"}`, event.status);
    return el("div", "execution",
      el("div", "head", who(view, event.agent), `ran ${event.language}`, exit),
      el("div", "notes", event.notes.map((note) => el("p", "meta", note))),
      isSeen ? el("div", "aside", fold("code as run", pre(event.code))) : block("code", event.code),
      block("output", event.output || "(no output)"),
      ...(event.files || []).map((file) => pictureOf(file, view)));
  },

  tool_call(event, view) {
    return el("div", "aside", who(view, event.agent), " calls tool ", el("b", "", event.name),
      block("arguments", event.arguments));
  },

  tool_result(event, view) {
    return el("div", "aside", "tool ", el("b", "", event.name), event.is_error ? " failed for " : " answered ",
      who(view, event.agent), block(event.is_error ? "error" : "result", event.content));
  },

  speaker_selection(event, view) {
    const chosen = event.selected === null ? el("b", "", "nobody") : who(view, event.selected);
    return el("div", "aside", `${event.manager || "group chat"} chose `, chosen,
      ` (${event.method}, after ${event.last_speaker || "nobody"}, from ${event.candidates.join(", ")}; ` +
      `${plural(event.model_calls || 0, "model call")})`);
  },

  human_input(event, view) {
    return el("div", "aside", who(view, event.agent), " asked the human",
      block("question", event.prompt), block("answer", event.reply || "(skipped)"));
  },

  fault(event, view) {
    return el("div", "aside", el("b", "", `injected fault: ${event.kind}`), " for ", who(view, event.agent),
      block("detail", event.detail));
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
  const text = saidAbove(`${error.type}: ${error.message}`, view);
  const shown = error.traceback && view.status !== "miss" && !(view.failure && view.failure.message === error.message)
    ? fold("traceback", pre(error.traceback)) : null;
  return el("div", "aside", text, shown);
}

function ended(event, view) {
  const cause = event.message_index === null || event.message_index === undefined
    ? null : evidence([event.message_index]);
  return el("div", `ended ${view.isAccepted ? "accepted" : "refused"}`,
    el("p", "", "Ended by ", el("b", "", event.reason), event.agent ? [" · ", who(view, event.agent)] : null,
      view.isAccepted ? null : " · not an ending this scenario accepts"),
    el("p", "", saidAbove(event.detail, view), cause),
    event.exception && !view.failure ? exception(event.exception, view) : null);
}

function evidence(indices) {
  return el("span", "", (indices || []).map((index) => {
    const button = el("button", "at", `#${index}`);
    button.type = "button";
    button.title = `Show event ${index}`;
    button.addEventListener("click", () => light(index));
    return button;
  }));
}

function light(index) {
  for (const old of document.querySelectorAll(".event.lit")) old.classList.remove("lit");
  const node = document.getElementById(`event-${index}`);
  if (!node) return;
  node.classList.add("lit");
  const details = node.querySelector(":scope > details");
  if (details) details.open = true;
  node.scrollIntoView({ block: "center" });
}
