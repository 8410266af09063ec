function render({ model, el: root }) {
  const box = stage(model, root);
  const [sounds, pictures, frames, truth] = ["sounds", "pictures", "frames", "truth"].map((name) => model.get(name));
  const count = sounds.length;
  let picked = 0, checked = false, player = null;
  const says = sentence();

  const soundButtons = sounds.map((uri, number) => el("button", {
    type: "button", "aria-pressed": "false", onclick: () => { picked = number; play(uri); update(); },
  }, `▶ Sound ${number + 1}`));

  const tiles = pictures.map((uri, number) => {
    const screen = el("div", { class: "vatt-match-picture", "aria-hidden": "true" });
    Object.assign(screen.style, { aspectRatio: "1", backgroundImage: `url(${uri})`, backgroundSize: `${frames * 100}% 100%`,
                                  imageRendering: "auto", borderRadius: "3px" });
    const badge = el("span", {}, "–"), machine = el("small", { style: "display:block" });
    const tile = el("button", { type: "button", onclick: () => give(number) }, screen, badge, machine);
    return { tile, screen, badge, machine };
  });
  const show = (frame) => tiles.forEach(({ screen }) => {
    screen.style.backgroundPositionX = frames > 1 ? `${(100 * frame) / (frames - 1)}%` : "0";
  });
  let frame = 0;
  // A sound that plays is the clock of all pictures; only without one do they run on their own.
  const sounding = () => player && !player.paused && !player.ended && player.duration > 0;
  const timer = setInterval(() => {
    if (sounding()) show((frame = Math.min(frames - 1, Math.floor((frames * player.currentTime) / player.duration))));
  }, 40);
  const idle = calm() ? null : setInterval(() => { if (!sounding()) show((frame = (frame + 1) % frames)); }, 300);

  const check = el("button", { type: "button", onclick: () => { checked = true; remember(fits(model.get("choice"))); update(); } }, "Check");
  const again = el("button", { type: "button", onclick: () => { checked = false; send(model, "choice", Array(count).fill(-1)); picked = 0; update(); } }, "Again");
  const score = plane({ width: 520, height: 110, x: [0, count], y: [0, 3], left: 90, right: 30, top: 4, bottom: 20,
    label: "how many of the sounds were given to the right picture", xticks: [...Array(count + 1).keys()] });
  const bars = draw("g");
  score.root.append(bars);
  box.append(
    el("div", { class: "vatt-match-sounds", role: "group", "aria-label": "sounds" }, soundButtons),
    el("div", { class: "vatt-live-tiles vatt-match-tiles", role: "group", "aria-label": "pictures" }, tiles.map(({ tile }) => tile)),
    el("div", { class: "vatt-control" }, check, again), says, score.root);

  function play(uri) {
    player?.pause();
    player = new Audio(uri);
    show((frame = 0));
    player.play().catch(() => {});
  }
  function remember(right) {  // for the row "you" of the scoreboard; site_static/page.js reads it
    try {
      localStorage.setItem("vatt-score", JSON.stringify({ right, of: count }));
    } catch { /* a private window */ }
    document.dispatchEvent(new Event("vatt-score"));
  }
  function give(number) {
    if (checked) return;
    const choice = model.get("choice").map((given) => (given === number ? -1 : given));
    choice[picked] = number;
    send(model, "choice", choice);
    const next = choice.indexOf(-1);
    if (next >= 0) picked = next;
    update();
  }
  const fits = (choice) => choice.filter((given, sound) => given === truth[sound]).length;
  function update() {
    const choice = model.get("choice");
    const left = choice.filter((given) => given < 0).length;
    soundButtons.forEach((button, number) => button.setAttribute("aria-pressed", String(number === picked)));
    tiles.forEach(({ tile, badge, machine }, number) => {
      const sound = choice.indexOf(number);
      const verdict = checked ? (truth[sound] === number ? " ✓" : ` ✗ (${truth.indexOf(number) + 1})`) : "";
      badge.textContent = sound < 0 ? "–" : `Sound ${sound + 1}${verdict}`;
      const guess = model.get("machine").indexOf(number);
      machine.textContent = checked ? `Model: ${guess + 1} ${truth[guess] === number ? "✓" : "✗"}` : "";
      tile.setAttribute("aria-label", `Picture ${number + 1}: ${sound < 0 ? "no sound yet" : badge.textContent}` +
        (checked ? `. ${machine.textContent}` : ""));
    });
    check.disabled = left > 0 || checked;
    score.root.style.display = checked ? "" : "none";
    if (!checked) {
      says.textContent = left === count ? "Press a sound: all pictures run in step with it. Then press the picture that you think made it."
        : left ? `Sound ${picked + 1}: which picture? ${left} to go.` : "All sounds have a picture. Check, or move some.";
      return;
    }
    const [you, machine] = [fits(choice), fits(model.get("machine"))];
    says.textContent = `You matched ${you} of ${count}, the model ${machine}. Guessing gets one, on average.`;
    bars.replaceChildren(...[["you", you, "var(--v-audio)"], ["the model", machine, "var(--v-video)"], ["guessing", 1, "var(--v-muted)"]]
      .flatMap(([name, value, color], row) => [
        draw("rect", { x: score.px(0), y: score.py(2.85 - row), width: score.px(value) - score.px(0), height: 20, fill: color }),
        draw("text", { x: 84, y: score.py(2.35 - row) + 4, "text-anchor": "end" }, name),
        draw("text", { x: score.px(value) + 6, y: score.py(2.35 - row) + 4 }, String(value))]));
  }
  model.on("change:choice", update);
  show(0);
  update();
  return () => { clearInterval(timer); clearInterval(idle); player?.pause(); };
}
export default { render };
