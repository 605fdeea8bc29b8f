// Model calls: folded, each prompt told as what is new since the call before it.

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

// What the participants said between two calls: the messages by which the second prompt is longer.
function turnsBetween(earlier, event, view) {
  return view.messages.filter((message) => message.index > earlier.index && message.index < event.index);
}

function sizeNote(earlier, event) {
  const more = (event.prompt_messages || 0) - (earlier.prompt_messages || 0);
  const change = more === 0 ? "as many as" : more > 0 ? `${more} more than` : `${-more} fewer than`;
  return el("p", "meta", `prompt of ${plural(event.prompt_messages || 0, "message")}, ${change} in `,
    jump(earlier.index, "at", `#${earlier.index}`), ", the call before it of this agent for this purpose");
}

function lastMessage(earlier, event, view) {
  const text = event.prompt || "";
  if (text === (earlier.prompt || "")) return [fold("last message of the prompt: the same as before", pre(text))];
  const turn = view.messages.find((message) => message.index < event.index && message.content === text);
  if (turn) return [fold(`last message of the prompt: new, and what ${turn.speaker} said in #${turn.index}`, pre(text))];
  const pieces = difference(earlier.prompt || "", text);
  if (likeness(pieces) < 0.3) return [block("last message of the prompt: new", text)];
  const node = block("last message of the prompt: changed", "");
  node.lastChild.replaceChildren(...marked(pieces, ["same", "gone", "new"]));
  return [node];
}

function promptOf(event, view) {
  const line = `${event.agent}\n${event.purpose}`;
  const earlier = view.asked.get(line);
  view.asked.set(line, event);
  if (!earlier) {
    return [block(`prompt: last of ${plural(event.prompt_messages || 0, "message")}, the first call of this agent for this purpose`, event.prompt || "")];
  }
  const since = turnsBetween(earlier, event, view);
  const said = since.length
    ? el("p", "meta", "said since: ", since.map((each) => [who(view, each.speaker), jump(each.index, "at", `#${each.index}`), " "])) : null;
  return [sizeNote(earlier, event), said, ...lastMessage(earlier, event, view)];
}

function modelCall(event, view) {
  const isHidden = event.purpose !== "reply";
  const prompt = promptOf(event, view);
  // A reply that is a message is there to read as that message.
  const reply = event.reply || "";
  const said = view.messages.find((message) => message.index > event.index && message.content === reply);
  const inside = el("div", "inside", prompt,
    reply && said ? el("p", "meta", "reply: the message ", jump(said.index, "at", `#${said.index}`)) : null,
    reply && !said ? block("reply", reply) : null,
    (event.tool_calls || []).map((call) => block(`calls tool ${call.name}`, call.arguments)),
    event.error ? exception(event.error, view) : null);
  return el("details", `call${isHidden ? " hidden-call" : ""}`, callSummary(event, view, isHidden), inside);
}
