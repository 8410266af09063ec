function render({ model, el: root }) {
  const box = stage(model, root), { scores, recalls, ranks } = model.get("table"), rules = model.get("rules");
  const count = scores[0].length, last = scores.length - 1, top = 22, narrow = room(640) < 420;
  const [left, size, side] = narrow ? [20, 31, 46] : [74, 38, 60];
  const grid = draw("svg", { viewBox: `0 0 ${left + count * size + side} ${top + count * size + 4}`, role: "img",
    "aria-label": "cosines with two decimals: one row a sentence, one column a clip, own clips on the diagonal; right of each row its rank" });
  grid.style.maxWidth = "34rem";
  const cells = [], places = [];
  grid.append(draw("text", { x: left - 6, y: top - 6, "text-anchor": "end" }, narrow ? "" : "clip"),
              draw("text", { x: left + count * size + 8, y: top - 6 }, narrow ? "rank" : "its rank"));
  for (let row = 0; row < count; row++) {
    const middle = top + (row + 0.6) * size;
    grid.append(draw("text", { x: left - 6, y: middle, "text-anchor": "end" }, narrow ? String(row + 1) : `sentence ${row + 1}`),
                draw("text", { x: left + (row + 0.5) * size, y: top - 6, "text-anchor": "middle" }, String(row + 1)));
    for (let column = 0; column < count; column++) {
      const x = left + column * size, y = top + row * size;
      const cell = draw("rect", { x, y, width: size - 1, height: size - 1 });
      const value = draw("text", { x: x + size / 2 - 0.5, y: y + size / 2 + 4, "text-anchor": "middle" });
      grid.append(cell, value);
      cells.push({ row, column, cell, value });
    }
    places.push(draw("text", { x: left + count * size + 8, y: middle }));
    grid.append(places[row]);
  }
  for (let n = 0; n < count; n++)
    grid.append(draw("rect", { x: left + n * size + 1, y: top + n * size + 1, width: size - 3, height: size - 3, fill: "none",
                               stroke: "var(--v-ink)", "stroke-width": 2 }));
  for (const text of grid.querySelectorAll("text")) text.style.fontSize = "12px";
  if (narrow) for (const { value } of cells) value.style.fontSize = "10px";  // bold "−0.12" fits its cell
  const most = narrow ? 118 : 230;  // the length of a bar of 100%
  const bars = draw("svg", { viewBox: `0 0 ${most + 214} 104`, role: "img", "aria-label": "R@1 by each of the four rules" });
  bars.style.maxWidth = "34rem";
  const lanes = rules.map((name, n) => {
    const y = 4 + n * 25, bar = draw("rect", { x: 118, y, height: 17, width: 0 });
    const words = draw("text", { x: 122, y: y + 13 });
    const label = draw("text", { x: 112, y: y + 13, "text-anchor": "end" }, name);
    bars.append(label, bar, words);
    for (const text of [label, words]) text.style.fontSize = "12px";
    return { bar, words, label };
  });
  const says = sentence();
  const shares = slider({ label: "Collapsed", min: 0, max: last, step: 1, value: model.get("step"),
    show: (step) => percent(step / last), oninput: (step) => { send(model, "step", step); update(); } });
  const rule = choice({ label: "Rule", names: rules, value: model.get("rule"),
    onpick: (number) => { send(model, "rule", number); update(); } });
  box.append(shares.root, rule.root, grid, bars, says);

  function update() {
    const step = model.get("step"), chosen = model.get("rule"), table = scores[step];
    for (const { row, column, cell, value } of cells) {
      const score = table[row][column], tied = row !== column && score === table[row][row];
      cell.setAttribute("fill", score < 0 ? "var(--v-audio)" : "var(--v-video)");
      cell.setAttribute("fill-opacity", (0.04 + 0.4 * Math.min(1, Math.abs(score))).toFixed(3));
      cell.setAttribute("stroke", tied ? "var(--v-ink)" : "none");
      cell.setAttribute("stroke-dasharray", "2 2");
      value.textContent = score.toFixed(2).replace("-", "−");
      value.style.fontWeight = row === column ? "700" : "400";
    }
    ranks[step][chosen].forEach(([low, high], row) => { places[row].textContent = low === high ? String(low) : `${low} to ${high}`; });
    lanes.forEach(({ bar, words, label }, n) => {
      const share = recalls[step][n];
      bar.setAttribute("width", (most * share).toFixed(1));
      bar.setAttribute("fill", "var(--v-video)");
      bar.setAttribute("fill-opacity", n === chosen ? 0.55 : 0.2);
      words.setAttribute("x", (124 + most * share).toFixed(1));
      words.textContent = `R@1 ${(100 * share).toFixed(1)}%`;
      for (const text of [words, label]) text.style.fontWeight = n === chosen ? "700" : "400";
    });
    const ties = cells.filter(({ row, column }) => row !== column && table[row][column] === table[row][row]).length;
    const given = ranks[step][chosen].reduce((sum, [low, high]) => sum + high - low + 1, 0);
    says.textContent = `${percent(step / last)} collapsed, ${ties} of ${count * (count - 1)} other clips as near as the own one. ` +
      `By "${rules[chosen]}": R@1 ${(100 * recalls[step][chosen]).toFixed(1)}% from ${given} ranks of ${count} sentences.`;
    shares.set(step);
  }
  model.on("change:recall", update);
  update();
}
export default { render };
