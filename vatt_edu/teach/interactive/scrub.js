function render({ model, el: root }) {
  const box = stage(model, root);
  const [frames, fps, patch, rate, lines] = ["frames", "fps", "patch", "sample_rate", "lines"].map((name) => model.get(name));
  const data = model.get("patches");
  const samples = new Int8Array(data.buffer, data.byteOffset, data.byteLength);
  const steps = samples.length / patch;
  const loudest = model.get("loudest"), unit = loudest / 127;  // the axis ends there
  const seconds = (step) => (step * patch) / rate;
  const length = seconds(steps);
  const screen = el("div", { role: "img", class: "vatt-scrub-frame" });
  Object.assign(screen.style, { width: "10rem", aspectRatio: String(model.get("aspect")), backgroundImage: `url(${model.get("strip")})`,
                                backgroundSize: `${frames * 100}% 100%`, borderRadius: "4px" });
  // The whole stretch of time: loudest and softest sample of each patch, the lines of narration above.
  const whole = plane({ width: room(640), height: 150, x: [0, length], y: [-loudest, 1.9 * loudest], left: 10, right: 10,
    label: "the sound of the clip over time, with the lines of narration above it", xlabel: "seconds",
    xticks: [...Array(Math.floor(length) + 1).keys()] });
  for (let n = 0; n < steps; n++) {
    const part = samples.subarray(n * patch, (n + 1) * patch);
    const [low, high] = [Math.min(...part) * unit, Math.max(...part) * unit];
    whole.root.append(draw("line", { x1: whole.px(seconds(n + 0.5)), x2: whole.px(seconds(n + 0.5)), y1: whole.py(low),
      y2: whole.py(Math.max(high, low + 0.01 * loudest)), stroke: "var(--v-audio)", "stroke-width": 1.6 }));
  }
  const fitting = (words, letters) => {
    const few = words.split(" ");
    while (few.length && few.join(" ").length + 2 > letters) few.pop();
    return few.join(" ") === words ? words : `${few.join(" ")} …`;
  };
  const spoken = lines.map(([start, end, words]) => {
    const [from, to] = [clamp(start, 0, length), clamp(end, 0, length)];
    const bar = draw("rect", { x: whole.px(from), width: Math.max(2, whole.px(to) - whole.px(from) - 2), y: whole.py(1.8 * loudest), height: 14,
      fill: "var(--v-text)", opacity: 0.35 });
    whole.root.append(bar, draw("text", { x: whole.px(from) + 4, y: whole.py(1.8 * loudest) + 11 },
      fitting(words, (whole.px(to) - whole.px(from)) / 5.5)));
    return bar;
  });
  const cursor = draw("line", { y1: 4, y2: 116, stroke: "var(--v-ink)", "stroke-width": 2 });
  whole.root.append(cursor);
  const near = plane({ width: room(640), height: 130, x: [0, patch], y: [-loudest, loudest], left: 48, right: 10, yticks: [-loudest, 0, loudest].map((value) => [value, value.toFixed(2)]),
    label: "the samples of one patch", xlabel: `${patch} samples, ${((1000 * patch) / rate).toFixed(0)} ms`, xticks: [0, patch] });
  const curve = draw("path", { fill: "none", stroke: "var(--v-audio)", "stroke-width": 1.5 });
  near.root.append(curve);
  const says = sentence();
  const control = slider({ label: "Time", min: 0, max: steps - 1, step: 1, value: model.get("step"),
    show: (step) => `${seconds(step).toFixed(2)} s`, oninput: move });
  let player = null, running = null;
  const listen = el("button", { type: "button", onclick: play }, "▶ Play");
  box.append(el("div", { class: "vatt-live-row" }, screen, el("div", { style: "flex:1 1 20rem;min-width:0" }, whole.root, near.root)),
    control.root, listen, says);

  function play() {
    stop();
    player = new Audio(model.get("sound"));
    player.play().catch(() => {});
    running = setInterval(() => {
      if (player.ended) return stop();
      const step = clamp(Math.floor((player.currentTime * rate) / patch), 0, steps - 1);
      control.set(step);
      move(step);
    }, 50);
  }
  function stop() { player?.pause(); clearInterval(running); }
  function move(step) { send(model, "step", step); update(); }
  function update() {
    const step = model.get("step");
    const time = seconds(step);
    const frame = Math.min(frames - 1, Math.floor(time * fps + 1e-9));
    screen.style.backgroundPositionX = `${(100 * frame) / Math.max(1, frames - 1)}%`;
    screen.setAttribute("aria-label", `frame ${frame + 1} of ${frames}`);
    cursor.setAttribute("x1", whole.px(time)); cursor.setAttribute("x2", whole.px(time));
    const part = [...samples.subarray(step * patch, (step + 1) * patch)];
    curve.setAttribute("d", line(part.map((_, n) => near.px(n)), part.map((value) => near.py(value * unit))));
    const now = lines.findIndex(([start, end]) => start <= time && time < end);
    spoken.forEach((bar, number) => bar.setAttribute("opacity", number === now ? 0.5 : 0.2));
    says.textContent = `${time.toFixed(2)} s: frame ${frame + 1} of ${frames}, samples ${step * patch} to ${(step + 1) * patch - 1}, `
      + (now < 0 ? "and nobody speaks." : `and somebody says “${lines[now][2]}”.`);
  }
  model.on("change:frame", update);
  dragged(whole.root, (x) => { const step = clamp(Math.floor(((x - 10) / (whole.width - 20)) * steps), 0, steps - 1); control.set(step); move(step); });
  update();
  return stop;
}
export default { render };
