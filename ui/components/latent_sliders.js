// Sliders over strips of pictures. A move is sent when the one before has been answered.

export default (component) => mount(Board, component);

const REST_MS = 300; // milliseconds without a move after which a slider rests,
const REST_ANSWERS = 4; // or the time of this many answers, if that is longer
const LOST_MS = 1500; // milliseconds after which a move without an answer counts as lost
const GAP = 1; // pixels between the pictures of a strip

class Board extends View {
  constructor(root) {
    super(root);
    this.rows = new Map(); // by the slider's id
    this.sent = Date.now(); // number of the last message; numbers ascend across reloads of the page too
    this.waiting = false; // whether the last message has no answer yet
    this.answerTime = 0; // milliseconds that the last answer took
    this.changed = {}; // values moved since the last message
    this.unrested = {}; // values moved since the last rest
  }

  leave() {
    super.leave();
    clearTimeout(this.resting);
    clearTimeout(this.lost);
  }

  show(data) {
    const { header, rest: bytes } = unpack(data);
    if (this.header && this.header.start !== header.start) this.forget();
    this.header = header;
    if (header.message >= this.sent) this.receiveAnswer();
    const ids = header.sliders.map((slider) => slider.id);
    if (ids.join() !== [...this.rows.keys()].join()) this.build(header.sliders);
    const { style } = this.root;
    style.setProperty("--columns", header.columns);
    style.setProperty("--few", Math.max(1, header.columns / 2));
    style.setProperty("--steps", header.steps);
    for (const slider of header.sliders) this.rows.get(slider.id).show(slider, header.reach, slider.id in this.unrested);
    if (bytes.length || header.shape[0] === 0) {
      this.readStrips(bytes);
      this.paint();
    }
  }

  build(sliders) {
    this.rows = new Map(sliders.map((slider) => [slider.id, new Row(this, slider)]));
    this.root.replaceChildren(...[...this.rows.values()].map((row) => row.element));
  }

  readStrips(bytes) {
    this.version = this.header.version;
    const { kind, shape, sliders, steps } = this.header;
    if (kind === "points") this.points = new Float32Array(bytes.slice().buffer);
    this.atlas = kind === "images" && shape[0] > 0
      ? atlasOf({ n: sliders.length * steps, height: shape[1], width: shape[2], channels: shape[3], columns: steps,
        pixels: bytes })
      : null;
  }

  paint() {
    if (!this.header) return;
    const theme = themeOf(this.root);
    let i = 0;
    for (const row of this.rows.values()) row.paint(this, i++, theme);
  }

  // ---- messages ----------------------------------------------------------------------------------------------------

  moved(id, value) {
    this.changed[id] = this.unrested[id] = value;
    if (!this.waiting) this.push();
    this.restSoon();
  }

  restSoon() {
    clearTimeout(this.resting);
    const patience = Math.max(REST_MS, REST_ANSWERS * this.answerTime);
    this.resting = setTimeout(() => (this.waiting ? this.restSoon() : this.rest()), patience);
  }

  push() {
    this.sent = Math.max(this.sent + 1, Date.now());
    this.wait(true);
    // A message has all moves since the last rest, because the server may skip messages.
    this.setState("move", [{ ...this.unrested }, this.header.start, this.sent, this.version]);
    this.changed = {};
    clearTimeout(this.lost);
    this.lost = setTimeout(() => this.receiveAnswer(), LOST_MS);
  }

  receiveAnswer() {
    clearTimeout(this.lost);
    this.wait(false);
    if (Object.keys(this.changed).length) this.push();
  }

  forget() {
    clearTimeout(this.resting);
    this.changed = {};
    this.unrested = {};
  }

  wait(waiting) {
    if (waiting) this.sentAt = performance.now();
    else if (this.waiting) this.answerTime = performance.now() - this.sentAt;
    this.waiting = waiting;
    this.root.setAttribute("aria-busy", waiting);
  }

  rest() {
    this.sent += 1;
    this.trigger("rest", [this.unrested, this.header.start, this.sent, this.version]);
    this.forget();
  }
}

class Row {
  constructor(board, { id }) {
    this.board = board;
    this.id = id;
    this.element = element("div", "slider");
    [this.name, this.output, this.range] = ["input", "output", "input"].map((kind) => element(kind, ""));
    [this.reset, this.canvas] = [element("button", "reset", "↺"), element("canvas", "")];
    Object.assign(this.name, { className: "name", type: "text", maxLength: 40, spellcheck: false });
    this.reset.type = "button";
    this.range.type = "range";
    this.canvas.role = "img";
    const head = element("div", "head");
    head.append(this.name, this.output, this.reset);
    this.element.append(head, this.range, this.canvas);
    this.range.oninput = () => this.go(Number(this.range.value));
    this.reset.onclick = () => this.go(0);
    this.name.onchange = () => board.trigger("name", [id, this.name.value.trim()]);
    this.name.onkeydown = (event) => event.key === "Enter" && this.name.blur();
    this.canvas.onclick = (event) => this.go(this.valueAt(event));
  }

  show({ default_name, name, value, help }, reach, moving) {
    const label = name || default_name;
    this.reach = reach;
    Object.assign(this.range, { min: -reach, max: reach, step: reach / 60 });
    this.range.setAttribute("aria-label", label);
    if (this.name.getRootNode().activeElement !== this.name) this.name.value = name;
    this.name.placeholder = default_name;
    this.name.title = help;
    this.name.classList.toggle("named", name !== "");
    this.name.setAttribute("aria-label", `Name of ${default_name}`);
    this.reset.setAttribute("aria-label", `Reset ${label}`);
    this.reset.title = "Back to 0";
    this.canvas.setAttribute("aria-label", `Where ${label} leads, from ${brief(-reach)} to ${brief(reach)}`);
    if (!moving) this.range.value = value;
    this.tell();
  }

  tell() {
    const value = Number(this.range.value);
    this.output.textContent = `${value < 0 ? "−" : value > 0 ? "+" : ""}${Math.abs(value).toFixed(2)}`;
    this.output.classList.toggle("still", value === 0);
    this.reset.disabled = value === 0;
    const [zero, share] = [50, ((value / this.reach + 1) / 2) * 100];
    const [from, to] = [Math.min(zero, share), Math.max(zero, share)];
    const quiet = "var(--st-border-color)";
    this.range.style.setProperty(
      "--track",
      `linear-gradient(90deg, ${quiet} ${from}%, var(--st-primary-color) ${from}% ${to}%, ${quiet} ${to}%)`,
    );
  }

  go(value) {
    this.range.value = value;
    this.tell();
    this.board.moved(this.id, Number(this.range.value));
  }

  valueAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const { steps } = this.board.header;
    const cell = Math.min(steps - 1, Math.floor(((event.clientX - box.left) / box.width) * steps));
    return ((2 * cell) / (steps - 1) - 1) * this.reach;
  }

  paint(board, index, theme) {
    const { canvas } = this;
    const { steps, kind, shape } = board.header;
    canvas.hidden = shape[0] === 0;
    if (canvas.hidden || canvas.clientWidth === 0) return;
    const ratio = window.devicePixelRatio;
    const pitch = Math.floor((canvas.clientWidth * ratio) / steps);
    const across = kind === "points" ? 1 : shape[2];
    const side = pitch - Math.round(GAP * ratio);
    const tall = kind === "points" ? side : Math.round((side * shape[1]) / across);
    const width = Math.round(canvas.clientWidth * ratio);
    const context = cleared(canvas, width, tall);
    canvas.style.height = `${tall / ratio}px`;
    context.imageSmoothingQuality = "high";
    for (let i = 0; i < steps; i++) {
      const left = Math.round(((i + 0.5) * width) / steps - side / 2);
      if (kind === "points") this.dot(context, theme, left, side, board.points.subarray(2 * (index * steps + i)));
      else {
        const [w, h] = [shape[2], shape[1]];
        context.drawImage(board.atlas, i * w, index * h, w, h, left, 0, side, tall);
      }
    }
  }

  dot(context, theme, left, side, [x, y]) {
    context.fillStyle = theme.color("text", 0.06);
    context.fillRect(left, 0, side, side);
    context.fillStyle = theme.color("generator");
    disc(context, [left + x * side, (1 - y) * side], Math.max(2, side / 10));
  }
}
