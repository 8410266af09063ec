function render({ model, el: root }) {
  const box = stage(model, root), { values } = model.get("table");
  const [ways, models, worlds, cuts, uncut] = ["ways", "models", "worlds", "cuts", "uncut"].map((name) => model.get(name));
  const unit = 118, left = 150, ground = 232, reach = 1.85;  // pixels of a length of 1; arrows end at ``reach``
  const view = draw("svg", { viewBox: "0 0 380 300", role: "img", style: "max-width: 32rem",
    "aria-label": "the right gradient as an arrow to the right, the chosen one beside it, the others faint" });
  const head = (id, color) => draw("marker", { id, viewBox: "0 0 10 10", refX: 8, refY: 5, markerWidth: 5, markerHeight: 5, orient: "auto-start-reverse" },
    draw("path", { d: "M0,0L10,5L0,10z", fill: color }));
  const mark = `arrows-${Math.random().toString(36).slice(2, 8)}`;
  view.append(draw("defs", {}, head(`${mark}-ink`, "var(--v-ink)"), head(`${mark}-audio`, "var(--v-audio)"), head(`${mark}-muted`, "var(--v-muted)")));
  const ring = draw("path", { d: `M${left - unit},${ground}A${unit},${unit} 0 0 1 ${left + unit},${ground}`, fill: "none", stroke: "var(--v-muted)", "stroke-dasharray": "3 4", opacity: 0.7 });
  const right = draw("line", { x1: left, y1: ground, x2: left + unit, y2: ground, stroke: "var(--v-ink)", "stroke-width": 3, "marker-end": `url(#${mark}-ink)` });
  const faint = ways.map(() => draw("line", { stroke: "var(--v-muted)", "stroke-width": 1.5, opacity: 0.55, "marker-end": `url(#${mark}-muted)` }));
  const bold = draw("line", { stroke: "var(--v-audio)", "stroke-width": 3.5, "marker-end": `url(#${mark}-audio)` });
  const note = draw("text", { style: "font-size: 13px", fill: "var(--v-audio)" });
  const bar = draw("rect", { y: 276, height: 12, fill: "var(--v-audio)", opacity: 0.75 });
  view.append(ring, ...faint, right, bold, note,
    draw("text", { x: left + unit + 12, y: ground + 5, style: "font-size: 13px" }, "right"),
    draw("text", { x: 8, y: 268, style: "font-size: 13px" }, "the temperature's gradient; the line is the right one"),
    draw("line", { x1: left, x2: left, y1: 273, y2: 291, stroke: "var(--v-muted)" }), bar,
    draw("line", { x1: left + unit / 2, x2: left + unit / 2, y1: 271, y2: 293, stroke: "var(--v-ink)", "stroke-width": 2 }));
  const says = sentence();
  const picked = (name, list, label, spell) => {
    const field = choice({ label, names: list.map(spell), value: model.get(name), onpick: (number) => { send(model, name, number); update(); } });
    return field.root;
  };
  const pieced = picked("pieces", cuts, "Micro-batches of each process:", String);
  box.append(picked("way", ways, "Way:", String), picked("world", worlds, "Processes:", String), pieced, picked("heads", models, "Heads:", String), view, says);

  function place(node, [cosine, length]) {
    const angle = Math.acos(clamp(cosine, -1, 1)), shown = Math.min(length, reach);
    const [x, y] = [left + unit * shown * Math.cos(angle), ground - unit * shown * Math.sin(angle)];
    for (const [name, value] of [["x1", left], ["y1", ground], ["x2", x.toFixed(1)], ["y2", y.toFixed(1)]]) node.setAttribute(name, value);
    return [x, y];
  }
  const spoken = (value) => (Math.abs(value) >= 10 ? value.toFixed(0) : value.toFixed(2)).replace("-", "−");
  function update() {
    const [way, world, pieces, heads] = ["way", "world", "pieces", "heads"].map((name) => model.get(name));
    pieced.disabled = uncut.includes(way);  // and what it was set to is kept for the next way
    pieced.style.opacity = pieced.disabled ? 0.65 : 1;
    faint.forEach((node, n) => place(node, values[heads][n][world][pieces]));
    const [cosine, length, temperature] = values[heads][way][world][pieces];
    const [x, y] = place(bold, [cosine, length]);
    const degrees = (180 / Math.PI) * Math.acos(clamp(cosine, -1, 1));
    bold.setAttribute("stroke-dasharray", length > reach ? "7 5" : "none");
    note.textContent = length > reach ? `${spoken(length)} times as long` : "";
    note.setAttribute("x", clamp(x, 60, 300)); note.setAttribute("y", Math.max(14, y - 8)); note.setAttribute("text-anchor", "middle");
    const end = clamp(temperature, -2, 3) * unit / 2;
    bar.setAttribute("x", left + Math.min(0, end)); bar.setAttribute("width", Math.abs(end).toFixed(1));
    const same = degrees < 0.05 && Math.abs(length - 1) < 5e-4 && Math.abs(temperature - 1) < 5e-4;
    says.textContent = `${ways[way]}, ${worlds[world]} ${worlds[world] === 1 ? "process" : "processes"}, ${pieced.disabled ? "each share at once" : `${cuts[pieces]} ${cuts[pieces] === 1 ? "piece" : "pieces"} each`}: ` +
      (same ? "the right gradient." : `${degrees.toFixed(1)}° off, ${spoken(length)} times as long; the temperature's gradient ${spoken(temperature)} times the right one.`);
  }
  for (const name of ["cosine", "length", "temperature"]) model.on(`change:${name}`, update);
  update();
}
export default { render };
