// FLOPs of a layer: 24 d² for each token, and 2 d n² for each of the two products (tested against vatt_edu.cost).
function layerFlops(tokens, width) {
  return { linear: 24 * width ** 2 * tokens, products: 4 * width * tokens ** 2 };
}

function render({ model, el: root }) {
  const box = stage(model, root);
  const sizes = model.get("sizes");
  const [width, left, height] = [360, 6, 172];
  const full = width - 2 * left;
  const view = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", style: "max-width: 34rem",
    "aria-label": "two bars: the work of an encoder layer with all tokens and with those that are kept, in attention's products and the rest" });
  const bars = [24, 96].map((y) => {
    const parts = ["var(--v-muted)", "var(--v-ink)", "var(--v-ink)"].map((fill, n) =>
      draw("rect", { y, height: 30, fill, opacity: n ? 0.9 : 0.45, stroke: "var(--v-plate)" }));
    const title = draw("text", { x: left, y: y - 6, "font-weight": 600 });
    view.append(title, ...parts);
    return { parts, title };
  });
  const marks = ["if all were quadratic", "if nothing were"].map((name, n) => {
    const tick = draw("line", { y1: 96, y2: 136, stroke: "var(--v-ink)", "stroke-dasharray": "3 2" });
    const text = draw("text", { y: 149 + 15 * n });
    view.append(tick, text);
    return { name, tick, text };
  });
  const inside = draw("text", { y: 68, "text-anchor": "end", x: width - left });
  view.append(inside);
  const says = sentence();
  const log = (value) => Math.round(40 * Math.log2(value));
  const count = (value) => value.toLocaleString("en-US");
  const tokens = slider({ label: "Tokens", min: log(16), max: log(131072), step: 1, value: log(model.get("tokens")), show: () => count(model.get("tokens")),
    oninput: (value) => set({ tokens: Math.round(2 ** (value / 40)) }) });
  const wide = slider({ label: "Width of a token", min: log(64), max: log(16384), step: 10, value: log(model.get("width")), show: () => count(model.get("width")),
    oninput: (value) => set({ width: Math.round(2 ** (value / 40)) }) });
  const keep = slider({ label: "Keep rate", min: 5, max: 100, step: 5, value: Math.round(100 * model.get("keep")), show: (value) => `${value}%`,
    oninput: (value) => set({ keep: value / 100 }) });
  const picked = choice({ label: "Model", names: sizes.map(([name]) => name),
    value: sizes.findIndex(([, n, d]) => n === model.get("tokens") && d === model.get("width")),
    onpick: (number) => set({ tokens: sizes[number][1], width: sizes[number][2] }) });
  box.append(picked.root, tokens.root, wide.root, keep.root, view, says);

  function set(values) {
    for (const [name, value] of Object.entries(values)) send(model, name, value);
    update();
  }
  function update() {
    const [n, d, rate] = ["tokens", "width", "keep"].map((name) => model.get(name));
    tokens.set(log(n)); wide.set(log(d)); keep.set(Math.round(100 * rate));
    picked.root.querySelectorAll("input").forEach((input, number) => { input.checked = sizes[number][1] === n && sizes[number][2] === d; });
    const kept = Math.max(Math.floor(rate * n), 1);
    const [whole, part] = [layerFlops(n + 1, d), layerFlops(kept + 1, d)];
    const total = whole.linear + whole.products;
    const rest = (part.linear + part.products) / total;
    [[whole, `all ${count(n)} tokens`], [part, `${count(kept)} kept: ${percent(rest)} of the work`]].forEach(([flops, title], row) => {
      const lengths = [flops.linear, flops.products / 2, flops.products / 2].map((value) => (value / total) * full);
      let x = left;
      bars[row].parts.forEach((rect, m) => { rect.setAttribute("x", x); rect.setAttribute("width", lengths[m]); x += lengths[m]; });
      bars[row].title.textContent = title;
    });
    inside.textContent = `right end: attention's two products, ${percent(whole.products / total)}`;
    [rate ** 2, rate].forEach((share, m) => {
      const x = left + share * full;
      marks[m].tick.setAttribute("x1", x); marks[m].tick.setAttribute("x2", x);
      marks[m].text.textContent = `${marks[m].name}: ${percent(share)}`;
      marks[m].text.setAttribute("x", clamp(x, left, width - left));
      marks[m].text.setAttribute("text-anchor", share > 0.5 ? "end" : "start");
    });
    says.textContent = `${count(n)} tokens of width ${count(d)}: attention's two products are ${percent(whole.products / total)} of the layer. ` +
      `With ${count(kept)} tokens kept, ${percent(rest)} of the work is left: ${(1 / rest).toFixed(1)} times cheaper.`;
  }
  for (const name of ["tokens", "width", "keep"]) model.on(`change:${name}`, update);
  update();
}
export default { render };
