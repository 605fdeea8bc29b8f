"use strict";
// The sample list: filters, search, and moving from one conversation to the next.
const rows = [...document.querySelectorAll("#rows tbody tr")];
const pane = document.getElementById("conversation");
const form = document.getElementById("filters");
const texts = new Map();
let current = null;
let search = 0;

function fillSelects() {
  for (const select of form.querySelectorAll("select")) {
    const values = [...new Set(rows.map((row) => row.dataset[select.name]))];
    for (const value of values) select.append(new Option(value, value));
    select.parentElement.hidden = values.length < 2;
  }
}

function visibleRows() {
  return rows.filter((row) => !row.hidden);
}

async function textOf(row) {
  if (!texts.has(row)) texts.set(row, searchText(await sampleOf(row)));
  return texts.get(row);
}

async function matches(row, wanted, needle) {
  if (!wanted.every(([name, value]) => row.dataset[name] === value)) return false;
  if (!needle) return true;
  return row.textContent.toLowerCase().includes(needle) || (await textOf(row)).includes(needle);
}

async function filter() {
  const turn = ++search;
  const wanted = [...form.querySelectorAll("select")].filter((s) => s.value).map((s) => [s.name, s.value]);
  const needle = form.elements.text.value.trim().toLowerCase();
  const keep = await Promise.all(rows.map((row) => matches(row, wanted, needle)));
  if (turn !== search) return;
  rows.forEach((row, position) => { row.hidden = !keep[position]; });
  document.getElementById("shown").textContent = `${visibleRows().length} of ${rows.length} samples`;
  setSteps();
}

function step(by) {
  const list = visibleRows();
  const position = list.indexOf(current);
  const next = position < 0 ? list[0] : list[position + by];
  if (next) location.hash = next.id;
}

function button(label, key, title, action) {
  const node = el("button", "", label, " ", el("kbd", "", key));
  node.type = "button";
  node.title = title;
  node.addEventListener("click", action);
  return node;
}

function navigation() {
  return [
    button("Previous", "k", "Previous sample (k)", () => step(-1)),
    button("Next", "j", "Next sample (j)", () => step(1)),
    button("Overview", "Esc", "Back to the overview (Esc)", close),
  ];
}

function setSteps() {
  const [previous, next] = pane.querySelectorAll(".bar-top button");
  if (!next) return;
  const list = visibleRows();
  const position = list.indexOf(current);
  previous.disabled = position === 0;
  next.disabled = position === list.length - 1;
}

function close() {
  const last = current;
  location.hash = "samples";
  if (last) last.querySelector("a").focus();
}

function isReading() {
  return document.body.classList.contains("reading");
}

function leave() {
  document.body.classList.remove("reading");
  pane.hidden = true;
  pane.replaceChildren();
  if (current) current.removeAttribute("aria-current");
  current = null;
}

async function open(row) {
  if (current) current.removeAttribute("aria-current");
  current = row;
  row.setAttribute("aria-current", "true");
  const sample = await sampleOf(row);
  if (current !== row) return;
  document.body.classList.add("reading");
  pane.hidden = false;
  pane.replaceChildren(...conversation(sample, row.dataset.outcome, navigation()));
  pane.scrollTop = 0;
  window.scrollTo(0, 0);
  row.scrollIntoView({ block: "nearest" });
  setSteps();
  pane.focus({ preventScroll: true });
}

function tell(text) {
  pane.hidden = false;
  document.body.classList.add("reading");
  pane.replaceChildren(el("div", "bar-top", ...navigation()), el("p", "alert", text));
}

function fail(error) {
  tell(`This conversation could not be unpacked here (${error}). A browser of 2023 or later can.`);
}

function follow() {
  // A fragment is data from outside: it is only ever compared with the ids we have.
  const id = location.hash.slice(1);
  const row = rows.find((each) => each.id === id);
  if (row) return void open(row).catch(fail);
  const wasReading = isReading();
  if (wasReading) leave();
  if (id.startsWith("sample/")) tell(`There is no such sample in this run: ${id.slice(7)}`);
  else if (wasReading) {
    const target = id && document.getElementById(id);
    if (target) target.scrollIntoView();
  }
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
function changed() {
  clearTimeout(typing);
  typing = setTimeout(() => filter().catch(fail), 150);
}

fillSelects();
form.hidden = false;
form.addEventListener("input", changed);
form.addEventListener("reset", () => setTimeout(changed));
form.addEventListener("submit", (event) => event.preventDefault());
document.getElementById("rows").addEventListener("click", (event) => {
  const row = event.target.closest("tbody tr");
  if (row && !event.target.closest("a") && !String(getSelection())) location.hash = row.id;
});
window.addEventListener("hashchange", follow);
document.addEventListener("keydown", typed);
filter().catch(fail);
follow();
