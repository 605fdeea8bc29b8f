// In what the configs of two conversations differ, in the words of `harness compare`.
const EXCERPT = 60; // letters
const BEFORE = 20; // of them, before the first that differs

function piece(letters, start) {
  const cut = letters.slice(start, start + EXCERPT).join("").trim().split(/\s+/).join(" ");
  return `“${start ? "…" : ""}${cut}${start + EXCERPT < letters.length ? "…" : ""}”`;
}

// Both texts around the first letter that differs.
function excerpts(one, other) {
  const [first, second] = [Array.from(one), Array.from(other)];
  let at = 0;
  while (at < first.length && at < second.length && first[at] === second[at]) at++;
  let start = Math.max(0, at - BEFORE);
  const space = start ? first.indexOf(" ", start) : -1;
  if (space >= 0 && space < at) start = space + 1; // from the beginning of a word on
  return [piece(first, start), piece(second, start)];
}

function shownValue(value) {
  const letters = Array.from(value === undefined ? "unset" : value);
  return letters.length <= EXCERPT ? letters.join("") : `${letters.slice(0, EXCERPT - 1).join("")}…`;
}

function promptDiffers(agent, one, other) {
  const [before, now] = [one, other].map(({ prompts }) => (Object.hasOwn(prompts, agent) ? prompts[agent] : null));
  if (before === now) return [];
  if (before === null || now === null) return [`${agent} has ${before === null ? "a" : "no"} prompt of the config`];
  const [was, says] = excerpts(before, now);
  return [`the prompt of ${agent} says ${says} instead of ${was}`];
}

function valuesDiffer(one, other) {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])]
    .map((name) => [name, one[name], other[name]])
    .filter(([, before, now]) => before !== now)
    .map(([name, before, now]) => `${name} ${shownValue(now)} instead of ${shownValue(before)}`);
}

// For two samples of a suite: what an agent was given otherwise in the second; "" if nothing.
async function givenOtherwise(row, other) {
  const suite = (await unpack("settings"))[row.suite] || {};
  const [one, two] = [suite[row.config], suite[other.config]];
  if (!one || !two || one === two) return () => "";
  return (agent) => [...promptDiffers(agent, one, two), ...valuesDiffer(one.values, two.values),
    ...valuesDiffer(one.parameters, two.parameters)].join(", ");
}
