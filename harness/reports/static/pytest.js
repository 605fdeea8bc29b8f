// A pytest test that holds a sample to what it did: it replays the same cassette.

function named(text) {
  return text.replace(/[^A-Za-z0-9]+/g, "_").replace(/^_|_$/g, "").toLowerCase();
}

function whyNoTest(sample) {
  if (sample.mode === "imported") return "it was imported, and nothing here can run it again";
  if (sample.key.suite === "pytest") return "it comes from a test already";
  if (sample.key.suite === "exec") return "it comes from a script; call that script inside conversation.record()";
  if (sample.status !== "completed") return "it did not complete";
  return "";
}

// JSON's strings are Python's, too.
function quotedList(values) {
  return `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
}

function claims(sample) {
  const events = sample.transcript.events;
  const messages = events.filter((event) => event.type === "message");
  const runs = events.filter((event) => event.type === "code_execution");
  const end = events.at(-1);
  const by = end.agent ? `, by=${JSON.stringify(end.agent)}` : "";
  const lines = [
    `    assert sample.outcome == ${JSON.stringify(outcomeOf(sample))}`,
    `    expect(sample).ended(${JSON.stringify(end.reason)}${by}).within(turns=${messages.length})`,
    `    expect(sample).spoken_by(${quotedList(messages.map((message) => message.speaker))})`,
  ];
  if (runs.length) {
    lines.push(`    assert [run.exit_code for run in transcript.code_executions] == [${runs.map((run) => run.exit_code).join(", ")}]`);
  }
  const files = (sample.artefacts || []).map((file) => file.path).filter((path) => !/[*?[]/.test(path));
  for (const path of files.slice(0, 8)) lines.push(`    expect(sample).artefact(${JSON.stringify(path)})`);
  return lines;
}

function outcomeOf(sample) {
  if (sample.status !== "completed") return sample.status;
  const verdicts = (sample.scores || []).filter((score) => score.passed !== undefined);
  return verdicts.length && verdicts.every((score) => score.passed) ? "pass" : "fail";
}

function testOf(sample) {
  const key = sample.key;
  const name = named(`${key.scenario}_${key.config}_${key.epoch}`);
  const scenario = JSON.stringify(`${key.suite}/${key.scenario}`);
  return [
    `# test_${name}.py`,
    "import pytest",
    "from harness import expect",
    "",
    "",
    `@pytest.mark.scenario(${scenario}, config=${JSON.stringify(key.config)}, epochs=[${key.epoch}])`,
    `def test_${name}(sample, transcript):`,
    ...claims(sample),
    "",
  ].join("\n");
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return "copied";
  } catch {
    return "select and copy it";
  }
}

// The test is shown as well: not every browser lets a page from disk write to the clipboard.
function testButton(sample, place) {
  const why = whyNoTest(sample);
  const node = button("copy-test", "Copy as pytest test", why ? `No test can be made of this sample: ${why}` : "A test that replays this sample and expects what it did", async () => {
    const text = testOf(sample);
    const said = el("span", "said", "");
    said.setAttribute("role", "status");
    place.replaceChildren(block("pytest test, for a folder that has scenarios/ and cassettes/", text, said));
    said.textContent = await copied(text);
  });
  node.disabled = Boolean(why);
  return node;
}
