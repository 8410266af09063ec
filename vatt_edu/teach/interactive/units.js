function render({ model, el: root }) {
  const box = stage(model, root);
  const [names, words, captions, table] = ["models", "vocabulary", "captions", "table"].map((name) => model.get(name));
  const count = table.shares[0].length;
  const modalities = [["video", "the picture"], ["audio", "the sound"], ["text", "the words"]];
  const corners = [[20, 300], [340, 300], [180, 23]];
  const at = (shares) => [0, 1].map((axis) => shares.reduce((sum, share, n) => sum + (share / 1000) * corners[n][axis], 0));
  const view = draw("svg", { viewBox: "0 0 360 330", role: "img", "aria-label": "units of a layer between video, sound and words", style: "max-width: 30rem" });
  view.append(draw("path", { d: `M${corners.map((corner) => corner.join(",")).join("L")}Z`, fill: "none", stroke: "var(--v-muted)" }));
  corners.forEach(([x, y], n) => {  // the part of the triangle that is one modality's own
    const edges = corners.map(([a, b]) => [x + 0.2 * (a - x), y + 0.2 * (b - y)]);
    view.append(draw("path", { d: `M${edges.map((edge) => edge.join(",")).join("L")}Z`, fill: `var(--v-${modalities[n][0]})`, opacity: 0.13 }));
    view.append(draw("text", { x: n === 1 ? x + 15 : n ? x : x - 15, y: n === 2 ? y - 9 : y + 20, style: "font-size: 14px",
      "text-anchor": n === 2 ? "middle" : n ? "end" : "start" }, ["only video", "only sound", "only words"][n]));
  });
  const dots = Array.from({ length: count }, () => draw("circle", { r: 2.6, opacity: 0.6 }));
  const ring = draw("circle", { r: 8, fill: "none", stroke: "var(--v-ink)", "stroke-width": 2.5 });
  view.append(...dots, ring);
  const says = sentence();
  const bars = el("div", { "aria-hidden": "true" });
  const whose = choice({ label: "Model:", names, value: model.get("model_number"),
    onpick: (number) => { send(model, "model_number", number); update(); } });
  const pick = slider({ label: "Unit", min: 0, max: count - 1, step: 1, value: model.get("unit"),
    oninput: (number) => { send(model, "unit", number); update(); } });
  box.append(whose.root, view, pick.root, bars, says);
  dragged(view, (x, y) => {
    const away = table.shares[model.get("model_number")].map((shares) => { const [a, b] = at(shares); return (a - x) ** 2 + (b - y) ** 2; });
    const nearest = away.indexOf(Math.min(...away));
    pick.set(nearest); send(model, "unit", nearest); update();
  });
  function update() {
    const [unit, number] = [model.get("unit"), model.get("model_number")];
    const all = table.shares[number], shares = all[unit];
    all.forEach((row, n) => {
      const [x, y] = at(row), most = row.indexOf(Math.max(...row));
      dots[n].setAttribute("cx", x.toFixed(1)); dots[n].setAttribute("cy", y.toFixed(1));
      dots[n].setAttribute("fill", row[most] > 800 ? `var(--v-${modalities[most][0]})` : "var(--v-muted)");
    });
    const [x, y] = at(shares);
    ring.setAttribute("cx", x); ring.setAttribute("cy", y);
    bars.replaceChildren(...modalities.map(([name], n) => el("div", { style: "align-items: center; display: flex; gap: 0.5rem" },
      el("span", { style: "min-width: 3.2rem" }, name === "audio" ? "sound" : name === "text" ? "words" : name),
      el("span", { style: `background: var(--v-${name}); height: 0.8rem; width: ${shares[n] / 14}%` }), el("span", { style: "white-space: nowrap" }, `${Math.round(shares[n] / 10)}%`))));
    const own = table.own[number], sum = own[0] + own[1] + own[2];
    const quoted = table.words[number][unit].map((word) => `“${words[word]}”`).join(", ");
    says.textContent = `${names[number]}: ${sum} of ${count} units are one modality's own (video ${own[0]}, sound ${own[1]}, words ${own[2]}). ` +
      `Unit ${unit}: ${modalities.map(([, name], n) => `${name} ${Math.round(shares[n] / 10)}%`).join(", ")}. ` +
      (shares[2] < 50 ? "" : `Loudest words: ${quoted}. `) +
      (shares[0] < 50 ? "" : `Loudest clip: “${captions[table.clips[number][unit][0]]}”.`);
  }
  model.on("change:shares", update);
  update();
}
export default { render };
