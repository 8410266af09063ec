function render({ model, el: root }) {
  const box = stage(model, root);
  const [kinds, names, sounds, own, pictures, captions, table] =
    ["kinds", "names", "sounds", "own", "pictures", "captions", "table"].map((name) => model.get(name));
  const says = sentence();
  let player = null;
  const list = el("select", { "aria-label": "what is asked", onchange: () => ask(model.get("query")[0], Number(list.value)) });
  const listen = el("button", { type: "button", onclick: () => play() }, "▶ Listen");
  const kind = choice({ label: "Ask with", names: kinds, value: model.get("query")[0], onpick: (number) => ask(number, 0) });
  const tiles = pictures.map((uri, number) => {
    const place = el("strong");
    const bar = el("div", { style: "height:6px;background:var(--v-video);border-radius:3px" });
    const cosine = el("span");
    const tile = el("li", {}, el("img", { src: uri, alt: captions[number], title: captions[number], style: "width:100%;border-radius:3px;image-rendering:auto" }),
      el("div", {}, place, " ", cosine), bar);
    return { tile, place, bar, cosine };
  });
  const shelf = el("ol", { class: "vatt-live-tiles", style: "list-style:none;padding:0" }, tiles.map(({ tile }) => tile));
  box.append(kind.root, el("div", { class: "vatt-control" }, list, listen), says, shelf);

  function play() {
    player?.pause();
    const [k, n] = model.get("query");
    player = new Audio(sounds[k][n]);
    player.play().catch(() => {});
  }
  function ask(k, n) {
    send(model, "query", [k, n]);
    update();
  }
  function update() {
    const [k, n] = model.get("query");
    const cosines = table.cosines[k][n];  // what Python puts into the output traits of the same query
    const order = cosines.map((_, number) => number).sort((a, b) => cosines[b] - cosines[a] || a - b);
    if (Number(list.dataset.kind ?? -1) !== k) {
      list.replaceChildren(...names[k].map((name, number) => el("option", { value: number }, name)));
      list.dataset.kind = k;
    }
    list.value = n;
    listen.style.display = sounds[k].length ? "" : "none";
    order.forEach((number, place) => {
      const { tile, place: rank, bar, cosine } = tiles[number];
      const mine = number === own[k][n];
      rank.textContent = `${place + 1}${mine ? " ✓" : ""}`;
      cosine.textContent = cosines[number].toFixed(2);
      bar.style.width = `${clamp(50 * (1 + cosines[number]), 2, 100)}%`;
      tile.style.outline = place === 0 ? "2px solid var(--v-ink)" : "";
      shelf.append(tile);
    });
    const right = own[k][n];
    says.textContent = `First: “${captions[order[0]]}”.` +
      (right >= 0 ? ` The right one is number ${order.indexOf(right) + 1} of ${order.length}.` : "");
  }
  model.on("change:order", update);
  update();
  return () => player?.pause();
}
export default { render };
