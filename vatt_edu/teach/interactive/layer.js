// The drawing layer that all live figures share. A figure's module is this text followed by its own, so it imports
// nothing and works in a notebook, on a served page and from disk alike.

const SVG = "http://www.w3.org/2000/svg";
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** An element of the page: el("p", {class: "note"}, "words", other). Attributes that start with "on" are handlers. */
function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for a drawing. */
function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null));
  return node;
}

/** The frame of a figure; hides the still picture that stands in for it where there is no script, and in print. */
function stage(model, root) {
  const box = el("div", { class: "vatt-live", role: "group", "aria-label": model.get("alt"), "data-figure": model.get("figure") });
  root.append(box);
  document.getElementById(model.get("fallback"))?.classList.add("vatt-print-only");
  return box;
}

/** Sets a trait; with a live kernel Python hears of it and answers with another. */
function send(model, name, value) {
  model.set(name, value);
  model.save_changes();
}

/** What a screen reader hears when a figure has moved, and what everybody reads below it. */
function sentence() {
  return el("p", { class: "vatt-live-says", "aria-live": "polite" });
}

let slidersMade = 0;

/** A labeled slider; oninput gets the number. Arrow keys, Home, End and Page keys come with the element. */
function slider({ label, min, max, step, value, show = String, oninput }) {
  const id = `vatt-slider-${slidersMade++}-${Math.random().toString(36).slice(2, 8)}`;
  const output = el("output", { for: id }, show(value));
  const say = (number) => {
    output.textContent = show(number);
    input.setAttribute("aria-valuetext", show(number));
  };
  const input = el("input", {
    id, type: "range", min, max, step, value, "aria-valuetext": show(value),
    oninput: () => { say(Number(input.value)); oninput(Number(input.value)); },
  });
  const root = el("div", { class: "vatt-control" }, el("label", { for: id }, label), input, output);
  return { root, set: (number) => { input.value = number; say(number); } };
}

/** A group of which one is chosen; onpick gets its number. */
function choice({ label, names, value, onpick }) {
  const group = `vatt-choice-${slidersMade++}-${Math.random().toString(36).slice(2, 8)}`;
  const options = names.map((name, number) =>
    el("label", {}, el("input", {
      type: "radio", name: group, value: number, checked: number === value, onchange: () => onpick(number),
    }), " ", name));
  return { root: el("fieldset", { class: "vatt-control" }, el("legend", {}, label), options) };
}

/** The width of a drawing: the one wished for, or what a phone has, so that letters keep their size. */
const room = (width) => Math.min(width, Math.max(300, document.documentElement.clientWidth - 70));

/** A plane with axes: px and py turn data into places, root is the drawing. */
function plane({ width, height, x, y, label, left = 44, right = 10, top = 8, bottom = 34, xticks = [], yticks = [],
                 xlabel = "", ylabel = "" }) {
  const px = (value) => left + ((value - x[0]) / (x[1] - x[0])) * (width - left - right);
  const py = (value) => height - bottom - ((value - y[0]) / (y[1] - y[0])) * (height - top - bottom);
  const root = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const axis = { stroke: "var(--v-muted)" };
  root.append(draw("path", { d: `M${left},${top}V${height - bottom}H${width - right}`, fill: "none", ...axis }));
  for (const [value, name = value] of xticks.map((tick) => [].concat(tick)))
    root.append(draw("text", { x: px(value), y: height - bottom + 14, "text-anchor": "middle" }, String(name)));
  for (const [value, name = value] of yticks.map((tick) => [].concat(tick)))
    root.append(draw("text", { x: left - 5, y: py(value) + 4, "text-anchor": "end" }, String(name)));
  if (xlabel) root.append(draw("text", { x: (left + width - right) / 2, y: height - 4, "text-anchor": "middle" }, xlabel));
  if (ylabel) root.append(draw("text", {
    transform: `translate(12 ${(top + height - bottom) / 2}) rotate(-90)`, "text-anchor": "middle" }, ylabel));
  return { root, px, py, width, height, left, right, top, bottom };
}

/** The d of a path through points. */
function line(xs, ys) {
  return xs.map((value, n) => `${n ? "L" : "M"}${value.toFixed(1)},${ys[n].toFixed(1)}`).join("");
}

/** Mouse, pen and touch alike: calls move(x, y) in the drawing's own units while the pointer is down. */
function dragged(node, move) {
  const at = (event) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    const box = node.viewBox?.baseVal;
    const [w, h] = box?.width ? [box.width, box.height] : [node.width, node.height];
    move(((event.clientX - left) / width) * w, ((event.clientY - top) / height) * h);
  };
  node.style.touchAction = "none";
  node.addEventListener("pointerdown", (event) => { node.setPointerCapture(event.pointerId); at(event); });
  node.addEventListener("pointermove", (event) => { if (event.buttons) at(event); });
}

/** Arrow keys on a node that can be focused: calls step(dx, dy). */
function arrows(node, step) {
  const keys = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  node.setAttribute("tabindex", "0");
  node.addEventListener("keydown", (event) => {
    if (!keys[event.key]) return;
    event.preventDefault();
    const by = event.shiftKey ? 5 : 1;
    step(...keys[event.key].map((value) => by * value));
  });
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const percent = (share) => `${Math.round(100 * share)}%`;
