// Hours, energy and money of a training (tested against vatt_edu.cost.run_cost).
function billOf({ flops, activations, state }, { batch, steps, count, utilization, price, cores, clips }, [, peak, room, watts]) {
  const memory = state + (activations * batch) / count;
  const passes = memory > room ? 4 : 3; // in pieces, clips pass forward twice
  const compute = (passes * flops * batch * steps) / (peak * utilization * count) / 3600;
  const decode = (batch * steps) / (clips * cores * count) / 3600;
  const hours = Math.max(compute, decode);
  return { compute, decode, hours, energy: (hours * count * watts) / 1000, money: hours * count * price,
    memory };
}

function render({ model, el: root }) {
  const box = stage(model, root);
  const [models, chips, table] = ["models", "chips", "table"].map((name) => model.get(name));
  const [width, left, right, height] = [room(600), 6, 6, 126];
  const view = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", style: `max-width: ${width}px`,
    "aria-label": "two bars: days that the chips compute, and days that the cores decode" });
  const bars = ["chips compute", "cores decode"].map((name, row) => {
    const y = 22 + 56 * row;
    const bar = draw("rect", { x: left, y, height: 26, fill: "var(--v-ink)", stroke: "var(--v-plate)" });
    const title = draw("text", { x: left, y: y - 6 });
    view.append(bar, title);
    return { name, bar, title };
  });
  const says = sentence();
  const big = (value) => (value >= 100 ? Math.round(value).toLocaleString("en-US") : value.toLocaleString("en-US", { maximumSignificantDigits: 3 }));
  const short = (value) => (value >= 100 ? big(value) : value >= 1 ? value.toFixed(1) : value.toPrecision(2));
  const power = (value) => Math.round(Math.log2(value));
  const picked = choice({ label: "Model", names: models, value: models.indexOf(model.get("model")), onpick: (n) => set("model", models[n]) });
  const chip = choice({ label: "Chip", names: chips.map(([name]) => name), value: model.get("chip"), onpick: (n) => set("chip", n) });
  const sliders = [
    slider({ label: "Keep rate", min: 5, max: 100, step: 5, value: Math.round(100 * model.get("keep")), show: (v) => `${v}%`, oninput: (v) => set("keep", v / 100) }),
    slider({ label: "Clips in a batch", min: 7, max: 13, step: 1, value: power(model.get("batch")), show: (v) => (2 ** v).toLocaleString("en-US"), oninput: (v) => set("batch", 2 ** v) }),
    slider({ label: "Chips", min: 0, max: 10, step: 1, value: power(model.get("count")), show: (v) => (2 ** v).toLocaleString("en-US"), oninput: (v) => set("count", 2 ** v) }),
    slider({ label: "Share of the peak", min: 2, max: 60, step: 0.1, value: 100 * model.get("utilization"), show: (v) => `${v.toFixed(1)}%`, oninput: (v) => set("utilization", v / 100) }),
    slider({ label: "Dollars an hour", min: 50, max: 1000, step: 25, value: Math.round(100 * model.get("price")), show: (v) => (v / 100).toFixed(2), oninput: (v) => set("price", v / 100) }),
    slider({ label: "Cores for a chip", min: 1, max: 256, step: 1, value: model.get("cores"), oninput: (v) => set("cores", v) }),
  ];
  box.append(picked.root, chip.root, ...sliders.map(({ root: node }) => node), view, says);

  function set(name, value) { send(model, name, value); update(); }
  function update() {
    const get = (name) => model.get(name);
    [Math.round(100 * get("keep")), power(get("batch")), power(get("count")), 100 * get("utilization"), Math.round(100 * get("price")), get("cores")]
      .forEach((value, n) => sliders[n].set(value));
    picked.root.querySelectorAll("input").forEach((input, n) => { input.checked = models[n] === get("model"); });
    chip.root.querySelectorAll("input").forEach((input, n) => { input.checked = n === get("chip"); });
    const [flops, activations, state] = table[get("model")][Math.round(20 * get("keep")) - 1];
    const settings = { batch: get("batch"), steps: get("steps"), count: get("count"), utilization: get("utilization"),
      price: get("price"), cores: get("cores"), clips: get("clips_a_second") };
    const own = chips[get("chip")];
    const bill = billOf({ flops, activations, state }, settings, own);
    [bill.compute, bill.decode].forEach((hours, row) => {
      const { name, bar, title } = bars[row];
      bar.setAttribute("width", Math.max(1, (hours / bill.hours) * (width - left - right)));
      bar.setAttribute("opacity", hours === bill.hours ? 0.9 : 0.4);
      title.textContent = `${name}: ${short(hours / 24)} days`;
    });
    const binds = bill.decode > bill.compute ? "the cores are the slower part, so the chips wait" : "the chips are the slower part";
    const many = settings.count > 1 ? `${settings.count.toLocaleString("en-US")} chips` : "1 chip";
    const fits = bill.memory <= own[2] ? "which fits" : `which does not fit: the batch goes through in pieces, and four passes are paid instead of three`;
    says.textContent = `${get("model")} on ${many} (${own[0]}): ${short(bill.hours / 24)} days, ${short(bill.energy / 1000)} MWh, ` +
      `${big(bill.money)} dollars; ${binds}. Memory for a chip: ${short(bill.memory / 1e9)} GB of ${big(own[2] / 1e9)}, ${fits}.`;
  }
  for (const name of ["model", "keep", "batch", "chip", "count", "utilization", "price", "cores"]) model.on(`change:${name}`, update);
  update();
}
export default { render };
