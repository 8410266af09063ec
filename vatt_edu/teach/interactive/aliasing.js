/** The frequency in [0, rate / 2] whose samples are those of a tone of this frequency. */
function alias(frequency, rate) {
  const folded = frequency % rate;
  return Math.min(folded, rate - folded);
}
function render({ model, el: root }) {
  const box = stage(model, root);
  const span = 0.002;
  const view = plane({ width: room(640), height: 200, x: [0, 1000 * span], y: [-1.15, 1.15], left: 30, label:
    "a tone, its samples, and the lowest tone through the same samples", xlabel: "milliseconds", xticks: [0, 0.5, 1, 1.5, 2] });
  const tone = draw("path", { fill: "none", stroke: "var(--v-muted)", "stroke-width": 1.5 });
  const ghost = draw("path", { fill: "none", stroke: "var(--v-audio)", "stroke-width": 2.5 });
  const dots = draw("g");
  view.root.append(tone, ghost, dots);
  // Below it, all rates: from twice the tone on (shaded), the samples can mean no lower tone.
  const rates = plane({ width: room(640), height: 58, x: [2000, 24000], y: [0, 1], left: 30, top: 4, bottom: 34,
    label: "sampling rates; those above twice the tone are shaded", xlabel: "sampling rate, thousands per second",
    xticks: [4, 8, 12, 16, 20, 24].map((tick) => [1000 * tick, tick]) });
  const [safe, here, word] = [draw("rect", { y: rates.py(1), height: rates.py(0) - rates.py(1), fill: "var(--v-audio)", "fill-opacity": 0.25 }),
    draw("rect", { y: rates.py(1), width: 4, height: rates.py(0) - rates.py(1), fill: "var(--v-ink)" }),
    draw("text", { y: rates.py(0.5) + 4, "pointer-events": "none" })];
  rates.root.append(safe, here, word);
  const says = sentence();
  const hertz = (value) => `${Math.round(value).toLocaleString("en-US")} Hz`;
  const controls = [["Tone", "frequency", 200, 12000, 100], ["Sampling rate", "rate", 2000, 24000, 500]].map(([label, name, min, max, step]) =>
    slider({ label, min, max, step, value: model.get(name), show: hertz, oninput: (value) => { send(model, name, value); update(); } }));
  const listen = ["tone", "what its samples say"].map((name, number) =>
    el("button", { type: "button", onclick: () => play(number) }, `▶ ${name}`));
  box.append(view.root, rates.root, ...controls.map(({ root }) => root), el("div", { class: "vatt-control" }, listen), says);
  function play(number) {
    const context = new AudioContext();
    const [oscillator, gain] = [context.createOscillator(), context.createGain()];
    const frequency = model.get("frequency");
    oscillator.frequency.value = number ? alias(frequency, model.get("rate")) : frequency;
    gain.gain.value = 0.1;
    oscillator.connect(gain).connect(context.destination);
    oscillator.start();
    oscillator.stop(context.currentTime + 0.7);
    oscillator.onended = () => context.close();
  }
  function update() {
    const [frequency, rate] = [model.get("frequency"), model.get("rate")];
    const lower = alias(frequency, rate);
    const edge = 2 * frequency, half = 12000, from = rates.px(Math.max(edge, 2000));
    safe.setAttribute("x", from);
    safe.setAttribute("width", rates.px(24000) - from);
    here.setAttribute("x", rates.px(rate) - 2);
    word.textContent = edge < half ? "more than twice the tone" : "not more than twice the tone";
    word.setAttribute("x", edge < half ? from + 8 : from - 8);
    word.setAttribute("text-anchor", edge < half ? "start" : "end");
    // A sine that was folded an odd number of times comes out upside down.
    const sign = frequency % rate > rate / 2 ? -1 : 1;
    const wave = (hz, flip) => {
      const times = Array.from({ length: 801 }, (_, n) => (n * span) / 800);
      return line(times.map((t) => view.px(1000 * t)), times.map((t) => view.py(flip * Math.sin(2 * Math.PI * hz * t))));
    };
    tone.setAttribute("d", wave(frequency, 1));
    ghost.setAttribute("d", wave(lower, sign));
    dots.replaceChildren(...Array.from({ length: Math.floor(span * rate + 1e-9) + 1 }, (_, n) => draw("circle", {
      cx: view.px((1000 * n) / rate), cy: view.py(Math.sin((2 * Math.PI * frequency * n) / rate)), r: 3.5, fill: "var(--v-ink)" })));
    says.textContent = rate === edge
      ? `${hertz(rate)} is exactly twice ${hertz(frequency)}: the samples mean no lower tone, but here each of them is zero.`
      : Math.abs(lower - frequency) < 1e-6 ? `${hertz(rate)} is more than twice ${hertz(frequency)}: the samples can mean no lower tone.`
      : `Sampled at ${hertz(rate)}, a tone of ${hertz(frequency)} gives the samples of ${hertz(lower)}. From the samples, nothing can tell them apart.`;
  }
  model.on("change:alias", update);
  update();
}
export default { render };
