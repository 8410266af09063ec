function render({ model, el: root }) {
  const box = stage(model, root);
  const [names, stages, table] = ["names", "stages", "table"].map((name) => model.get(name));
  const rows = table.deviations;
  const [lowest, highest] = [-8, 1];
  const power = (value) => clamp(Math.log10(Math.max(value, 1e-12)), lowest, highest);
  const raised = { "-": "⁻", ".": "·" };
  const exponent = (value) => String(value).replace(/[-.\d]/g, (sign) => raised[sign] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[sign]);
  const view = plane({ width: room(640), height: 270, x: [-0.2, stages.length - 0.8], y: [lowest, highest], left: 52, bottom: room(640) < 500 ? 44 : 30,
    label: "largest difference from the official numbers, along the tower",
    xticks: stages.map((name, n) => [n, name]), yticks: [-8, -6, -4, -2, 0].map((tick) => [tick, tick ? `10${exponent(tick)}` : "1"]) });
  if (view.width < 500)  // no room side by side
    [...view.root.querySelectorAll("text")].slice(0, stages.length).forEach((tick, n) => tick.setAttribute("dy", n % 2 ? 14 : 0));
  const path = (row) => line(row.map((_, n) => view.px(n)), row.map((value) => view.py(power(value))));
  const faint = rows.map((row) => draw("path", { d: path(row), fill: "none", stroke: "var(--v-muted)", "stroke-width": 1.2, opacity: 0.5 }));
  const chosen = draw("path", { fill: "none", stroke: "var(--v-video)", "stroke-width": 2.6 });
  const dots = stages.map((_, n) => draw("circle", { cx: view.px(n), r: 4.5, fill: "var(--v-video)" }));
  const bar = draw("line", { x1: view.left, x2: view.width - view.right, stroke: "var(--v-ink)", "stroke-width": 2, "stroke-dasharray": "6 4" });
  const tag = draw("text", { x: view.left + 8, "font-weight": 600 }, "bound of the test");
  // The number of each mistake at the end of its line; numbers that would meet are pushed apart.
  let above = Infinity;
  const ends = rows.map((row, n) => [view.py(power(row.at(-1))), n]).filter(([, n]) => n).sort(([a], [b]) => b - a)
    .map(([y, n]) => draw("text", { x: view.px(stages.length - 1) + 9, y: (above = Math.min(y + 4, above - 12)) }, `${n}`));
  view.root.append(...faint, ...ends, bar, tag, chosen, ...dots);
  const says = sentence();
  const picker = choice({ label: "The port has", names: names.map((name, n) => (n ? `${n}: ${name}` : name)), value: model.get("mistake"),
    onpick: (number) => { send(model, "mistake", number); update(); } });
  const strict = slider({ label: "Bound of the test", min: lowest, max: 0, step: 0.5, value: model.get("bound"),
    show: (value) => (value ? `10${exponent(value)}` : "1"), oninput: (value) => { send(model, "bound", value); update(); } });
  dragged(view.root, (_, y) => {
    const share = (view.height - view.bottom - y) / (view.height - view.top - view.bottom);
    const value = clamp(Math.round(2 * (lowest + share * (highest - lowest))) / 2, lowest, 0);
    strict.set(value); send(model, "bound", value); update();
  });
  box.append(view.root, strict.root, picker.root, says);
  function update() {
    const [mistake, bound] = [model.get("mistake"), model.get("bound")];
    const row = rows[mistake];
    chosen.setAttribute("d", path(row));
    dots.forEach((dot, n) => dot.setAttribute("cy", view.py(power(row[n]))));
    for (const [name, value] of [["y1", bound], ["y2", bound]]) bar.setAttribute(name, view.py(value));
    tag.setAttribute("y", view.py(bound) - 6);
    const first = row.findIndex((value) => value > 10 ** bound);
    const passes = rows.flatMap((other, n) => (n && other.at(-1) <= 10 ** bound ? [names[n]] : []));
    says.textContent = `${names[mistake][0].toUpperCase()}${names[mistake].slice(1)}: the feature is off by ${row.at(-1).toExponential(0)} of its largest value; `
      + (first < 0 ? "nothing is beyond the bound. " : `first beyond the bound: ${stages[first]}. `)
      + (passes.length ? `A test of the feature with this bound lets through ${passes.length} of ${names.length - 1}: ${passes.join("; ")}.`
        : "A test of the feature with this bound finds them all.");
  }
  model.on("change:passes", update);
  model.on("change:deviations", update);
  update();
}
export default { render };
