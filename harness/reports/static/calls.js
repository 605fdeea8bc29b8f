// Model calls: folded, each prompt told as its difference to the one before it.

function usageOf(event) {
  const usage = event.usage;
  if (!usage) return "no token counts";
  return `${usage.prompt_tokens} prompt, ${usage.completion_tokens} completion tokens` +
    (usage.cached_tokens ? ` (${usage.cached_tokens} cached)` : "") +
    (usage.reasoning_tokens ? ` (${usage.reasoning_tokens} reasoning)` : "");
}

function callSummary(event, view, isHidden) {
  const names = event.model_answered && event.model_answered !== event.model_requested
    ? `${event.model_requested} (answered by ${event.model_answered})` : event.model_requested;
  const purpose = isHidden ? `hidden call: ${event.purpose.replace("_", " ")} for ` : "model call by ";
  return el("summary", "", purpose, who(view, event.agent),
    ` · ${names} · ${usageOf(event)} · ${usd(view.costs[String(event.index)])}`,
    event.latency_seconds ? ` · ${seconds(event.latency_seconds)}` : null,
    ` · ${event.error ? "failed" : event.finish_reason || "no finish reason"}`,
    event.attempt > 1 ? ` · attempt ${event.attempt}` : null);
}

function sizeNote(earlier, event) {
  const [size, before] = [event, earlier].map((call) => (call.sent ? call.sent.length : call.prompt_messages || 0));
  const more = size - before;
  const change = more === 0 ? "as many as" : more > 0 ? `${more} more than` : `${-more} fewer than`;
  return el("p", "meta", `prompt of ${plural(size, "message")}, ${change} in `,
    jump(earlier.index, "at", `#${earlier.index}`), ", the call before it of this agent for this purpose");
}

function roleOf(message) {
  return message.name ? `${message.role} message of ${message.name}` : `${message.role} message`;
}

// What a participant said is there to read as that turn; system prompts and instructions are not.
function sentNode(kind, message, event, view) {
  const text = sentText(message);
  const label = `${kind}${roleOf(message)}`;
  const turn = text && view.messages.findLast((each) => each.index < event.index && each.content === text);
  return turn ? fold(`${label}: what ${turn.speaker} said in #${turn.index}`, pre(text)) : block(label, text || "(no text)");
}

function changeNode([kind, message, pieces], event, view) {
  if (kind === "changed") {
    const node = block(`changed: ${roleOf(message)}`, "");
    node.lastChild.replaceChildren(...marked(pieces, ["same", "gone", "new"]));
    return node;
  }
  return sentNode(kind === "gone" ? "no longer sent: " : "new: ", message, event, view);
}

function changeNodes(earlier, event, view) {
  const changes = pairedChanges(requestChanges(earlier.sent, event.sent));
  const same = changes.filter(([kind]) => kind === "same").length;
  const nodes = changes.filter(([kind]) => kind !== "same").map((change) => changeNode(change, event, view));
  const note = nodes.length ? `the same as there: ${plural(same, "message")}` : "the same messages as there";
  return [same ? el("p", "meta", note) : null, nodes];
}

// Of calls in logs of earlier releases only the last message of the prompt is known.
function lastOnly(event) {
  return block(`prompt: the last of ${plural(event.prompt_messages || 0, "message")}; the others were not recorded`, event.prompt || "");
}

function callBefore(event, view) {
  const line = `${event.agent}\n${event.purpose}`;
  const earlier = view.asked.get(line);
  view.asked.set(line, event);
  return earlier;
}

function promptOf(earlier, event, view) {
  if (!event.sent) return event.prompt || event.prompt_messages ? [lastOnly(event)] : [];
  if (earlier?.sent) return [sizeNote(earlier, event), ...changeNodes(earlier, event, view)];
  const note = `prompt of ${plural(event.sent.length, "message")}, the first call of this agent for this purpose`;
  return [el("p", "meta", note), event.sent.map((message) => sentNode("", message, event, view))];
}

function modelCall(event, view) {
  const isHidden = event.purpose !== "reply";
  const earlier = callBefore(event, view);
  // A reply that is a message is there to read as that message.
  const reply = event.reply || "";
  const said = view.messages.find((message) => message.index > event.index && message.content === reply);
  const prompt = el("div", "prompt");
  const inside = el("div", "inside", prompt,
    reply && said ? el("p", "meta", "reply: the message ", jump(said.index, "at", `#${said.index}`)) : null,
    reply && !said ? block("reply", reply) : null,
    (event.tool_calls || []).map((call) => block(`calls tool ${call.name}`, call.arguments)),
    event.error ? exception(event.error, view) : null);
  const node = el("details", `call${isHidden ? " hidden-call" : ""}`, callSummary(event, view, isHidden), inside);
  // Comparing every prompt of a long conversation before one is opened would make it wait.
  node.addEventListener("toggle", () => append(prompt, [promptOf(earlier, event, view)]), { once: true });
  return node;
}
