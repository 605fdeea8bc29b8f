// The table of samples: of any number of rows, only those in view are in the page.
const MOST_ROWS = 150; // fewer than this are all there, for printing and for the browser's own search
const BEYOND = 12; // rows kept above and below what is in view
const box = document.querySelector(".rows");
const table = document.getElementById("rows");
const list = { rows: [], first: -1, last: -1, height: 0, current: null, hrefOf: null };

function cell(className, ...children) {
  return el("td", className, ...children);
}

// A reason is a word of the harness; what stands for none is said in plain words.
function endOf(termination) {
  if (termination === "not finished") return el("span", "muted", "–");
  return el(...(termination === NOT_TOLD ? ["span", "muted"] : ["code", ""]), termination);
}

function rowNode(row, position) {
  const link = el("a", "", row.title || row.scenario);
  link.setAttribute("href", list.hrefOf(row));
  const node = el("tr", "",
    cell("", el("span", `outcome ${row.outcome}`, outcomeWords(row.outcome))),
    cell("", link, " ", row.title ? el("span", "muted", row.scenario, " ") : null, el("span", "muted suite-name", row.suite)),
    cell("", row.config), cell("n", String(row.epoch)),
    cell("wide", endOf(row.termination)),
    cell("n wide", String(row.turns)), cell("n wide", percent(row.code)), cell("n wide", percent(row.checks)),
    cell("n wide", row.cost === null ? "–" : usd(row.cost)));
  node.children[1].title = row.title ? `${row.title} (${row.scenario})` : row.scenario;
  node.children[2].title = row.config;
  node.dataset.position = position;
  node.setAttribute("aria-rowindex", position + 2);
  if (row === list.current) node.setAttribute("aria-current", "true");
  return node;
}

// Stands for the rows above or below, so that the scroll bar tells the truth. One cell: spanning
// columns that are hidden would make room for them.
function gap(count) {
  if (!count) return null;
  const node = el("tr", "gap", el("td"));
  node.setAttribute("aria-hidden", "true");
  node.firstChild.style.height = `${count * list.height}px`;
  return node;
}

function inView() {
  const count = list.rows.length;
  if (count <= MOST_ROWS) return [0, count];
  const height = list.height || 30;
  const first = Math.max(0, Math.floor(box.scrollTop / height) - BEYOND);
  const shown = Math.ceil((box.clientHeight || 600) / height) + 2 * BEYOND;
  return [Math.min(first, Math.max(0, count - shown)), Math.min(count, first + shown)];
}

function drawRows() {
  const [first, last] = inView();
  if (first === list.first && last === list.last) return;
  const focused = document.activeElement?.closest?.("#rows tbody tr")?.dataset.position;
  const nodes = list.rows.slice(first, last).map((row, at) => rowNode(row, first + at));
  Object.assign(list, { first, last });
  table.tBodies[0].replaceChildren(...[gap(first), ...nodes, gap(list.rows.length - last)].filter(Boolean));
  if (focused) nodeAt(Number(focused))?.querySelector("a").focus({ preventScroll: true });
}

function redraw() {
  list.first = -1;
  drawRows();
  const node = table.querySelector("tbody tr:not(.gap)");
  const height = node ? node.getBoundingClientRect().height : 0;
  // Rows are as high as each other, and as high as the style says for this width.
  if (height && Math.abs(height - list.height) > 0.01) {
    list.height = height;
    list.first = -1;
    drawRows();
  }
}

function nodeAt(position) {
  return table.querySelector(`tbody tr[data-position="${position}"]`);
}

function showList(rows) {
  list.rows = rows;
  table.setAttribute("aria-rowcount", rows.length + 1);
  redraw();
}

function setCurrent(row) {
  list.current = row;
  for (const node of table.querySelectorAll("tr[aria-current]")) node.removeAttribute("aria-current");
  const position = list.rows.indexOf(row);
  if (position < 0) return;
  bringIntoView(position);
  nodeAt(position)?.setAttribute("aria-current", "true");
}

function bringIntoView(position) {
  const top = position * list.height;
  const below = top + 2 * list.height > box.scrollTop + box.clientHeight - list.height;
  if (top < box.scrollTop || below) box.scrollTop = Math.max(0, top - box.clientHeight / 2);
  drawRows();
}

function showSort(sort) {
  for (const head of table.tHead.querySelectorAll("th")) {
    const name = head.dataset.sort;
    if (sort.replace("-", "") !== name) head.removeAttribute("aria-sort");
    else head.setAttribute("aria-sort", sort[0] === "-" ? "descending" : "ascending");
  }
}

// Headings become buttons: up, down, and back to the order of the run.
function makeSortable(change) {
  for (const head of table.tHead.querySelectorAll("th")) {
    const name = head.dataset.sort;
    const label = head.textContent;
    head.replaceChildren(button("sort", label, `Sort by ${label.toLowerCase()}`, () => {
      const now = head.getAttribute("aria-sort");
      change(now === "ascending" ? `-${name}` : now === "descending" ? "" : name);
    }));
  }
}

let isDue = false;
box.addEventListener("scroll", () => {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; drawRows(); });
}, { passive: true });
new ResizeObserver(() => { if (list.rows.length) redraw(); }).observe(box);
