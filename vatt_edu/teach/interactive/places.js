function render({ model, el: root }) {
  const box = stage(model, root);
  const [names, rows, columns, table] = ["names", "rows", "columns", "table"].map((name) => model.get(name));
  const cell = 44;
  const view = draw("svg", { viewBox: `0 0 ${columns * cell} ${rows * cell}`, role: "img", style: "max-width: 23rem; cursor: crosshair",
    "aria-label": "a grid of places; each shows the cosine of its position with that of the chosen place; arrow keys choose another" });
  const squares = [], numbers = [];
  for (let n = 0; n < rows * columns; n++) {
    const [x, y] = [(n % columns) * cell, Math.floor(n / columns) * cell];
    squares.push(draw("rect", { x: x + 1, y: y + 1, width: cell - 2, height: cell - 2, rx: 3 }));
    numbers.push(draw("text", { x: x + cell / 2, y: y + cell / 2 + 5, "text-anchor": "middle", style: "font-size: 14px" }));
  }
  const ring = draw("rect", { width: cell - 4, height: cell - 4, rx: 4, fill: "none", stroke: "var(--v-ink)", "stroke-width": 3 });
  view.append(...squares, ...numbers, ring);
  const says = sentence();
  const which = choice({ label: "Positions:", names, value: model.get("kind"), onpick: (kind) => { send(model, "kind", kind); update(); } });
  const down = slider({ label: "Row", min: 0, max: rows - 1, step: 1, value: 0, oninput: (row) => move(row, model.get("place") % columns) });
  const across = slider({ label: "Column", min: 0, max: columns - 1, step: 1, value: 0, oninput: (column) => move(Math.floor(model.get("place") / columns), column) });
  box.append(which.root, view, down.root, across.root, says);
  function move(row, column) {
    send(model, "place", clamp(row, 0, rows - 1) * columns + clamp(column, 0, columns - 1));
    update();
  }
  const signed = (hundredths) => (hundredths / 100).toFixed(2).replace("-", "−");
  function mean(values) {
    return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
  }
  function update() {
    const [place, kind] = [model.get("place"), model.get("kind")];
    const [row, column] = [Math.floor(place / columns), place % columns];
    const cosines = table.cosines[kind][place];
    cosines.forEach((cosine, n) => {
      const strength = Math.min(1, Math.abs(cosine) / 100);
      squares[n].setAttribute("fill", cosine < 0 ? "var(--v-audio)" : "var(--v-video)");
      squares[n].setAttribute("fill-opacity", (0.03 + 0.5 * strength).toFixed(2));
      numbers[n].textContent = n === place ? "1" : signed(cosine).replace("0.", ".");
    });
    ring.setAttribute("x", column * cell + 2);
    ring.setAttribute("y", row * cell + 2);
    down.set(row);
    across.set(column);
    const groups = [[], []];
    cosines.forEach((cosine, n) => {
      const shared = (Math.floor(n / columns) === row) + (n % columns === column);
      if (n !== place) groups[shared ? 0 : 1].push(cosine);
    });
    says.textContent = `${names[kind]}, row ${row}, column ${column}: mean cosine ${signed(mean(groups[0]))} with the places of its row and its column, `
      + `${signed(mean(groups[1]))} with all others.`;
  }
  dragged(view, (x, y) => move(Math.floor(y / cell), Math.floor(x / cell)));
  arrows(view, (dx, dy) => move(Math.floor(model.get("place") / columns) + dy, (model.get("place") % columns) + dx));
  model.on("change:cosines", update);
  update();
}
export default { render };
