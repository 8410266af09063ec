// A page on disk may not read its neighbors, so the search there lists titles without excerpts.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// Which questions were answered rightly is remembered in this browser, and nowhere else.
document.addEventListener("DOMContentLoaded", () => {
  const remembered = (() => {
    try { return new Set(JSON.parse(localStorage.getItem("vatt-answered") ?? "[]")); } catch { return new Set(); }
  })();
  const quizzes = [...document.querySelectorAll(".vatt-quiz")];
  const tell = () => {
    for (const quiz of quizzes) quiz.classList.toggle("vatt-answered", remembered.has(quiz.id));
  };
  for (const quiz of quizzes) {
    for (const right of quiz.querySelectorAll("details[data-right]")) {
      right.addEventListener("toggle", () => {
        if (!right.open) return;
        remembered.add(quiz.id);
        try { localStorage.setItem("vatt-answered", JSON.stringify([...remembered])); } catch { /* a private window */ }
        tell();
      });
    }
  }
  tell();
});

// The game of the first page leaves its score in this browser; the scoreboard shows it in the row "you".
const showYourScore = () => {
  let score = null;
  try { score = JSON.parse(localStorage.getItem("vatt-score") ?? "null"); } catch { /* a private window */ }
  if (!Number.isInteger(score?.right) || score.of !== 8) return;
  for (const place of document.querySelectorAll(".vatt-your-score")) place.textContent = String(score.right);
};
document.addEventListener("DOMContentLoaded", showYourScore);
document.addEventListener("vatt-score", showYourScore);

// Whoever scrolls with the keyboard must reach what scrolls; the theme asks before fonts have given tables their width.
const reachTables = () => {
  for (const table of document.querySelectorAll(".pst-scrollable-table-container")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
  }
};
addEventListener("load", () => document.fonts.ready.then(reachTables));
addEventListener("resize", reachTables);

// Cells with the tag "in-box" belong to the folded box before them, code and result.
document.addEventListener("DOMContentLoaded", () => {
  for (const cell of document.querySelectorAll(".cell.tag_in-box")) {
    const box = cell.previousElementSibling;
    if (box?.matches(".admonition.dropdown")) box.append(cell);
  }
});
