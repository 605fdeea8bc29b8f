// What the list knows of every sample, and which of them a filter keeps.
const SELECTS = ["suite", "scenario", "config", "outcome", "termination"];
const SORTS = {
  outcome: (row) => ["error", "miss", "fail", "unjudged", "pass"].indexOf(row.outcome),
  scenario: (row) => row.scenario, config: (row) => row.config, epoch: (row) => row.epoch,
  termination: (row) => row.termination, turns: (row) => row.turns,
  code: (row) => row.code, checks: (row) => row.checks, cost: (row) => row.cost,
};
const NOT_TOLD = "the file does not tell"; // why it ended, of an import
const outcomeWords = (outcome) => (outcome === "unjudged" ? "not judged" : outcome);
const FILTERS = {
  failures: (row) => row.outcome === "fail",
  errors: (row) => row.outcome === "error" || row.outcome === "miss",
  different: (row) => row.isDifferent,
  flaky: (row) => row.isFlaky,
};

function titleIn(titles, suite, scenario) {
  return Object.hasOwn(titles, suite) && Object.hasOwn(titles[suite], scenario) ? titles[suite][scenario] : "";
}

function rowsOf(index) {
  const rows = index.epoch ? index.epoch.map((epoch, number) => {
    const suite = index.suites[index.suite[number]];
    const scenario = index.scenarios[index.scenario[number]];
    const config = index.configs[index.config[number]];
    const row = { number, suite, scenario, config, epoch, key: `${suite}/${scenario}/${config}/${epoch}` };
    for (const name of ["outcome", "termination", "turns", "code", "checks", "cost", "chunk", "position"]) {
      row[name] = index[name][number];
    }
    // Only where names are not the user's own words, as in imports.
    row.title = titleIn(index.titles || {}, suite, scenario);
    return row;
  }) : [];
  flag(rows, "isDifferent", (row) => [row.suite, row.scenario, row.epoch]);
  flag(rows, "isFlaky", (row) => [row.suite, row.scenario, row.config]);
  return rows;
}

// Marks the rows of every group in which not all outcomes are the same.
function flag(rows, name, groupOf) {
  const outcomes = new Map();
  const groups = rows.map((row) => JSON.stringify(groupOf(row)));
  rows.forEach((row, at) => {
    if (!outcomes.has(groups[at])) outcomes.set(groups[at], new Set());
    outcomes.get(groups[at]).add(row.outcome);
  });
  rows.forEach((row, at) => { row[name] = outcomes.get(groups[at]).size > 1; });
}

function isChosen(row, address) {
  return SELECTS.every((name) => !address[name] || row[name] === address[name]);
}

const COLLATOR = new Intl.Collator("en", { numeric: true }); // task_2 before task_10

function compared(one, other) {
  if (one === other) return 0;
  // What was not measured comes last, whichever way the others are sorted.
  if (one === null || one === undefined) return Infinity;
  if (other === null || other === undefined) return -Infinity;
  return typeof one === "string" ? COLLATOR.compare(one, other) : one - other;
}

function sorted(rows, sort) {
  if (!sort) return rows;
  const sign = sort[0] === "-" ? -1 : 1;
  const value = SORTS[sort.replace("-", "")];
  const pairs = rows.map((row) => [value(row), row]);
  pairs.sort(([one, a], [other, b]) => {
    const order = compared(one, other);
    return (Number.isFinite(order) ? sign * order : order) || a.number - b.number;
  });
  return pairs.map(([, row]) => row);
}

function searchText(sample) {
  const words = [];
  const visit = (value) => {
    if (typeof value === "string") words.push(value);
    else if (value && typeof value === "object") Object.values(value).forEach(visit);
  };
  visit(sample.transcript.events);
  visit(sample.scores);
  visit(sample.failure);
  return words.join("\n").toLowerCase();
}

function namesText(row) {
  return `${row.key} ${row.title} ${outcomeWords(row.outcome)} ${row.termination}`.toLowerCase();
}
