// The page as a whole: what its address says is what is shown.
//
//   #samples?filter=different&config=a&sort=-turns&text=needle
//       The list. filter: failures, errors, different, flaky. suite, scenario, config, outcome,
//       termination: the value. sort: outcome, scenario, config, epoch, termination, turns, code,
//       checks, cost; with "-" from high to low. Everything is optional; values are URL-encoded.
//   #sample/<suite>/<scenario>/<config>/<epoch>
//       One conversation. The same words after a "?" say in which list it is read.
//   #compare/<suite>/<scenario>/<config>/<epoch>?with=<suite>/<scenario>/<config>/<epoch>
//       Two conversations side by side.
//
// Any other fragment is the id of something on the page.
const pane = document.getElementById("conversation");
const form = document.getElementById("filters");
const shownCount = document.getElementById("shown");
const unknown = document.getElementById("unknown");
const none = document.getElementById("none");
let rows = [];
let byKey = new Map();
let address = parsed(location.hash);
let listed = ""; // what the list was last made for
let search = 0;

function go(changes) {
  location.hash = written({ ...address, ...changes });
}

function listPage() {
  return address.page === "sample" || address.page === "compare" ? address.page : "samples";
}

function optionOf(name, value) {
  if (name === "outcome") return outcomeWords(value);
  const row = name === "scenario" && rows.find((each) => each.scenario === value);
  return row && row.title ? row.title : value;
}

function fillSelects() {
  for (const name of SELECTS) {
    const values = [...new Set(rows.map((row) => row[name]))];
    for (const value of values) form.elements[name].append(new Option(optionOf(name, value), value));
    form.elements[name].parentElement.hidden = values.length < 2;
  }
}

function makeFilters() {
  const group = document.getElementById("quick");
  for (const node of group.querySelectorAll("button")) {
    const name = node.value;
    node.append(" ", el("span", "count"));
    node.addEventListener("click", () => go({ page: listPage(), filter: address.filter === name ? "" : name }));
  }
}

// Where there is little room, configs take no more of it than the longest of their names needs.
function fitConfigs() {
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = `100px ${getComputedStyle(table).fontFamily}`;
  const widths = [...new Set(rows.map((row) => row.config))].map((name) => pen.measureText(name).width);
  table.style.setProperty("--config-ems", String(Math.ceil(Math.max(0, ...widths)) / 100));
}

// How many each would show of what the other controls keep.
function countFilters(kept) {
  for (const node of form.querySelectorAll("#quick button")) {
    const count = kept.filter(FILTERS[node.value]).length;
    node.querySelector(".count").textContent = count.toLocaleString("en");
    node.disabled = !count && address.filter !== node.value;
  }
}

// What the address asks for and this run does not have; it may come from another run's report.
function tellUnknown() {
  const told = address.unknown.map(([name, value]) => `${name}=${value}`);
  const missing = SELECTS.filter((name) => address[name] && !rows.some((row) => row[name] === address[name]));
  told.push(...missing.map((name) => `${name}=${address[name]}`));
  const known = missing.map((name) => {
    const values = [...new Set(rows.map((row) => row[name]))];
    return ` Known for ${name}: ${values.slice(0, 8).join(", ")}${values.length > 8 ? ", …" : ""}.`;
  });
  unknown.hidden = !told.length;
  unknown.replaceChildren();
  if (!told.length) return;
  append(unknown, [`The address asks for what is not in this run: ${told.join(", ")}.${known.join("")} `,
    button("", "Show all samples", "", unfiltered)]);
}

// A list without rows says why, and how to see some.
function tellNone(kept) {
  none.hidden = Boolean(kept.length) || !rows.length || !unknown.hidden;
  box.hidden = !none.hidden;
  none.replaceChildren();
  if (!none.hidden) append(none, ["No sample fits. ", button("", "Show all samples", "", unfiltered)]);
}

function showControls() {
  for (const name of [...SELECTS, "text"]) {
    const input = form.elements[name];
    if (input !== document.activeElement || name !== "text") input.value = address[name];
  }
  for (const node of form.querySelectorAll("#quick button")) {
    node.setAttribute("aria-pressed", String(address.filter === node.value));
  }
  showSort(address.sort);
  tellUnknown();
}

async function withText(kept, needle, turn) {
  const found = [];
  let done = 0;
  const byChunk = Map.groupBy ? Map.groupBy(kept, (row) => row.chunk) : grouped(kept);
  for (const group of byChunk.values()) {
    for (const row of group) {
      if (namesText(row).includes(needle) || searchText(await sampleOf(row)).includes(needle)) found.push(row);
    }
    if (turn !== search) return null;
    done += group.length;
    if (done < kept.length) shownCount.textContent = `Searching: ${Math.floor((100 * done) / kept.length)} %`;
  }
  return found;
}

function grouped(kept) {
  const groups = new Map();
  for (const row of kept) groups.set(row.chunk, [...(groups.get(row.chunk) || []), row]);
  return groups;
}

async function filter() {
  const wanted = JSON.stringify(WORDS.map((name) => address[name]));
  if (wanted === listed) return;
  const turn = ++search;
  listed = wanted;
  let found = rows.filter((row) => isChosen(row, address));
  const needle = address.text.trim().toLowerCase();
  if (needle) found = await withText(found, needle, turn);
  if (!found) return;
  countFilters(found);
  const kept = address.filter ? found.filter(FILTERS[address.filter]) : found;
  tellNone(kept);
  showList(sorted(kept, address.sort));
  box.scrollTop = 0;
  shownCount.textContent = `${kept.length.toLocaleString("en")} of ${plural(rows.length, "sample")}`;
  setSteps();
}

function step(by) {
  const position = list.rows.indexOf(list.current);
  const next = position < 0 ? list.rows[0] : list.rows[position + by];
  if (!next) return;
  if (isReading()) return go({ page: "sample", key: next.key });
  setCurrent(next);
  nodeAt(list.rows.indexOf(next)).querySelector("a").focus();
}

function navigation() {
  const make = (label, key, title, action) => button("", [label, " ", el("kbd", "", key)], title, action);
  return el("nav", "steps",
    make("Previous", "k", "Previous sample (k)", () => step(-1)),
    make("Next", "j", "Next sample (j)", () => step(1)),
    make("Overview", "Esc", "Back to the overview (Esc)", close));
}

function setSteps() {
  const [previous, next] = pane.querySelectorAll(".steps button");
  if (!next) return;
  const position = list.rows.indexOf(list.current);
  previous.disabled = position === 0;
  next.disabled = position === list.rows.length - 1;
}

function close() {
  go({ page: "samples", key: "", other: "" });
}

function isReading() {
  return document.body.classList.contains("reading");
}

function leave() {
  document.body.classList.remove("reading");
  pane.hidden = true;
  pane.replaceChildren();
  redraw();
  if (!list.current) return;
  setCurrent(list.current);
  nodeAt(list.rows.indexOf(list.current))?.querySelector("a").focus({ preventScroll: true });
}

function enter(children) {
  const wasReading = isReading();
  document.body.classList.add("reading");
  pane.hidden = false;
  append((pane.replaceChildren(), pane), children);
  pane.scrollTop = 0;
  window.scrollTo(0, 0);
  if (!wasReading) redraw();
  pane.focus({ preventScroll: true });
}

async function openSample(row) {
  setCurrent(row);
  const sample = await sampleOf(row);
  if (list.current !== row || address.page !== "sample") return;
  enter(conversation(sample, row, navigation(), comparing(row)));
  setCurrent(row);
  setSteps();
}

async function openPair(row, other) {
  setCurrent(row);
  const pair = [await sampleOf(row), await sampleOf(other)];
  const given = await givenOtherwise(row, other);
  if (list.current !== row || address.other !== other.key) return;
  enter(aligned(pair, [row, other], given, navigation(), comparing(row)));
  setCurrent(row);
  setSteps();
}

// From a conversation to two: the others of its scenario, those of the same epoch first.
function comparing(row) {
  const others = rows.filter((each) => each.suite === row.suite && each.scenario === row.scenario && each !== row);
  if (!others.length) return null;
  const select = el("select", "", el("option", "", "another sample …"));
  const near = others.filter((each) => each.epoch === row.epoch || each.config === row.config);
  for (const each of (others.length > 400 ? near : others)) {
    select.append(new Option(`${each.config} · epoch ${each.epoch} · ${outcomeWords(each.outcome)}`, each.key));
  }
  select.firstChild.value = "";
  if (address.page === "compare") select.value = address.other;
  select.addEventListener("change", () => {
    if (select.value) go({ page: "compare", key: row.key, other: select.value });
    else go({ page: "sample", key: row.key });
  });
  return el("label", "comparing", "Compare with ", select);
}

function tell(text) {
  enter([el("div", "bar-top", el("h1", "", "Nothing to show"), navigation()), el("p", "alert", text)]);
}

function fail(error) {
  tell(`This conversation could not be unpacked here (${error}). A browser of 2023 or later can.`);
}

function showPage() {
  const row = byKey.get(address.key);
  const other = byKey.get(address.other);
  if (address.page === "sample") return row ? openSample(row) : tell(`There is no such sample in this run: ${address.key}`);
  if (address.page === "compare") {
    if (row && other) return openPair(row, other);
    return tell(`There is no such sample in this run: ${row ? address.other : address.key}`);
  }
  const wasReading = isReading();
  if (wasReading) leave();
  const target = address.page && document.getElementById(address.page);
  if (target && (wasReading || location.hash.includes("?"))) target.scrollIntoView();
  return null;
}

async function follow() {
  address = parsed(location.hash);
  list.hrefOf = (row) => written({ ...address, page: "sample", key: row.key });
  showControls();
  const isListed = filter();
  if (!address.text) await isListed;
  await showPage();
  await isListed;
}

function typed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && isReading()) return close();
  if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const actions = { j: () => step(1), k: () => step(-1), "/": () => form.elements.text.focus() };
  if (!Object.hasOwn(actions, event.key)) return;
  event.preventDefault();
  actions[event.key]();
}

let typing = 0;
function changed(event) {
  clearTimeout(typing);
  const { name, value } = event.target;
  if (name !== "text") return go({ page: listPage(), [name]: value });
  // Every letter would be a step back.
  typing = setTimeout(() => location.replace(written({ ...address, page: listPage(), text: value })), 200);
}

function unfiltered() {
  form.elements.text.value = "";
  go({ page: listPage(), ...Object.fromEntries(WORDS.map((name) => [name, ""])) });
}

function cleared(event) {
  event.preventDefault();
  unfiltered();
}

function listen() {
  form.addEventListener("input", changed);
  form.addEventListener("reset", cleared);
  form.addEventListener("submit", (event) => event.preventDefault());
  table.addEventListener("click", (event) => {
    const node = event.target.closest("tbody tr:not(.gap)");
    if (!node || event.target.closest("a") || String(getSelection())) return;
    go({ page: "sample", key: list.rows[Number(node.dataset.position)].key });
  });
  window.addEventListener("hashchange", () => follow().catch(fail));
  document.addEventListener("keydown", typed);
}

async function start() {
  rows = rowsOf(await unpack("index"));
  byKey = new Map(rows.map((row) => [row.key, row]));
  fillSelects();
  table.classList.toggle("one-suite", form.elements.suite.parentElement.hidden);
  fitConfigs();
  makeFilters();
  makeSortable((sort) => go({ page: listPage(), sort }));
  form.hidden = false;
  listen();
  const isDone = follow();
  performance.mark("listed");
  await isDone;
}

start().catch(fail);
