// Markdown as nodes: headings, lists, tables, quotes, code, emphasis. Links, images and HTML stay
// the text that was written: nothing that an agent wrote can be followed.
const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const ITEM = /^( *)(?:([-*+])|(\d{1,9})[.)]) +(.*)$/;
const HEADING = /^ {0,3}(#{1,6}) +(.*?)(?: +#+)?$/;
const RULE = /^ *\|?(?: *:?-+:? *\|)+(?: *:?-+:? *)?\|? *$/;
const MOST_DEPTH = 6; // of lists and quotes inside each other; deeper ones are plain text
const MOST_INLINE = 100_000;
const INLINE = /(?<!`)(`+)([^`](?:.*?[^`])?)\1(?!`)|\*\*(?=[^\s*])(.+?)\*\*|(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])/gs;

function inline(text) {
  if (text.length > MOST_INLINE) return [text];
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(end, match.index));
    if (match[2] !== undefined) parts.push(el("code", "", match[2]));
    else if (match[3] !== undefined) parts.push(el("strong", "", inline(match[3])));
    else parts.push(el("em", "", match[4]));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

// Text and fenced code, in order: [language or null, lines]; an open fence runs to the end.
function fenced(text) {
  const parts = [];
  let [lines, language, fence] = [[], null, ""];
  const flush = () => { if (lines.length || language !== null) parts.push([language, lines]); lines = []; };
  for (const line of text.split("\n")) {
    const match = FENCE.exec(line);
    const isEnd = match && language !== null && match[1].startsWith(fence) && !match[2].trim();
    if (!match || (language !== null && !isEnd)) { lines.push(line); continue; }
    flush();
    [language, fence] = isEnd ? [null, ""] : [match[2].trim(), match[1]];
  }
  flush();
  return parts;
}

// Indented code begins after an empty line.
function isCode(lines, at) {
  return /^(?: {4}|\t)\s*\S/.test(lines[at]) && (at === 0 || !lines[at - 1].trim());
}

function indented(lines, at) {
  const code = [];
  while (at < lines.length && (/^(?: {4}|\t)/.test(lines[at]) || !lines[at].trim())) {
    code.push(lines[at++].replace(/^(?: {4}|\t)/, ""));
  }
  return [el("div", "block", pre(code.join("\n").trimEnd())), at];
}

const BLOCKS = [
  [isCode, indented],
  [(lines, at) => HEADING.test(lines[at]), heading],
  [(lines, at) => lines[at].includes("|") && at + 1 < lines.length && RULE.test(lines[at + 1]), grid],
  [(lines, at) => ITEM.test(lines[at]), items],
  [(lines, at, depth) => depth < MOST_DEPTH && /^ {0,3}>/.test(lines[at]), quote],
];

function prose(lines, depth = 0) {
  const nodes = [];
  let text = [];
  const flush = () => {
    const joined = text.join("\n").replace(/^\s*\n|\s+$/g, "");
    if (joined.trim()) nodes.push(el("div", "prose", inline(joined)));
    text = [];
  };
  let at = 0;
  while (at < lines.length) {
    const found = BLOCKS.find(([begins]) => begins(lines, at, depth));
    if (!found) { text.push(lines[at++]); continue; }
    flush();
    const [node, next] = found[1](lines, at, depth);
    nodes.push(node);
    at = next;
  }
  flush();
  return nodes;
}

// Not a heading of the page: those are ours.
function heading(lines, at) {
  const [, level, text] = HEADING.exec(lines[at]);
  return [el("p", `md-heading md-${level.length}`, inline(text)), at + 1];
}

function quote(lines, at, depth) {
  const inside = [];
  while (at < lines.length && /^ {0,3}>/.test(lines[at])) inside.push(lines[at++].replace(/^ {0,3}> ?/, ""));
  return [el("blockquote", "", prose(inside, depth + 1)), at];
}

function cellsOf(line) {
  return line.trim().replace(/^\||\|$/g, "").split("|").map((text) => text.trim());
}

function grid(lines, at) {
  const head = el("tr", "", cellsOf(lines[at]).map((text) => el("th", "", inline(text))));
  const rows = [];
  at += 2;
  while (at < lines.length && lines[at].includes("|")) {
    rows.push(el("tr", "", cellsOf(lines[at++]).map((text) => el("td", "", inline(text)))));
  }
  const scroller = el("div", "md-table", el("table", "", el("thead", "", head), el("tbody", "", rows)));
  scroller.tabIndex = 0;
  return [scroller, at];
}

// One list; items indented further are a list inside the item before.
function items(lines, at, depth) {
  const [, indent, , number] = ITEM.exec(lines[at]);
  const node = el(number ? "ol" : "ul", "md-list");
  if (number) node.start = Number(number);
  while (at < lines.length) {
    const match = ITEM.exec(lines[at]);
    const last = node.lastChild;
    if (match && match[1].length > indent.length + 1 && last && depth < MOST_DEPTH) {
      const [inner, next] = items(lines, at, depth + 1);
      last.append(inner);
      at = next;
    } else if (match && match[1].length >= indent.length && Boolean(match[3]) === Boolean(number)) {
      node.append(el("li", "", inline(match[4])));
      at++;
    } else if (!match && last && /^ {2,}\S/.test(lines[at])) {
      append(last, ["\n", inline(lines[at++].trim())]);
    } else break;
  }
  return [node, at];
}
