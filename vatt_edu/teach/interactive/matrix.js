function render({ model, el: root }) {
  const box = stage(model, root);
  const count = model.get("cosines")[0].length, size = 42, left = 62, top = 22;
  const says = sentence();
  const grid = draw("svg", { viewBox: `0 0 ${left + count * size + 4} ${top + count * size + 4}`, role: "group",
    "aria-label": "cosines: one row a clip, one column a sound; arrow keys choose a clip" });
  grid.style.maxWidth = "34rem";
  const cells = [];
  grid.append(draw("text", { x: left - 6, y: top - 6, "text-anchor": "end" }, "sound"));  // its numbers stand over the columns
  for (let row = 0; row < count; row++) {
    grid.append(draw("text", { x: left - 6, y: top + (row + 0.6) * size, "text-anchor": "end" }, `clip ${row + 1}`),
                draw("text", { x: left + (row + 0.5) * size, y: top - 6, "text-anchor": "middle" }, String(row + 1)));
    for (let column = 0; column < count; column++) {
      const place = { x: left + column * size, y: top + row * size };
      const cell = draw("rect", { ...place, width: size - 1, height: size - 1, onclick: () => pick(row === model.get("clip") ? column : row) });
      const value = draw("text", { x: place.x + size / 2, y: place.y + size / 2 + 4, "text-anchor": "middle", "pointer-events": "none" });
      grid.append(cell, value);
      cells.push({ row, column, cell, value });
    }
  }
  for (let n = 0; n < count; n++)
    grid.append(draw("rect", { x: left + n * size + 1, y: top + n * size + 1, width: size - 3, height: size - 3, fill: "none",
                               stroke: "var(--v-ink)", "stroke-width": 2, "pointer-events": "none" }));
  arrows(grid, (dx, dy) => pick(clamp(model.get("clip") + Math.sign(dx + dy), 0, count - 1)));
  const models = el("div");
  const list = () => models.replaceChildren(choice({ label: "Model", names: model.get("names"), value: model.get("stage"),
    onpick: (number) => { send(model, "stage", number); update(); } }).root);
  list();
  const heat = slider({ label: "Temperature", min: 0.05, max: 1, step: 0.05, value: model.get("temperature"), show: (v) => v.toFixed(2),
    oninput: (value) => { send(model, "temperature", value); update(); } });
  box.append(models, grid, says, heat.root);

  function pick(number) {
    send(model, "clip", number);
    update();
  }
  function nce(table, temperature, own) {  // the same sum as losses() in matrix.py
    const terms = [...table[own], ...table.map((row) => row[own])].map((cosine) => Math.exp((cosine - table[own][own]) / temperature));
    return Math.log(terms.reduce((sum, term) => sum + term, 0));
  }
  function update() {
    const [table, clip, temperature] = [model.get("cosines")[model.get("stage")], model.get("clip"), model.get("temperature")];
    for (const { row, column, cell, value } of cells) {
      const cosine = table[row][column], lit = row === clip || column === clip;
      cell.setAttribute("fill", cosine < 0 ? "var(--v-audio)" : "var(--v-video)");
      cell.setAttribute("fill-opacity", (0.04 + 0.5 * Math.min(1, Math.abs(cosine))).toFixed(3));
      cell.setAttribute("stroke", lit ? "var(--v-ink)" : "none");
      cell.setAttribute("stroke-dasharray", "2 2");
      value.textContent = cosine.toFixed(2);
      value.style.fontWeight = row === column ? "700" : "400";
    }
    const each = table.map((_, number) => nce(table, temperature, number));
    const mean = each.reduce((sum, loss) => sum + loss, 0) / count;
    const best = table.filter((row, number) => row.every((cosine, column) => column === number || cosine < row[number])).length;
    says.textContent = `Each clip picking alone, ${best} of ${count} pick their own sound. Loss of clip ${clip + 1}, from its row and column: ` +
      `${each[clip].toFixed(2)}; mean of all: ${mean.toFixed(2)}. A model that knows nothing has ${Math.log(2 * count).toFixed(2)}.`;
  }
  for (const text of grid.querySelectorAll("text")) text.style.fontSize = "13px";  // still legible on a phone
  model.on("change:names", () => { list(); update(); });  // a later cell has added one
  model.on("change:loss", update);
  update();
}
export default { render };
