"use strict";
// Conversations are stored per scenario as base64(deflate(JSON)) and unpacked when first needed.
const chunks = new Map();

async function unpack(number) {
  const packed = document.getElementById(`chunk-${number}`).textContent;
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

function samplesOf(number) {
  if (!chunks.has(number)) chunks.set(number, unpack(number));
  return chunks.get(number);
}

async function sampleOf(row) {
  return (await samplesOf(row.dataset.chunk))[Number(row.dataset.position)];
}

// The only way anything enters the page: strings become text nodes, never markup.
function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== "") node.append(child);
  }
  return node;
}

function usd(amount) {
  if (amount === undefined || amount === null) return "cost unknown";
  if (amount === 0 || amount >= 1) return `$${amount.toFixed(2)}`;
  if (amount >= 0.01) return `$${amount.toFixed(3)}`;
  return `$${amount.toFixed(Math.min(12, 1 - Math.floor(Math.log10(amount))))}`;
}

function seconds(value) {
  return value < 10 ? `${value.toFixed(2)} s` : `${value.toFixed(0)} s`;
}

function plural(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
