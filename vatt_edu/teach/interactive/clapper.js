function render({ model, el: root }) {
  const box = stage(model, root);
  const [flashes, clicks, rate, seconds] = ["flashes", "clicks", "rate", "seconds"].map((name) => model.get(name));
  const view = plane({ width: room(640), height: 140, x: [0, seconds + 0.6], y: [0, 1], left: 54, right: 10, top: 6,
    label: "flashes of the picture above, clicks of the sound below, over time", xlabel: "seconds",
    xticks: [...Array(Math.ceil(seconds) + 1).keys()] });
  const [high, middle, low] = [10, 52, 94];
  view.root.append(
    draw("text", { x: 48, y: 36, "text-anchor": "end" }, "flash"), draw("text", { x: 48, y: 78, "text-anchor": "end" }, "click"),
    ...flashes.map((time) => draw("rect", { x: view.px(time), y: high, width: 6, height: middle - high - 2, fill: "var(--v-video)" })));
  const marks = clicks.map(() => draw("rect", { y: middle + 2, width: 6, height: low - middle - 4, fill: "var(--v-audio)" }));
  const names = clicks.map(() => draw("text", { y: low + 8, "font-weight": 600 }));
  const now = draw("line", { y1: 4, y2: 104, stroke: "var(--v-ink)", "stroke-width": 2, visibility: "hidden" });
  view.root.append(...marks, ...names, now);
  const screen = el("div", { role: "img", "aria-label": "the picture, which flashes while it plays" });
  Object.assign(screen.style, { width: "4rem", height: "3rem", background: "#000", border: "1px solid var(--v-muted)", borderRadius: "4px" });
  const says = sentence();
  const hertz = (value) => `${value.toLocaleString("en-US")} Hz`;
  const control = slider({ label: "The program believes in", min: 14000, max: 18000, step: 100, value: model.get("claimed"), show: hertz,
    oninput: (value) => { stop(); send(model, "claimed", value); update(); } });
  let player = null, running = null;
  const button = el("button", { type: "button", onclick: play }, "▶ Play");
  box.append(view.root, control.root, el("div", { class: "vatt-live-row" }, screen, button), says);
  dragged(view.root, (x) => {  // the last click is dragged along the axis
    const time = ((x - view.left) / (view.width - view.left - view.right)) * (seconds + 0.6);
    const claimed = clamp(Math.round(clicks.at(-1) / Math.max(time, 0.1) / 100) * 100, 14000, 18000);
    control.set(claimed);
    send(model, "claimed", claimed);
    update();
  });

  /** A sound read with too low a rate is slower, and lower; the picture keeps its own clock. */
  function play() {
    stop();
    const speed = model.get("claimed") / rate;
    player = new Audio(model.get("sound"));
    player.preservesPitch = false;
    player.playbackRate = speed;
    player.play().catch(() => {});
    running = setInterval(() => {
      if (player.ended) return stop();
      const time = player.currentTime / speed;
      screen.style.background = flashes.some((flash) => time >= flash && time < flash + 0.12) ? "#fff" : "#000";
      now.setAttribute("visibility", "visible");
      now.setAttribute("x1", view.px(time)); now.setAttribute("x2", view.px(time));
    }, 20);
  }
  function stop() {
    player?.pause();
    clearInterval(running);
    screen.style.background = "#000";
    now.setAttribute("visibility", "hidden");
  }
  function update() {
    const claimed = model.get("claimed");
    const offsets = clicks.map((number, n) => Math.round(1000 * (number / claimed - flashes[n])));
    marks.forEach((mark, n) => {
      mark.setAttribute("x", view.px(clicks[n] / claimed));
      names[n].setAttribute("x", view.px(clicks[n] / claimed));
      names[n].textContent = `${offsets[n] > 0 ? "+" : ""}${offsets[n]} ms`.replace("-", "−");
    });
    const worst = Math.max(...offsets.map(Math.abs));
    says.textContent = `With ${hertz(claimed)} the clicks come ` + offsets.map((value) => `${Math.abs(value)} ms ${value < 0 ? "early" : "late"}`).join(", ")
      + (worst > 50 ? ": more than a frame, and growing." : ": within a frame.");
  }
  model.on("change:offsets", update);
  update();
  return stop;
}
export default { render };
