// The fragment of the page's address says all of what is shown; browse.js tells its form. It is
// data from outside: names are compared with those we have, words with the lists below.
const WORDS = ["filter", ...SELECTS, "sort", "text"];

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parsed(fragment) {
  const [path, query] = [fragment.replace(/^#/, "").split("?", 1)[0], fragment.split("?").slice(1).join("?")];
  const given = new URLSearchParams(query);
  const address = { page: path, key: "", other: given.get("with") || "" };
  for (const name of WORDS) address[name] = given.get(name) || "";
  address.unknown = [...given].filter(([name]) => !WORDS.includes(name) && name !== "with");
  for (const [name, known] of [["filter", FILTERS], ["sort", SORTS]]) {
    if (!address[name] || Object.hasOwn(known, address[name].replace(name === "sort" ? /^-/ : "", ""))) continue;
    address.unknown.push([name, address[name]]);
    address[name] = "";
  }
  for (const page of ["sample", "compare"]) {
    if (!path.startsWith(`${page}/`)) continue;
    address.page = page;
    address.key = decoded(path.slice(page.length + 1));
  }
  return address;
}

function quoted(text) {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("'", "%27");
}

function written(address) {
  const given = new URLSearchParams();
  if (address.page === "compare") given.set("with", address.other);
  for (const name of WORDS) if (address[name]) given.set(name, address[name]);
  const query = given.toString();
  const path = address.page === "samples" ? "samples" : `${address.page}/${quoted(address.key)}`;
  return `#${path}${query ? `?${query}` : ""}`;
}
