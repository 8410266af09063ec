// The best of k, as vatt_edu.evaluation.protocols.selection counts it (a test compares the two).
const MOST = 64, GRID = 2001, REACH = 9;

/** For k = 1 to MOST: how many deviations the largest of k normal numbers lies above their mean, on average. */
function expectedBest() {
  const step = (2 * REACH) / (GRID - 1), best = new Float64Array(MOST + 1);
  let below = 0, before = 0;
  for (let n = 0; n < GRID; n++) {
    const z = -REACH + n * step, density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    if (n) below += ((before + density) * step) / 2;
    before = density;
    for (let k = 1, power = 1; k <= MOST; k++, power *= below) best[k] += z * k * density * power * step;
  }
  return best;
}

const gallerySpread = (share, queries) => 100 * Math.sqrt((share * (1 - share)) / queries);

/** Points above the mean of the candidates: where it was chosen, the same model elsewhere, its recipe trained anew. */
function winnerOf(best, { recipe, seed, gallery }) {
  const [a, b, c] = [recipe, seed, gallery].map((x) => x * x), whole = a + b + c;
  return [whole, a + b, a].map((part) => (whole ? (best * part) / Math.sqrt(whole) : 0));
}

function render({ model, el: root }) {
  const box = stage(model, root), best = expectedBest(), share = model.get("share");
  const NAMES = ["where it was chosen", "the same model, another gallery", "the same recipe, another seed"];
  const COLORS = ["var(--v-audio)", "var(--v-video)", "var(--v-text)"], DASHES = ["none", "7 3", "2 3"];
  const width = room(640), log = (k) => Math.log2(k), tops = [2, 5, 10, 20, 40], all = Array.from({ length: MOST }, (_, n) => n + 1);
  const keys = NAMES.map((name, n) => {
    const words = draw("text", { x: 40, y: 15 + 19 * n });
    const row = draw("g", {}, draw("line", { x1: 4, x2: 32, y1: 10 + 19 * n, y2: 10 + 19 * n, stroke: COLORS[n], "stroke-width": 3, "stroke-dasharray": DASHES[n] }), words);
    return { name, words, row };
  });
  const legend = draw("svg", { viewBox: `0 0 ${width} 60`, role: "img", "aria-label": "what the three curves are, and their values" }, keys.map(({ row }) => row));
  const holder = el("div"), says = sentence();
  let top = 0, view, curves, dots, cursor;
  const clips = (value) => Math.round(2 ** (value / 2));
  const toClips = (value) => Math.round(2 * log(value));
  const point = (value) => `${value.toFixed(1)} points`;
  const inputs = {
    candidates: slider({ label: "Candidates", min: 1, max: MOST, step: 1, value: model.get("candidates"), oninput: (value) => set("candidates", value) }),
    recipe: slider({ label: "Recipes differ by", min: 0, max: 6, step: 0.5, value: model.get("recipe"), show: point, oninput: (value) => set("recipe", value) }),
    seed: slider({ label: "Seeds differ by", min: 0, max: 6, step: 0.5, value: model.get("seed"), show: point, oninput: (value) => set("seed", value) }),
    gallery: slider({ label: "Clips in the gallery", min: 10, max: 26, step: 1, value: toClips(model.get("gallery")),
      show: (value) => clips(value).toLocaleString("en-US"), oninput: (value) => set("gallery", clips(value)) }),
  };
  box.append(...Object.values(inputs).map((input) => input.root), legend, holder, says);

  function set(name, value) {
    send(model, name, value);
    update();
  }
  function parts() {
    return { recipe: model.get("recipe"), seed: model.get("seed"), gallery: gallerySpread(share, model.get("gallery")) };
  }
  function build() {
    view = plane({ width, height: 230, x: [0, log(MOST)], y: [0, top], left: 40, right: 14, top: 10, bottom: 36,
      label: "points above the mean of the candidates, over the number of candidates", xlabel: "candidates of which the best is chosen",
      xticks: [1, 2, 4, 8, 16, 32, 64].map((k) => [log(k), k]), yticks: [0, top / 2, top].map((y) => [y, y ? `+${y}` : "0"]) });
    cursor = draw("line", { y1: view.top, y2: view.height - view.bottom, stroke: "var(--v-muted)", "stroke-width": 1.5 });
    curves = COLORS.map((color, n) => draw("path", { fill: "none", stroke: color, "stroke-width": 2.5, "stroke-dasharray": DASHES[n] }));
    dots = COLORS.map((color) => draw("circle", { r: 6, fill: color, stroke: "var(--v-plate)", "stroke-width": 1.5 }));
    view.root.append(cursor, ...curves, ...dots);
    dragged(view.root, (x) => {
      const place = clamp((x - view.left) / (view.width - view.left - view.right), 0, 1);
      const k = Math.round(2 ** (place * log(MOST)));
      inputs.candidates.set(k);
      set("candidates", k);
    });
    holder.replaceChildren(view.root);
  }
  function update() {
    const sizes = parts(), k = model.get("candidates"), rows = all.map((n) => winnerOf(best[n], sizes));
    const needed = tops.find((value) => value >= rows.at(-1)[0]) ?? tops.at(-1);
    if (needed !== top) {
      top = needed;
      build();
    }
    curves.forEach((curve, n) => curve.setAttribute("d", line(all.map((m) => view.px(log(m))), rows.map((row) => view.py(row[n])))));
    const here = rows[k - 1], x = view.px(log(k));
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    dots.forEach((dot, n) => {
      dot.setAttribute("cx", x);
      dot.setAttribute("cy", view.py(here[n]));
    });
    keys.forEach(({ name, words }, n) => { words.textContent = `${name}: ${plus(here[n])}`; });
    const differ = model.get("recipe") ? `recipes whose true scores differ by ${point(model.get("recipe"))}` : "equal recipes";
    says.textContent = `The best of ${k} ${differ}, chosen on ${model.get("gallery").toLocaleString("en-US")} clips, looks ${plus(here[0])} points ` +
      `better than their mean. On another gallery the same model has ${plus(here[1])}. Trained again with another seed, its recipe has ${plus(here[2])}.`;
  }
  function plus(value) {
    const text = Math.abs(value).toFixed(2);
    return Number(text) ? `+${text}` : "0.00";
  }
  for (const name of ["candidates", "recipe", "seed", "gallery", "chosen", "same_model", "fresh_seed"]) model.on(`change:${name}`, update);
  update();
}
export default { render };
