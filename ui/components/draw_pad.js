// A pad that turns strokes into evenly spaced points.

export default (component) => mount(Pad, component);

const EXTENT = 3; // the pad shows [-EXTENT, EXTENT] on both axes, in data units
const SPACING = 0.02; // between points along a stroke, as a share of the pad's width
const STEP = 0.025; // of the keyboard's pen, as such a share

class Pad extends View {
  constructor(root) {
    super(root);
    this.canvas = root.querySelector("canvas");
    this.stroke = null; // the stroke being drawn
    this.pen = null; // position of the keyboard's pen, in data units

    const { canvas } = this;
    canvas.onpointerdown = (event) => this.begin(event);
    canvas.onpointermove = (event) => this.continue(event);
    canvas.onpointerup = canvas.onpointercancel = () => this.end();
    canvas.onkeydown = (event) => this.key(event);
    canvas.onblur = () => this.lift();
    root.querySelector(".undo").onclick = () => this.undo();
    root.querySelector(".clear").onclick = () => this.change(() => (this.strokes = []));
  }

  // Only the first data matter: from then on the drawing is the browser's.
  show({ points, limit, ruler }) {
    const strokes = points.map((point) => [point]); // lists of [x, y] in data units
    if (!this.strokes) Object.assign(this, { strokes, limit, ruler });
    this.paint();
  }

  // ---- pen ---------------------------------------------------------------------------------------------------------

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const across = ((event.clientX - box.left) / box.width) * 2 - 1;
    const down = ((event.clientY - box.top) / box.height) * 2 - 1;
    return this.inside([across * EXTENT, -down * EXTENT]);
  }

  inside(point) {
    return point.map((value) => Math.min(Math.max(value, -EXTENT), EXTENT));
  }

  begin(event) {
    if (event.button !== 0) return;
    this.pen = null;
    this.canvas.setPointerCapture(event.pointerId);
    this.stroke = [this.place(event)];
    this.paint();
  }

  continue(event) {
    if (!this.stroke) return;
    this.stroke.push(...event.getCoalescedEvents().map((part) => this.place(part)));
    this.paint();
  }

  end() {
    if (!this.stroke) return;
    const { stroke } = this;
    this.stroke = null;
    this.change(() => this.strokes.push(stroke));
  }

  lift() {
    this.pen = null;
    this.end();
    this.paint();
  }

  key(event) {
    const step = STEP * 2 * EXTENT;
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] }[event.key];
    if (move) {
      this.pen = this.inside((this.pen ?? [0, 0]).map((value, i) => value + move[i]));
      this.stroke?.push(this.pen);
    } else if (event.key === " ") {
      this.pen ??= [0, 0];
      if (this.stroke) this.end();
      else this.stroke = [this.pen];
    } else if (event.key === "Backspace") {
      this.undo();
    } else return;
    event.preventDefault();
    this.paint();
  }

  undo() {
    this.change(() => this.strokes.pop());
  }

  change(edit) {
    edit();
    this.setState("points", this.points());
    this.paint();
  }

  // ---- points ------------------------------------------------------------------------------------------------------

  points() {
    const strokes = this.stroke ? [...this.strokes, this.stroke] : this.strokes;
    const lengths = strokes.map(lengthOf);
    const total = lengths.reduce((sum, length) => sum + length, 0);
    const spare = Math.max(this.limit - strokes.length, 1);
    const spacing = Math.max(SPACING * 2 * EXTENT, total / spare);
    const all = strokes.flatMap((stroke, i) => along(stroke, lengths[i], spacing));
    return all.slice(0, this.limit).map((point) => point.map((value) => Math.round(value * 1000) / 1000));
  }

  // ---- picture -----------------------------------------------------------------------------------------------------

  paint() {
    const { canvas } = this;
    if (!this.strokes || canvas.clientWidth === 0) return;
    const side = Math.round(canvas.clientWidth * window.devicePixelRatio);
    const context = cleared(canvas, side, side);
    const theme = themeOf(canvas);
    const at = ([x, y]) => [((x / EXTENT + 1) / 2) * side, ((1 - y / EXTENT) / 2) * side];
    const unit = side / canvas.clientWidth;
    if (this.ruler) this.paintRuler(context, theme, at, unit);

    const points = this.points();
    context.fillStyle = theme.color(this.ruler ? "real" : "text");
    for (const point of points) disc(context, at(point), (this.ruler ? 2.5 : 0.03 * canvas.clientWidth) * unit);
    if (this.pen) ring(context, at(this.pen), 6 * unit, 1.5 * unit, theme.color("text"));
    this.describe(points.length);
    if (points.length === 0 && !this.pen) {
      context.fillStyle = theme.color("text", 0.6);
      context.font = `${14 * unit}px ${theme.font}`;
      context.textAlign = "center";
      context.fillText("draw here", side / 2, side / 2 - 8 * unit);
    }
  }

  paintRuler(context, theme, at, unit) {
    context.fillStyle = theme.color("text", 0.55);
    context.font = `${11 * unit}px ${theme.font}`;
    context.textAlign = "left";
    for (let i = Math.ceil(-EXTENT) + 1; i < EXTENT; i++) {
      context.strokeStyle = theme.color("text", i === 0 ? 0.2 : 0.07);
      context.lineWidth = unit;
      line(context, [at([i, -EXTENT]), at([i, EXTENT])]);
      line(context, [at([-EXTENT, i]), at([EXTENT, i])]);
      const [x, y] = at([i, 0]);
      context.fillText(String(i).replace("-", "−"), x + 3 * unit, y + 12 * unit);
    }
  }

  describe(count) {
    const nothing = this.strokes.length === 0;
    this.root.querySelector(".undo").disabled = this.root.querySelector(".clear").disabled = nothing;
    const text = `${count} of ${this.limit} points`;
    const label = this.root.querySelector(".count");
    if (this.ruler && label.textContent !== text) label.textContent = text;
    const keys = "arrow keys move the pen, space puts it down and lifts it, Backspace undoes";
    this.canvas.setAttribute("aria-label", `Drawing of ${count} points; ${keys}`);
  }
}

function lengthOf(stroke) {
  return stroke.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - stroke[i][0], y - stroke[i][1]), 0);
}

// Points `spacing` apart along a stroke.
function along(stroke, length, spacing) {
  const points = [stroke[0]];
  let behind = 0; // length before the segment
  for (let i = 1; i < stroke.length && points.length * spacing <= length; i++) {
    const [from, to] = [stroke[i - 1], stroke[i]];
    const segment = Math.hypot(to[0] - from[0], to[1] - from[1]);
    while (points.length * spacing <= behind + segment) {
      const share = (points.length * spacing - behind) / segment;
      points.push(from.map((value, axis) => value + share * (to[axis] - value)));
    }
    behind += segment;
  }
  return points;
}
