// Chance and floor of a loss, as vatt_edu.teach.chance counts them (a test compares the two).
const OURS = 3;  // forms of this library: they know missing partners, several lines, hidden ones

function scaleOf(form, temperature, base) {
  return form === 4 ? 2 : form === 5 ? temperature / base : 1;
}

function chanceOf({ form, clips, valid, lines, hidden, temperature, base }) {
  const [row, column] = [valid - hidden / lines, clips - hidden / lines];
  if (form === 2) return Math.log(row) + Math.log(column);
  if (form < OURS) return Math.log(row + column - (form === 1 ? 1 : 0));
  return form === 3 ? Math.log(clips) : scaleOf(form, temperature, base) * Math.log(2 * clips - 1);
}

function floorOf({ form, clips, valid, hidden, temperature, base }) {
  const others = (form < OURS ? valid : clips) - 1;
  const negatives = others < 1 || (form < OURS && hidden) ? 0 : others * Math.exp(-(1 + 1 / others) / temperature);
  if (form === 0) return Math.log(2 + 2 * negatives);
  if (form === 2) return 2 * Math.log1p(negatives);
  return form === 3 ? Math.log1p(negatives) : scaleOf(form, temperature, base) * Math.log1p(2 * negatives);
}

function render({ model, el: root }) {
  const box = stage(model, root);
  const [forms, presets, base] = ["forms", "presets", "base_temperature"].map((name) => model.get(name));
  const [width, height, left, right] = [room(640), 104, 16, 16];
  const view = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", style: `max-width: ${width}px`,
    "aria-label": "a line of losses with the floor, chance and, if one was entered, the loss that was seen" });
  const rail = draw("line", { x1: left, x2: width - right, y1: 52, y2: 52, stroke: "var(--v-muted)", "stroke-width": 2 });
  const reach = draw("line", { y1: 52, y2: 52, stroke: "var(--v-video)", "stroke-width": 8 });
  const zero = draw("text", { x: left, y: 72, "text-anchor": "middle" }, "0");
  const mark = (color, above) => ({ above, dot: draw("line", { y1: above ? 34 : 46, y2: above ? 58 : 76, stroke: color, "stroke-width": 3 }),
    name: draw("text", { y: above ? 26 : 92, style: "font-size: 13px" }) });
  const marks = { floor: mark("var(--v-text)", true), chance: mark("var(--v-ink)", true), seen: mark("var(--v-audio)", false) };
  view.append(rail, reach, zero, ...Object.values(marks).flatMap(({ dot, name }) => [dot, name]));
  const says = sentence();

  const log = (value) => Math.round(16 * Math.log2(value));
  const whole = (value) => value.toLocaleString("en-US");
  const control = (name, label, min, max, step, to, from, show) => slider({ label, min, max, step, value: to(model.get(name)),
    show: (value) => show(from(value)), oninput: (value) => set({ [name]: from(value) }) });
  const same = (value) => value;
  const inputs = {
    clips: control("clips", "Clips in the batch", log(2), log(65536), 1, log, (value) => Math.round(2 ** (value / 16)), whole),
    valid: slider({ label: "With a partner", min: 1, max: 100, step: 1, value: 100, show: () => whole(read().valid),
      oninput: (value) => set({ valid: Math.max(1, Math.round((value / 100) * model.get("clips"))) }) }),
    lines: control("lines", "Candidate lines", 1, 8, 1, same, same, String),
    hidden: control("hidden", "Hidden lines", 0, 40, 1, same, same, String),
    temperature: control("temperature", "Temperature τ", log(0.01), log(2), 1, log, (value) => Number((2 ** (value / 16)).toPrecision(3)), (value) => String(model.get("temperature"))),
  };
  const ours = ["valid", "lines", "hidden"];
  const typed = el("input", { type: "number", min: 0, step: "any", inputmode: "decimal", "aria-label": "a loss that you see, for example a plateau", style: "width: 7rem",
    oninput: () => set({ seen: Math.max(0, Number(typed.value) || 0) }, false) });
  const form = choice({ label: "Form", names: forms, value: model.get("form"), onpick: (number) => set({ form: number }) });
  const preset = choice({ label: "Example", names: presets.map(({ name }) => name), value: 0,
    onpick: (number) => { const { name, ...values } = presets[number]; set(values, true, number); } });
  box.append(preset.root, form.root, ...Object.values(inputs).map((input) => input.root),
    el("div", { class: "vatt-control" }, el("label", {}, "A loss that you see ", typed)), view, says);

  /** What the sliders say, within what makes sense: no more partners than clips, hidden lines only of other clips. */
  function read() {
    const names = ["form", "clips", "valid", "lines", "hidden", "temperature", "seen"];
    const values = Object.fromEntries(names.map((name) => [name, model.get(name)]));
    values.valid = Math.min(values.valid, values.clips);
    values.hidden = Math.min(values.hidden, (values.valid - 1) * values.lines);
    return { ...values, base };
  }
  function set(values, write = true, number = -1) {
    const before = read();
    if ("clips" in values && !("valid" in values))  // the share with a partner stays
      values.valid = Math.max(1, Math.round((values.clips * before.valid) / before.clips));
    for (const [name, value] of Object.entries(values)) send(model, name, value);
    preset.root.querySelectorAll("input").forEach((input, place) => { input.checked = place === number; });
    update(write);
  }
  function update(write = true) {
    const values = read();
    const [chance, floor] = [chanceOf(values), floorOf(values)];
    const { seen } = values;
    inputs.clips.set(log(values.clips)); inputs.lines.set(values.lines); inputs.hidden.set(model.get("hidden")); inputs.temperature.set(log(values.temperature));
    inputs.valid.set(Math.round((100 * values.valid) / values.clips));
    form.root.querySelectorAll("input").forEach((input, place) => { input.checked = place === values.form; });
    for (const name of ours) inputs[name].root.style.display = values.form < OURS ? "" : "none";
    if (write) typed.value = seen || "";
    const most = 1.08 * Math.max(chance, seen, 1);
    const x = (loss) => left + (loss / most) * (width - left - right);
    reach.setAttribute("x1", x(floor)); reach.setAttribute("x2", x(chance));
    for (const [name, loss] of Object.entries({ floor, chance, seen })) {
      const { dot, name: text } = marks[name];
      const [there, place] = [name !== "seen" || seen > 0, x(loss)];
      dot.style.display = text.style.display = there ? "" : "none";
      dot.setAttribute("x1", place); dot.setAttribute("x2", place);
      const near = name === "floor" ? place > 0.5 * width : place > 0.7 * width;
      text.textContent = `${name} ${loss.toFixed(4)}`;
      text.setAttribute("x", near ? place + 6 : Math.max(place - 6, 2));
      text.setAttribute("text-anchor", near ? "end" : "start");
    }
    // Two names above the line stay apart: that of the floor moves to the left end.
    const crowded = x(chance) - x(floor) < 240;
    marks.floor.name.setAttribute("y", crowded ? 12 : 26);
    const fall = `Chance ${chance.toFixed(4)}, floor ${floor.toFixed(4)}: at this temperature the loss can fall by at most ${(chance - floor).toFixed(4)}.`;
    const verdict = !seen ? "" : Math.abs(seen - chance) < 0.06 ? ` A loss of ${seen} is chance: this model tells nothing from anything.`
      : seen > chance ? ` A loss of ${seen} is above chance: worse than knowing nothing, or another form or batch than you think.`
      : seen < floor - 0.005 ? ` A loss of ${seen} is below the floor: another form, batch or temperature than you think, or a mistake in the loss.`
      : ` A loss of ${seen} has come ${percent((chance - seen) / (chance - floor))} of the way from chance to the floor.`;
    says.textContent = fall + verdict;
  }
  for (const name of ["form", "clips", "valid", "lines", "hidden", "temperature", "seen", "chance", "floor"]) model.on(`change:${name}`, () => update());
  update();
}
export default { render };
