function render({ model, el: root }) {
  const box = stage(model, root);
  const [parts, lit, overview, table] = ["parts", "lit", "overview", "table"].map((name) => model.get(name));
  const holder = el("div", { class: "vatt-model" });
  holder.innerHTML = model.get("markup");
  const drawings = [...holder.querySelectorAll("svg")];
  for (const glyph of drawings[1].querySelectorAll("[data-glyph]"))
    glyph.innerHTML = drawings[0].querySelector(`[data-glyph="${glyph.dataset.glyph}"]`).innerHTML;
  const nodes = (name) => [...holder.querySelectorAll(`[data-part="${name}"]`)];
  const plates = (name) => [...holder.querySelectorAll(`[data-plate="${name}"]`)];
  const says = sentence();
  let chosen = lit.length > 2 ? -1 : parts.findIndex(([name]) => name === lit[0]);
  let touched = false;

  const size = choice({ label: "Numbers of", names: ["the toy that this book trains", "the paper's Base model"],
    value: model.get("size") === "base" ? 1 : 0,
    onpick: (number) => { send(model, "size", number ? "base" : "toy"); write(table[model.get("size")]); } });
  const pause = el("button", { type: "button", "aria-pressed": "false", onclick: () => run(pause.getAttribute("aria-pressed") === "true") }, "Pause");
  const run = (on) => {
    drawings.forEach((drawing) => (on ? drawing.unpauseAnimations() : drawing.pauseAnimations()));
    pause.setAttribute("aria-pressed", String(!on));
  };
  for (const dot of holder.querySelectorAll("circle[data-way]")) {
    if (calm()) { dot.remove(); continue; }
    const [since, seconds, fades] = dot.dataset.time.split(" ").map(Number);
    const time = { dur: `${seconds}s`, begin: `-${since}s`, repeatCount: "indefinite" };
    dot.append(draw("animateMotion", { path: dot.dataset.way, ...time }));
    if (fades) dot.append(draw("animate", { attributeName: "opacity", values: "1;1;0", keyTimes: "0;.8;1", ...time }));
  }
  box.append(holder, says, size.root, ...(calm() ? [] : [pause]));

  let facts = table[model.get("size")];
  function write(now) {
    facts = now;
    for (const text of holder.querySelectorAll("[data-fact]")) text.textContent = facts.labels[text.dataset.fact];
    tell(chosen);
  }
  function tell(number) {
    if (number < 0) return says.replaceChildren(overview, " ", facts.sentences.all);
    const [name, title, chapter, words] = parts[number];
    const link = document.querySelector(`nav a[href$="${chapter}.html"]`);
    const words_ = chapter.replaceAll("_", " ");
    const chapterTitle = link?.textContent.trim().replace(/^[\d.]+\s*/, "") || words_[0].toUpperCase() + words_.slice(1);
    const here = !location.pathname.endsWith(`/${chapter}.html`);
    says.replaceChildren(el("strong", {}, `${title[0].toUpperCase()}${title.slice(1)}${/[?]$/.test(title) ? "" : "."}`), ` ${words} ${facts.sentences[name]} Chapter `,
      link && here ? el("a", { href: link.href }, chapterTitle) : el("em", {}, chapterTitle), ".");
  }
  function choose(number) {
    touched = true;
    chosen = number;
    update();
  }
  function update() {
    if (touched) drawings.forEach((drawing) => drawing.removeAttribute("data-whole"));
    parts.forEach(([name], number) => {
      for (const node of nodes(name)) {
        node.setAttribute("aria-pressed", String(touched && number === chosen));
        node.setAttribute("tabindex", number === Math.max(chosen, 0) ? 0 : -1);
      }
      for (const node of [...nodes(name), ...plates(name)]) node.toggleAttribute("data-lit", touched ? number === chosen : lit.includes(name));
    });
    tell(chosen);
  }
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  parts.forEach(([name, title], number) => {
    for (const node of [...nodes(name), ...plates(name)]) {
      node.addEventListener("click", () => choose(number));
      node.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") tell(number); });
      node.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") tell(chosen); });
    }
    for (const node of nodes(name)) {
      node.setAttribute("role", "button");
      node.setAttribute("aria-label", title);
      node.addEventListener("keydown", (event) => {
        const next = { Enter: number, " ": number, Home: 0, End: parts.length - 1 }[event.key]
          ?? (steps[event.key] && (number + steps[event.key] + parts.length) % parts.length);
        if (next === undefined) return;
        event.preventDefault();
        choose(next);
        node.ownerSVGElement.querySelector(`[data-part="${parts[next][0]}"]`).focus();
      });
    }
  });
  for (const name of ["labels", "sentences"])  // with a kernel, Python's
    model.on(`change:${name}`, () => write({ labels: model.get("labels"), sentences: model.get("sentences") }));
  update();
}
export default { render };
