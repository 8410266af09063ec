function render({ model, el: root }) {
  const box = stage(model, root);
  const [grid, heads, time, levels, table] = ["grid", "heads", "time", "levels", "table"].map((name) => model.get(name));
  const [frames, rows, columns] = grid;
  const places = rows * columns;
  const tokens = 1 + frames * places;
  const bytes = model.get("packed");
  const packed = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const code = (n) => (n % 2 ? packed[n >> 1] & 15 : packed[n >> 1] >> 4);
  const screens = [...Array(frames).keys()].map((moment) => {
    const picture = draw("svg", { viewBox: `0 0 ${columns} ${rows}`, role: "img",
      "aria-label": moment === time ? "the moment whose places can be chosen, with the arrow keys or by clicking" : `moment ${moment + 1} of ${frames}` });
    Object.assign(picture.style, { backgroundImage: `url(${model.get("strip")})`, backgroundSize: `${frames * 100}% 100%`,
      backgroundPosition: `${(100 * moment) / Math.max(1, frames - 1)}% 0`, imageRendering: "pixelated", borderRadius: "4px" });
    const tiles = [...Array(places).keys()].map((place) => draw("rect", { x: place % columns, y: Math.floor(place / columns),
      width: 1, height: 1, fill: "#000" }));
    const mark = draw("rect", { width: 0.9, height: 0.9, fill: "none", stroke: "#fff", "stroke-width": 0.12 });
    const edge = draw("rect", { width: 1, height: 1, fill: "none", stroke: "#000", "stroke-width": 0.08 });
    picture.append(...tiles, edge, mark);
    dragged(picture, (x, y) => pick(clamp(Math.floor(y), 0, rows - 1) * columns + clamp(Math.floor(x), 0, columns - 1)));
    if (moment === time) arrows(picture, (dx, dy) => {
      const place = Math.max(0, model.get("place"));
      pick(clamp(Math.floor(place / columns) + dy, 0, rows - 1) * columns + clamp((place % columns) + dx, 0, columns - 1));
    });
    const caption = el("div", { style: "text-align:center" }, moment === time ? el("strong", {}, "choose here") : `moment ${moment + 1}`);
    return { root: el("div", {}, picture, caption), tiles, mark, edge };
  });
  const film = el("div", { style: `display:grid;gap:0.5rem;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr))` }, screens.map((one) => one.root));
  // AGG has no place in the clip: a tile of its own, white where it is read.
  const shade = draw("rect", { width: 1, height: 1, fill: "#000" });
  const ring = draw("rect", { x: 0.08, y: 0.08, width: 0.84, height: 0.84, fill: "none", stroke: "var(--v-video)", "stroke-width": 0.16 });
  const tile = draw("svg", { viewBox: "0 0 1 1", role: "img", "aria-label": "AGG's tile" });
  Object.assign(tile.style, { background: "#fff", border: "1px solid var(--v-muted)", borderRadius: "4px", cursor: "pointer", height: "2.2rem", width: "2.2rem" });
  tile.append(shade, ring);
  tile.addEventListener("click", () => pick(-1));
  const agg = el("button", { type: "button", onclick: () => pick(-1) }, "AGG reads");
  const which = choice({ label: "Layer", names: table.numbers.map((_, n) => `${n + 1}`), value: model.get("layer"),
    onpick: (n) => { send(model, "layer", n); update(); } });
  const head = choice({ label: "Head", names: [...Array(heads).keys()].map((n) => `${n + 1}`), value: model.get("head"),
    onpick: (n) => { send(model, "head", n); update(); } });
  const says = sentence();
  box.append(film, el("div", { class: "vatt-control" }, tile, agg), which.root, head.root, says);
  function pick(place) { send(model, "place", place); update(); }
  function update() {
    const [place, layer, number] = ["place", "layer", "head"].map((name) => model.get(name));
    const start = ((layer * heads + number) * (1 + places) + place + 1) * tokens;
    screens.forEach(({ tiles, mark, edge }, moment) => {
      // What is read from is left light, all else is darkened: a row's largest weight is bright.
      tiles.forEach((tile, n) => tile.setAttribute("fill-opacity", 0.88 * (1 - code(start + 1 + moment * places + n) / levels)));
      const here = moment === time && place >= 0;
      [mark, edge].forEach((frame, n) => {
        frame.setAttribute("x", (Math.max(0, place) % columns) + (n ? 0 : 0.05));
        frame.setAttribute("y", Math.floor(Math.max(0, place) / columns) + (n ? 0 : 0.05));
        frame.setAttribute("visibility", here ? "visible" : "hidden");
      });
    });
    shade.setAttribute("fill-opacity", 0.88 * (1 - code(start) / levels));
    ring.setAttribute("visibility", place < 0 ? "visible" : "hidden");
    agg.setAttribute("aria-pressed", String(place < 0));
    const [looks, onAgg, own, same] = table.numbers[layer][number][place + 1];
    const share = (value) => `${(100 * value).toFixed(1)}%`;
    const who = place < 0 ? "AGG" : `the tile in row ${Math.floor(place / columns)}, column ${place % columns} (from 0)`;
    says.textContent = `Layer ${layer + 1}, head ${number + 1}: ${who} looks at about ${looks.toFixed(looks < 10 ? 1 : 0)} of ${tokens} tokens. `
      + (place < 0 ? `On itself: ${share(own)}.` : `On AGG: ${share(onAgg)}, on itself ${share(own)}, on the same place at other times ${share(same)}.`);
  }
  model.on("change:weights", update);
  update();
}
export default { render };
