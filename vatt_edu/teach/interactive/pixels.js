function render({ model, el: root }) {
  const box = stage(model, root);
  const [height, width] = [model.get("height"), model.get("width")];
  const data = model.get("frame");
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const scale = Math.max(1, Math.floor(320 / width));
  const canvas = el("canvas", { width, height, role: "img", class: "vatt-pixels",
    "aria-label": "the frame; arrow keys move the cursor, with shift by five" });
  Object.assign(canvas.style, { width: `${width * scale}px`, cursor: "crosshair" });
  const context = canvas.getContext("2d");
  const zoom = el("table", { "aria-label": "five by five pixels around the cursor: red, green, blue" });
  const says = sentence();
  box.append(el("div", { class: "vatt-live-row" }, canvas, el("div", { style: "overflow-x:auto;max-width:100%" }, zoom)), says);
  const at = (row, column) => bytes.subarray(3 * (row * width + column), 3 * (row * width + column) + 3);

  function move(row, column) {
    send(model, "row", clamp(Math.floor(row), 0, height - 1));
    send(model, "column", clamp(Math.floor(column), 0, width - 1));
    update();
  }
  function update() {
    const [row, column] = [model.get("row"), model.get("column")];
    const image = context.createImageData(width, height);
    for (let n = 0; n < width * height; n++) image.data.set([...bytes.subarray(3 * n, 3 * n + 3), 255], 4 * n);
    context.putImageData(image, 0, 0);
    context.strokeStyle = "#fff";
    context.strokeRect(column - 2.5, row - 2.5, 6, 6);
    context.strokeStyle = "#000";
    context.strokeRect(column - 3.5, row - 3.5, 8, 8);
    const rows = [];
    for (let y = row - 2; y <= row + 2; y++) {
      const cells = [];
      for (let x = column - 2; x <= column + 2; x++) {
        const inside = y >= 0 && x >= 0 && y < height && x < width;
        const [r, g, b] = inside ? at(y, x) : [128, 128, 128];
        const dark = 0.299 * r + 0.587 * g + 0.114 * b < 128;
        cells.push(el("td", { style: `background:rgb(${r},${g},${b});color:${dark ? "#fff" : "#000"};font-size:0.72rem;line-height:1.15;`
          + (y === row && x === column ? "outline:2px solid var(--v-ink);outline-offset:-2px" : "") },
          ...(inside ? [r, g, b].flatMap((value, n) => (n ? [el("br"), String(value)] : [String(value)])) : ["outside"])));
      }
      rows.push(el("tr", {}, cells));
    }
    zoom.replaceChildren(el("tbody", {}, rows));
    const [r, g, b] = at(row, column);
    says.textContent = `Row ${row}, column ${column}: red ${r}, green ${g}, blue ${b}.`;
  }
  dragged(canvas, (x, y) => move(y, x));
  arrows(canvas, (dx, dy) => move(model.get("row") + dy, model.get("column") + dx));
  update();
}
export default { render };
