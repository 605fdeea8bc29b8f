// What the page says of itself beyond its tables; it reads whole without this.

function daysSince(day) {
  return Math.floor((Date.now() - Date.parse(`${day}T00:00:00Z`)) / 86400000);
}

// The file holds no clock, so that equal results are equal files: the reader's own tells the age.
function tellAge() {
  const node = document.getElementById("age");
  const days = node ? daysSince(node.dataset.first) : NaN;
  if (days >= 1) node.textContent = `(the oldest ${plural(days, "day")} ago)`;
}

tellAge();
