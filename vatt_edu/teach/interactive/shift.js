function render({ model, el: root }) {
  const box = stage(model, root);
  const [lines, about, steps, candidates, table] = ["lines", "about", "steps", "candidates", "table"].map((name) => model.get(name));
  const length = steps.at(-1)[1];
  const most = Math.max(...candidates);
  const view = plane({ width: room(640), height: 150, x: [0, length], y: [0, 1], left: 10, right: 10, bottom: 30,
    label: "what happens in a video, and when it is told", xlabel: "seconds", xticks: steps.map(([start]) => Math.round(start)) });
  steps.forEach(([start, end, what]) => view.root.append(
    draw("rect", { x: view.px(start) + 1, width: view.px(end) - view.px(start) - 2, y: 84, height: 30, fill: "var(--v-video)", opacity: 0.25 }),
    draw("text", { x: view.px((start + end) / 2), y: 103, "text-anchor": "middle" }, what)));
  const window_ = draw("rect", { y: 6, height: 112, width: view.px(3.2) - view.px(0), fill: "none", stroke: "var(--v-ink)", "stroke-width": 2, rx: 3 });
  const ticks = lines.map((_, n) => draw("g", {},
    draw("circle", { cy: 62, r: 6, fill: about[n] < 0 ? "var(--v-plate)" : "var(--v-text)", stroke: "var(--v-text)", "stroke-width": 2 }),
    draw("line", { y1: 68, y2: 84, stroke: "var(--v-text)", "stroke-width": 1.5, "stroke-dasharray": "2 2" }),
    draw("text", { y: 44, "text-anchor": "middle", "font-weight": 600 }, "")));
  view.root.append(window_, ...ticks);
  const curve = plane({ width: room(640), height: 150, x: [table.offsets[0], table.offsets.at(-1)], y: [0, 1], left: 48, yticks: [[0, "0%"], [0.5, "50%"], [1, "100%"]],
    label: "share of windows with a fitting line, by the shift of the narration", xlabel: "seconds by which the narration comes later",
    xticks: [-4, -2, 0, 2, 4].filter((tick) => tick >= table.offsets[0] && tick <= table.offsets.at(-1)) });
  candidates.forEach((count, n) => {
    const values = table.shares.map((row) => row[n]);
    curve.root.append(
      draw("path", { d: line(table.offsets.map(curve.px), values.map(curve.py)), fill: "none", stroke: "var(--v-text)", "stroke-width": 2, "stroke-dasharray": n ? "" : "5 3" }),
      draw("text", { x: curve.px(0), dx: 8, y: curve.py(values[Math.floor(values.length / 2)]) + 15 }, count === 1 ? "nearest line" : `one of the nearest ${count}`));
  });
  const marker = draw("line", { y1: 8, y2: 116, stroke: "var(--v-ink)", "stroke-width": 2 });
  curve.root.append(marker);
  const says = sentence();
  const candidateList = el("ul", { class: "vatt-shift-lines" });
  const seconds = (value) => `${value > 0 ? "+" : ""}${value.toFixed(1)} s`;
  const [low, high] = [table.offsets[0], table.offsets.at(-1)];
  const late = slider({ label: "Narration later by", min: low, max: high, step: table.offsets[1] - low, value: model.get("offset"), show: seconds,
    oninput: (value) => { send(model, "offset", value); update(); } });
  const place = slider({ label: "Window's center", min: 1.6, max: length - 1.6, step: 0.2, value: model.get("center"),
    show: (value) => `${value.toFixed(1)} s`, oninput: (value) => { send(model, "center", value); update(); } });
  box.append(view.root, place.root, late.root, candidateList, curve.root, says);
  dragged(view.root, (x) => {
    const value = clamp(((x - 10) / (view.width - 20)) * length, 1.6, length - 1.6);
    place.set(value); send(model, "center", value); update();
  });
  function update() {
    const [offset, center] = [model.get("offset"), model.get("center")];
    const near = lines.map((_, n) => n).sort((a, b) => Math.abs(lines[a][0] + offset - center) - Math.abs(lines[b][0] + offset - center) || a - b).slice(0, most);
    const now = steps.findIndex(([start, end]) => start <= center && center < end);
    window_.setAttribute("x", view.px(center - 1.6));
    ticks.forEach((group, n) => {
      group.setAttribute("transform", `translate(${view.px(clamp(lines[n][0] + offset, 0, length))} 0)`);
      group.setAttribute("opacity", near.includes(n) ? 1 : 0.45);
      group.lastChild.textContent = near.includes(n) ? String(near.indexOf(n) + 1) : "";
    });
    candidateList.replaceChildren(...near.map((n) => el("li", {}, `“${lines[n][1]}” `, el("strong", {},
      about[n] === now ? "(about what is seen)" : about[n] < 0 ? "(about nothing in the picture)" : "(about another step)"))));
    marker.setAttribute("x1", curve.px(offset)); marker.setAttribute("x2", curve.px(offset));
    const nearest = table.offsets.reduce((best, value, n) => (Math.abs(value - offset) < Math.abs(table.offsets[best] - offset) ? n : best), 0);
    const shares = table.shares[nearest];
    says.textContent = `Narration ${seconds(offset)}: ` + candidates.map((count, n) =>
      `${count === 1 ? "the nearest line" : `one of the nearest ${count}`} fits in ${percent(shares[n])} of all windows`).join(", ") + ".";
  }
  model.on("change:near", update);
  model.on("change:shares", update);
  update();
}
export default { render };
