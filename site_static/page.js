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
// On a desk a table that would scroll takes the margin, unless a note stands there; the list of contents makes way.
let fitted = 0;
const fitTables = () => {
  fitted = innerWidth;
  const boxes = [...document.querySelectorAll(".bd-article .pst-scrollable-table-container")];
  const notes = [...document.querySelectorAll(".bd-article aside.margin")].map((note) => note.getBoundingClientRect());
  const scrolls = (box) => box.scrollWidth > box.clientWidth + 1;
  for (const box of boxes) box.classList.remove("vatt-scrolls", "vatt-wide");
  for (const box of boxes.filter(scrolls)) {
    box.classList.add("vatt-scrolls");
    box.tabIndex = 0;
    const { top, bottom } = box.getBoundingClientRect();
    if (!notes.some((note) => note.bottom > top && note.top < bottom)) box.classList.add("vatt-wide");
  }
  lookAside(boxes);
};
const shown = new Set();
const watch = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) shown[isIntersecting ? "add" : "delete"](target);
  document.querySelector(".bd-sidebar-secondary")?.classList.toggle("vatt-under", shown.size > 0);
});
const lookAside = (boxes) => {
  watch.disconnect();
  shown.clear();
  for (const box of boxes) if (box.matches(".vatt-wide")) watch.observe(box);
};
addEventListener("load", () => document.fonts.ready.then(fitTables));
addEventListener("resize", () => innerWidth !== fitted && fitTables());  // a phone's bars change its height only

// A mark of punctuation stays with the formula before it, a bracket with the one behind it, and an interval is one.
const glued = (...parts) => {
  const span = document.createElement("span");
  span.className = "vatt-glued";
  span.append(...parts);
  return span;
};
const glueFormulas = () => {
  for (const formula of document.querySelectorAll(".bd-article mjx-container:not([display])")) {
    const math = formula.closest("span.math") ?? formula, { previousSibling: before, nextSibling: after } = math;
    const open = before?.nodeType === Node.TEXT_NODE ? /[(\[“‘]*$/.exec(before.data)[0] : "";
    const mark = after?.nodeType === Node.TEXT_NODE ? /^(?:[.,;:!?)\]’”…]+|[-–]\w+)?/.exec(after.data)[0] : "";
    if (!open && !mark) continue;
    if (open) before.data = before.data.slice(0, -open.length);
    if (mark) after.data = after.data.slice(mark.length);
    const place = document.createComment("");
    math.replaceWith(place);
    place.replaceWith(glued(open, math, mark));
  }
};
addEventListener("load", () => window.MathJax?.startup?.promise?.then(glueFormulas).then(fitTables));

// Where texts may break: in a long name behind its underscores, slashes and dots, and never in an interval of a table.
const texts = (root) => {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), nodes = [];
  while (walker.nextNode()) nodes.push(walker.currentNode);
  return nodes;
};
document.addEventListener("DOMContentLoaded", () => {
  for (const name of document.querySelectorAll(".bd-article :is(p, li) code")) {
    if (name.textContent.length < 16 || name.closest("table")) continue;
    for (const text of texts(name)) {
      const parts = text.data.split(/(?<=[_/.]|::)(?=\w)/);
      text.replaceWith(...parts.flatMap((part, n) => (n ? [document.createElement("wbr"), part] : [part])));
    }
  }
  for (const cell of document.querySelectorAll(".bd-article td")) {
    for (const text of texts(cell)) {
      const parts = text.data.split(/(\[[^\]]+\]|[\d.]+ to [\d.]+%?)/);
      if (parts.length > 1) text.replaceWith(...parts.map((part, n) => (n % 2 ? glued(part) : part)));
    }
  }
});

// Cells with the tag "in-box" belong to the folded box before them, code and result.
document.addEventListener("DOMContentLoaded", () => {
  for (const cell of document.querySelectorAll(".cell.tag_in-box")) {
    const box = cell.previousElementSibling;
    if (box?.matches(".admonition.dropdown")) box.append(cell);
  }
});
