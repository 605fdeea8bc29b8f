"use strict";
// Packed data, base64(deflate(JSON)), unpacked when first needed. Repeated texts stand once, in a
// table; elsewhere a line that is REFERENCE and a number stands for them (packing.py).
const REFERENCE = "\u0001";
const MOST_CHUNKS = 8; // kept unpacked; the others are unpacked again when needed
const chunks = new Map();

const whole = new Promise((resolve) => {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", resolve);
  else resolve();
});

// The list works before the last chunk has been read from disk.
async function packed(id) {
  const node = document.getElementById(id);
  if (node && node.nextElementSibling) return node.textContent;
  await whole;
  return document.getElementById(id).textContent;
}

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  return bytes;
}

async function unpack(id) {
  const bytes = bytesOf(await packed(id));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function spelt(text, table) {
  if (!text.includes(REFERENCE)) return text;
  return text.split("\n").map((line) => (line[0] === REFERENCE ? table[Number(line.slice(1))] : line)).join("\n");
}

async function openChunk(number) {
  const data = await unpack(`chunk-${number}`);
  const table = [];
  for (const entry of data.table || []) table.push(spelt(entry, table)); // what an entry refers to comes first
  return { table, samples: data.samples };
}

function chunkOf(number) {
  const known = chunks.get(number) || openChunk(number);
  chunks.delete(number);
  chunks.set(number, known); // last used, last dropped
  if (chunks.size > MOST_CHUNKS) chunks.delete(chunks.keys().next().value);
  return known;
}

function restored(data, table) {
  if (typeof data === "string") return spelt(data, table);
  if (Array.isArray(data)) return data.map((each) => restored(each, table));
  if (data === null || typeof data !== "object") return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, restored(value, table)]));
}

async function sampleOf(row) {
  const { table, samples } = await chunkOf(row.chunk);
  const sample = restored(samples[row.position], table);
  const events = sample.transcript.events || [];
  sample.transcript.events = events;
  events.forEach((event, index) => { event.index = index; });
  readRequests(events);
  return sample;
}

// The only way anything enters the page: strings become text nodes, never markup.
function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== "") node.append(child);
  }
}

// A name, not an address: nothing is ever fetched from there.
const SVG = ["http:", "", "www.w3.org", "2000", "svg"].join("/");

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  append(node, children);
  return node;
}

function button(className, label, title, action) {
  const node = el("button", className, label);
  node.type = "button";
  if (title) node.title = title;
  node.addEventListener("click", action);
  return node;
}

function usd(amount) {
  if (amount === undefined || amount === null) return "cost unknown";
  if (amount === 0 || amount >= 1) return `$${amount.toFixed(2)}`;
  if (amount >= 0.01) return `$${amount.toFixed(3)}`;
  return `$${amount.toFixed(Math.min(12, 1 - Math.floor(Math.log10(amount))))}`;
}

function percent(share) {
  return share === null || share === undefined ? "–" : `${Math.round(100 * share)} %`;
}

function seconds(value) {
  if (value < 0.1) return `${(1000 * value).toFixed(value < 0.01 ? 1 : 0)} ms`;
  return value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(0)} s`;
}

function plural(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
