
"use strict";
const table = document.querySelector("#class");
const body = table.tBodies[0];
const feedback = document.querySelector("#feedback");

function value(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  return text === "" ? null : isNaN(text) ? text : Number(text);
}

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

function sort(header) {
  const column = header.cellIndex;
  const falling = header.getAttribute("aria-sort") === "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", falling ? "descending" : "ascending");
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a, column), value(b, column)];
    if (x === null || y === null) return compare(x, y); // what is missing stays below
    return falling ? compare(y, x) : compare(x, y);
  });
  body.append(...rows);
}

for (const button of table.querySelectorAll("th button"))
  button.addEventListener("click", () => sort(button.closest("th")));

document.querySelector("#search").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (element) => words.every((word) => element.dataset.words.includes(word));
  let shown = 0;
  for (const row of body.rows) {
    row.hidden = !fits(row);
    shown += !row.hidden;
  }
  for (const details of feedback.querySelectorAll("details[data-words]"))
    details.hidden = !fits(details);
  document.querySelector("#shown").textContent =
    words.length ? `${shown} of ${body.rows.length}` : "";
});

function open() {
  const target = location.hash && document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", open);
open();
