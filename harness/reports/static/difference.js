// What differs between two texts, word by word.
const MOST_CELLS = 4_000_000;

function wordsOf(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];
}

function commonEnds(one, other) {
  let start = 0;
  while (start < one.length && start < other.length && one[start] === other[start]) start++;
  let end = 0;
  const most = Math.min(one.length, other.length) - start;
  while (end < most && one[one.length - 1 - end] === other[other.length - 1 - end]) end++;
  return [start, end];
}

// Lengths of the longest common subsequence of all suffixes, row by row.
function lengths(one, other) {
  const width = other.length + 1;
  const cells = new Uint32Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i--) {
    for (let j = other.length - 1; j >= 0; j--) {
      cells[i * width + j] = one[i] === other[j]
        ? cells[(i + 1) * width + j + 1] + 1
        : Math.max(cells[(i + 1) * width + j], cells[i * width + j + 1]);
    }
  }
  return (i, j) => cells[i * width + j];
}

function middle(one, other, add) {
  if (one.length * other.length > MOST_CELLS) {
    one.forEach((word) => add("gone", word));
    other.forEach((word) => add("new", word));
    return;
  }
  const length = lengths(one, other);
  let [i, j] = [0, 0];
  while (i < one.length && j < other.length) {
    if (one[i] === other[j]) { add("same", one[i]); i++; j++; }
    else if (length(i + 1, j) >= length(i, j + 1)) add("gone", one[i++]);
    else add("new", other[j++]);
  }
  while (i < one.length) add("gone", one[i++]);
  while (j < other.length) add("new", other[j++]);
}

// Pieces of both texts in order: [kind, text], kind being same, gone or new.
function difference(first, second) {
  const [one, other] = [wordsOf(first), wordsOf(second)];
  const [start, end] = commonEnds(one, other);
  const pieces = [];
  const add = (kind, word) => {
    const last = pieces.at(-1);
    if (last && last[0] === kind) last[1] += word;
    else pieces.push([kind, word]);
  };
  if (start) add("same", one.slice(0, start).join(""));
  middle(one.slice(start, one.length - end), other.slice(start, other.length - end), add);
  if (end) add("same", one.slice(one.length - end).join(""));
  return joined(pieces);
}

const LEAST_SAME = 6; // fewer letters in common between two changes are chance, and hard to read

// Changes with next to nothing in common between them become one change.
function joined(pieces) {
  const found = [];
  let change = { gone: "", new: "" };
  const flush = () => {
    for (const kind of ["gone", "new"]) if (change[kind]) found.push([kind, change[kind]]);
    change = { gone: "", new: "" };
  };
  pieces.forEach(([kind, text], at) => {
    const isBetween = at > 0 && at < pieces.length - 1;
    const isChance = isBetween && text.replace(/\s/g, "").length < LEAST_SAME && !text.includes("\n");
    if (kind === "same" && !isChance) { flush(); found.push([kind, text]); return; }
    for (const side of kind === "same" ? ["gone", "new"] : [kind]) change[side] += text;
  });
  flush();
  return found;
}

// The share of the longer text that both have.
function likeness(pieces) {
  const size = { same: 0, gone: 0, new: 0 };
  for (const [kind, text] of pieces) size[kind] += text.length;
  const longer = size.same + Math.max(size.gone, size.new);
  return longer ? size.same / longer : 1;
}

const TAGS = { gone: "del", new: "ins" };

function marked(pieces, kinds) {
  return pieces.filter(([kind]) => kinds.includes(kind))
    .map(([kind, text]) => (kind === "same" ? text : el(TAGS[kind], "", text)));
}

// Inside a line these do not part words; everything else begins a new one.
const INSIDE = ["CODE", "STRONG", "EM", "SPAN"];

// The text nodes below a node in order, with "\n" between those of different blocks. What we write
// ourselves, the labels of blocks, is left out.
function textsOf(root) {
  const texts = [];
  const visit = (node) => {
    if (node.nodeType === Node.TEXT_NODE) { texts.push({ node, text: node.data }); return; }
    if (node.classList.contains("label")) return;
    if (!INSIDE.includes(node.tagName)) texts.push({ node: null, text: "\n" });
    node.childNodes.forEach(visit);
  };
  visit(root);
  return texts;
}

function textIn(texts) {
  return texts.map(({ text }) => text).join("");
}

// Wraps what is gone, or new, of a rendered text; `pieces` are those of its own text.
function markIn(texts, pieces, kind) {
  const own = pieces.filter((piece) => piece[0] === "same" || piece[0] === kind).map((piece) => [...piece]);
  for (const { node, text } of texts) {
    const parts = [];
    for (let left = text.length; left > 0;) {
      const [said, rest] = own[0];
      const part = rest.slice(0, left);
      left -= part.length;
      if (part.length === rest.length) own.shift();
      else own[0][1] = rest.slice(part.length);
      parts.push(said === "same" || !part.trim() ? part : el(TAGS[said], "", part));
    }
    if (node) node.replaceWith(...parts);
  }
}
