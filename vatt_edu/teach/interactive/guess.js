function render({ model, el: root }) {
  const box = stage(model, root);
  const [low, high, step, unit] = ["low", "high", "step", "unit"].map((name) => model.get(name));
  const digits = Math.max(0, Math.ceil(-Math.log10(step)));
  const show = (value) => `${value.toFixed(digits)}${unit}`;
  let value = model.get("value") ?? low + step * Math.round((high - low) / step / 2);
  const control = slider({ label: "Your guess", min: low, max: high, step, value, show, oninput: (v) => (value = v) });
  const commit = el("button", { type: "button", onclick: () => { send(model, "value", value); update(); } }, "Commit");
  const says = sentence();
  const scale = plane({ width: 520, height: 62, x: [low, high], y: [0, 1], left: 16, right: 16, top: 22, bottom: 18,
    label: "your guess and the result on one scale", xticks: [[low, show(low)], [high, show(high)]] });
  const mark = (at, color, name, y) => draw("g", {},
    draw("line", { x1: scale.px(at), x2: scale.px(at), y1: 22, y2: 44, stroke: color, "stroke-width": 3 }),
    draw("text", { x: clamp(scale.px(at), 30, 490), y, "text-anchor": "middle" }, name));
  const marks = draw("g");
  scale.root.append(marks);
  box.append(el("p", { class: "vatt-live-question" }, model.get("question")), control.root, commit, says, scale.root);
  function update() {
    const [guessed, truth] = [model.get("value"), model.get("truth")];
    const done = guessed != null;
    commit.disabled = done;
    control.root.querySelector("input").disabled = done;
    scale.root.style.display = done && truth != null ? "" : "none";
    if (!done) says.textContent = "";
    else if (truth == null) says.textContent = `${show(guessed)}: noted. The answer comes further down.`;
    else {
      says.textContent = `You said ${show(guessed)}; it came out at ${show(truth)}. ${model.get("because")}`;
      marks.replaceChildren(mark(clamp(truth, low, high), "var(--v-text)", "result", 16), mark(guessed, "var(--v-audio)", "you", 56));
    }
  }
  for (const name of ["truth", "because", "value"]) model.on(`change:${name}`, update);
  update();
}
export default { render };
