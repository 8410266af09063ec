function render({ model, el: root }) {
  const box = stage(model, root);
  const [steps, losses, recalls, sentences, own, cosines] =
    ["steps", "losses", "recalls", "sentences", "own", "cosines"].map((name) => model.get(name));
  const last = steps.at(-1), count = cosines[0][0].length, width = room(640);
  const high = Math.ceil(10 * Math.max(...losses)) / 10, low = Math.floor(10 * Math.min(...losses)) / 10;
  const mean = (label, y, yticks, values, color, xlabel = "") => {
    const view = plane({ width, height: xlabel ? 112 : 92, x: [0, last], y, left: 44, right: 12, top: 20, bottom: xlabel ? 34 : 16, label,
      yticks, xlabel, xticks: xlabel ? steps.filter((_, n) => n % Math.ceil(steps.length / 6) === 0) : [] });
    const cursor = draw("line", { y1: view.top, y2: view.height - view.bottom, stroke: "var(--v-ink)", "stroke-width": 2 });
    view.root.append(draw("text", { x: view.left + 4, y: 12, "font-weight": 600 }, label),
      draw("path", { d: line(steps.map(view.px), values.map(view.py)), fill: "none", stroke: color, "stroke-width": 2 }), cursor);
    dragged(view.root, (x) => {
      const step = ((x - view.left) / (view.width - view.left - view.right)) * last;
      go(steps.reduce((best, value, n) => (Math.abs(value - step) < Math.abs(steps[best] - step) ? n : best), 0));
    });
    return { view, cursor };
  };
  const top = Math.ceil(10 * Math.max(...recalls)) / 10;
  const curves = [
    mean("loss", [low, high], [low, high].map((value) => [value, value.toFixed(1)]), losses, "var(--v-muted)"),
    mean("sentences that find their clip among five", [0, top], [[0, "0%"], [top, percent(top)]], recalls, "var(--v-text)", "steps"),
  ];
  const strip = plane({ width, height: 96, x: [-1, 1], y: [0, 1], left: 16, right: 16, top: 8, bottom: 34,
    label: "cosine of the chosen sentence with every clip", xlabel: "cosine with the sentence", xticks: [-1, -0.5, 0, 0.5, 1] });
  const dots = Array.from({ length: count }, (_, n) =>
    draw("circle", { r: 3, cy: strip.py(0.25 + 0.4 * ((n * 0.618) % 1)), fill: "var(--v-muted)", "fill-opacity": 0.55 }));
  const mine = draw("g", {}, draw("circle", { r: 7, cy: strip.py(0.45), fill: "var(--v-video)", stroke: "var(--v-plate)", "stroke-width": 2 }),
    draw("text", { y: strip.py(0.95) + 4, "text-anchor": "middle", "font-weight": 600 }, "its own"));
  strip.root.append(...dots, mine);
  const says = sentence();
  const time = slider({ label: "Steps trained", min: 0, max: steps.length - 1, step: 1, value: model.get("moment"),
    show: (number) => String(steps[number]), oninput: go });
  const which = choice({ label: "Sentence", names: sentences, value: model.get("query"),
    onpick: (number) => { send(model, "query", number); update(); } });
  box.append(time.root, curves[0].view.root, curves[1].view.root, which.root, strip.root, says);

  function go(number) {
    time.set(number);
    send(model, "moment", number);
    update();
  }
  function update() {
    const [moment, query] = [model.get("moment"), model.get("query")];
    for (const { view, cursor } of curves) {
      cursor.setAttribute("x1", view.px(steps[moment]));
      cursor.setAttribute("x2", view.px(steps[moment]));
    }
    const row = cosines[moment][query], target = row[own[query]];
    dots.forEach((dot, n) => {
      dot.setAttribute("cx", strip.px(row[n]));
      dot.setAttribute("visibility", n === own[query] ? "hidden" : "visible");
    });
    mine.setAttribute("transform", `translate(${strip.px(target)} 0)`);
    const rank = row.filter((value) => value >= target).length;  // ties stand before it, as in metrics.ranks
    says.textContent = `After ${steps[moment]} steps the loss is ${losses[moment].toFixed(2)}, and ${percent(recalls[moment])} of the sentences ` +
      `find their clip among five. “${sentences[query]}” has its own clip at rank ${rank} of ${count}.`;
  }
  for (const name of ["moment", "query", "rank"]) model.on(`change:${name}`, update);
  update();
}
export default { render };
