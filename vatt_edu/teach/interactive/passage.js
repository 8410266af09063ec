function render({ model, el: root }) {
  const box = stage(model, root);
  const [factors, chance, orders, table] = ["factors", "chance", "orders", "table"].map((name) => model.get(name));
  const most = table.shares[0].length;
  const names = [...factors.map((factor) => `right ${factor}`), "clip in the first 5"];
  const high = 26;
  const view = plane({ width: 360, height: names.length * high + 40, x: [0, 1], y: [0, 1], left: 112, right: 44, top: 4, bottom: 34,
    label: "share of sentences that find what they name", xlabel: "sentences", xticks: [[0, "0%"], [0.5, "50%"], [1, "100%"]] });
  view.root.style.maxWidth = "32rem";
  const bars = names.map((name, n) => {
    const y = 8 + n * high;
    const bar = draw("rect", { x: view.left, y, height: 16, fill: n === factors.indexOf("color") ? "var(--v-video)" : "var(--v-text)" });
    const number = draw("text", { y: y + 12 });
    view.root.append(draw("text", { x: view.left - 6, y: y + 12, "text-anchor": "end" }, name), bar, number);
    if (n < chance.length)
      view.root.append(draw("line", { x1: view.px(chance[n]), x2: view.px(chance[n]), y1: y - 3, y2: y + 19, stroke: "var(--v-ink)", "stroke-width": 2, "stroke-dasharray": "3 2" }));
    return { bar, number };
  });
  const says = sentence();
  const components = (value) => `${value} component${value === 1 ? "" : "s"}`;
  const set = (name, value) => { send(model, name, value); update(); };
  const which = choice({ label: "Through the passage:", names: orders, value: model.get("order"), onpick: (value) => set("order", value) });
  const number = slider({ label: "How many", min: 1, max: most, step: 1, value: model.get("count"), show: components, oninput: (value) => set("count", value) });
  box.append(which.root, number.root, view.root, says);
  dragged(view.root, (x) => {
    const value = clamp(Math.round(1 + ((x - view.left) / (360 - view.left - view.right)) * (most - 1)), 1, most);
    number.set(value);
    set("count", value);
  });
  function update() {
    const [count, order] = [model.get("count"), model.get("order")];
    const shares = table.shares[order][count - 1];
    bars.forEach(({ bar, number }, n) => {
      bar.setAttribute("width", view.px(shares[n]) - view.left);
      number.setAttribute("x", view.px(shares[n]) + 5);
      number.textContent = percent(shares[n]);
    });
    const worst = factors.reduce((low, _, n) => (shares[n] - chance[n] < shares[low] - chance[low] ? n : low), 0);
    const list = factors.map((factor, n) => `${factor} ${percent(shares[n])}`).join(", ");
    says.textContent = `${order ? "Without the" : "With only the"} ${components(count)} that vary most: ${list}. Nearest to chance (dashed): ${factors[worst]}.`;
  }
  model.on("change:shares", update);
  update();
}
export default { render };
