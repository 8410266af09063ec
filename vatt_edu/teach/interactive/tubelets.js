function render({ model, el: root }) {
  const box = stage(model, root);
  const [[frames, height, width], [t, h, w], names, fps] = ["shape", "tubelet", "names", "fps"].map((name) => model.get(name));
  const data = model.get("clip");
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const [gt, gh, gw] = [frames / t, height / h, width / w];
  const [tokens, pixels] = [gt * gh * gw, t * h * w];
  const place = (a, b, c, j) => ((a * t + Math.floor(j / (h * w))) * height + b * h + Math.floor(j / w) % h) * width + c * w + j % w;
  // Where pixel j of token n lies in the clip, one function for each cut.
  const cuts = [
    (n, j) => place(Math.floor(n / (gh * gw)), Math.floor(n / gw) % gh, n % gw, j),
    (n, j) => n * pixels + j,
    (n, j) => place(Math.floor(n / (gh * gw)), n % gh, Math.floor(n / gh) % gw, j),
    (n, j) => place(n % gt, Math.floor(n / (gt * gw)), Math.floor(n / gt) % gw, j),
  ];
  const pixel = (where) => bytes.subarray(3 * where, 3 * where + 3);
  // For each cut, what the right way of putting back makes of it, and which token a pixel belongs to.
  const back = cuts.map(() => new Uint8Array(bytes.length));
  const owner = cuts.map(() => new Uint16Array(tokens * pixels));
  cuts.forEach((cut, k) => {
    for (let n = 0; n < tokens; n++) for (let j = 0; j < pixels; j++) {
      back[k].set(pixel(cut(n, j)), 3 * cuts[0](n, j));
      owner[k][cut(n, j)] = n;
    }
  });
  const screen = (label, wide, attributes = {}) => {
    const canvas = el("canvas", { width, height, role: "img", "aria-label": label, ...attributes });
    Object.assign(canvas.style, { width: wide, height: "auto", display: "block" });
    return canvas;
  };
  const small = names.map((name) => screen(`the clip, cut: ${name}`, "100%"));
  const buttons = names.map((name, k) => el("button", { type: "button", onclick: () => { send(model, "cut", k); update(); } }, small[k], name));
  const tiles = el("div", { class: "vatt-live-tiles", style: "grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr))" }, buttons);
  const whole = screen("the clip; pixels of the chosen token are bright; arrow keys choose another token", "17.5rem", { class: "vatt-whole" });
  whole.style.cursor = "crosshair";
  const own = el("canvas", { width: t * (w + 1) - 1, height: h, role: "img", "aria-label": `what the token holds: ${t} frames of ${h} by ${w}` });
  Object.assign(own.style, { width: "17.5rem", height: "auto" });
  const numbers = el("p", { style: "font-variant-numeric:tabular-nums;margin:0.4rem 0;max-width:17.5rem" });
  const says = sentence();
  const choose = slider({ label: "Token", min: 0, max: tokens - 1, step: 1, value: model.get("token"), oninput: (n) => move(n) });
  const moment = slider({ label: "Frame", min: 0, max: frames - 1, step: 1, value: 0, show: (f) => `${f + 1} of ${frames}`, oninput: (f) => { stop(); paint(f); } });
  const play = el("button", { type: "button", onclick: () => (running ? stop() : start()) });
  box.append(tiles, el("div", { class: "vatt-live-row" }, whole, el("div", {}, own, numbers)), choose.root, moment.root, play, says);

  let [frame, running] = [0, null];
  function start() {
    play.textContent = "Pause";
    running = setInterval(() => paint((frame + 1) % frames), 1000 / fps);
  }
  function stop() {
    play.textContent = "▶ Play";
    clearInterval(running);
    running = null;
  }
  function fillIn(canvas, count, color) {
    const context = canvas.getContext("2d");
    const image = context.createImageData(canvas.width, canvas.height);
    for (let n = 0; n < count; n++) image.data.set(color(n), 4 * n);
    context.putImageData(image, 0, 0);
  }
  function paint(f) {
    frame = f;
    moment.set(f);
    const [from, area, k, token] = [f * height * width, height * width, model.get("cut"), model.get("token")];
    small.forEach((canvas, n) => fillIn(canvas, area, (m) => [...back[n].subarray(3 * (from + m), 3 * (from + m) + 3), 255]));
    fillIn(whole, area, (m) => (owner[k][from + m] === token ? [...pixel(from + m), 255] : [...pixel(from + m)].map((v) => 0.3 * v + 60).concat(255)));
  }
  function move(token) {
    token = clamp(token, 0, tokens - 1);
    choose.set(token);
    send(model, "token", token);
    update();
  }
  function update() {
    const [k, token] = [model.get("cut"), model.get("token")];
    buttons.forEach((button, n) => button.setAttribute("aria-pressed", n === k));
    const where = [...Array(pixels).keys()].map((j) => cuts[k](token, j));
    fillIn(own, own.width * h, (m) => {
      const [y, x] = [Math.floor(m / own.width), m % own.width];
      const i = Math.floor(x / (w + 1));
      return x % (w + 1) === w ? [0, 0, 0, 0] : [...pixel(where[(i * h + y) * w + (x % (w + 1))]), 255];
    });
    const row = where.slice(0, 4).flatMap((one) => [...pixel(one)]);
    numbers.textContent = `Its row of ${3 * pixels} numbers begins ${row.join(", ")}, …`;
    const span = (name, of) => {
      const all = where.map(of);
      const [low, high] = [Math.min(...all) + 1, Math.max(...all) + 1];
      return low === high ? `${name} ${low}` : `${name}s ${low} to ${high}`;
    };
    const area = height * width;
    says.textContent = `Cut: ${names[k]}. Token ${token} of 0 to ${tokens - 1} holds pixels of ${span("frame", (p) => Math.floor(p / area))}, `
      + `${span("row", (p) => Math.floor(p / width) % height)}, ${span("column", (p) => p % width)}.`;
    paint(frame);
  }
  dragged(whole, (x, y) => move(owner[model.get("cut")][(frame * height + clamp(Math.floor(y), 0, height - 1)) * width + clamp(Math.floor(x), 0, width - 1)]));
  arrows(whole, (dx, dy) => move(model.get("token") + dx + gw * dy));
  model.on("change:values", update);
  update();
  if (calm()) stop(); else start();
  return stop;
}
export default { render };
