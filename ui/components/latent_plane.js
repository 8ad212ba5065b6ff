// Two linked planes: pointing at a point on one marks it on both.

export default (component) => mount(Planes, component);

class Planes extends PointableView {
  constructor(root) {
    super(root);
    this.caption = root.querySelector("p");
    [this.left, this.right] = root.querySelectorAll("canvas");
    for (const canvas of [this.left, this.right]) this.listen(canvas, (event) => this.nearest(canvas, event));
  }

  show(data) {
    const { header, rest } = unpack(data);
    const numbers = new Float32Array(rest.slice().buffer);
    let start = 0;
    for (const [name, shape] of Object.entries(header.shapes)) {
      const length = shape.reduce((product, side) => product * side, 1);
      this[name] = numbers.subarray(start, start + length);
      start += length;
    }
    const [x0, x1, y0, y1] = header.extent;
    const furthest = [...this.latents, ...this.z].reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    const reach = 1.04 * furthest;
    Object.assign(this, { header, reach });
    this.spans = new Map([
      [this.left, [-reach, reach, -reach, reach]],
      [this.right, [x0, x1, y0, y1]],
    ]);
    const n = this.points.length / 2;
    this.linked = this.latents.length > 0;
    this.root.querySelector(".latent").hidden = !this.linked;
    const [one, two] = this.root.querySelectorAll("figcaption");
    one.textContent = "latents z, each in the colour of its place";
    two.textContent = this.linked ? "where G sends them, over D's score and the real points" :
      "generated points, over D's score and the real points";
    const keys = "arrow keys move between latents, Enter takes one";
    this.left.setAttribute("aria-label", `Latent plane, ${n} latents; ${keys}`);
    this.right.setAttribute("aria-label", `Data plane, ${n} generated points; ${keys}`);
    this.paint();
  }

  // ---- pointing ----------------------------------------------------------------------------------------------------

  nearest(canvas, event) {
    const box = canvas.getBoundingClientRect();
    const [x0, x1, y0, y1] = this.spans.get(canvas);
    const x = x0 + ((event.clientX - box.left) / box.width) * (x1 - x0);
    const y = y1 - ((event.clientY - box.top) / box.height) * (y1 - y0);
    const points = canvas === this.left ? this.latents : this.points;
    let [best, least] = [null, ((x1 - x0) / 12) ** 2];
    for (let i = 0; i < points.length / 2; i++) {
      const distance = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  get below() {
    return -(this.header.side || 1); // rows go from low y to high y
  }

  next(step) {
    const n = this.points.length / 2;
    return this.at === null ? Math.floor(n / 2) : Math.min(n - 1, Math.max(0, this.at + step));
  }

  // ---- picture -----------------------------------------------------------------------------------------------------

  paint() {
    if (!this.header || this.root.clientWidth === 0) return;
    const theme = themeOf(this.root);
    const planes = this.linked ? [this.left, this.right] : [this.right];
    for (const canvas of planes) {
      const side = Math.round(canvas.clientWidth * window.devicePixelRatio);
      const context = cleared(canvas, side, side);
      const [x0, x1, y0, y1] = this.spans.get(canvas);
      const at = (points, i) => [
        ((points[2 * i] - x0) / (x1 - x0)) * side,
        ((y1 - points[2 * i + 1]) / (y1 - y0)) * side,
      ];
      const unit = side / canvas.clientWidth;
      if (canvas === this.right) this.paintData(context, theme, at, unit, side);
      else this.paintLatents(context, theme, at, unit, side);
    }
    this.tell();
  }

  paintLatents(context, theme, at, unit, side) {
    context.strokeStyle = theme.color("text", 0.2);
    context.lineWidth = unit;
    for (const ends of [[[side / 2, 0], [side / 2, side]], [[0, side / 2], [side, side / 2]]]) line(context, ends);
    this.dots(context, theme, at, unit, this.latents, this.z);
  }

  paintData(context, theme, at, unit, side) {
    this.paintScores(context, theme, side);
    const n = this.header.side;
    context.strokeStyle = theme.color("generator", 0.35);
    context.lineWidth = unit;
    for (let i = 0; i < n; i++) {
      line(context, Array.from({ length: n }, (_, j) => at(this.points, i * n + j)));
      line(context, Array.from({ length: n }, (_, j) => at(this.points, j * n + i)));
    }
    context.fillStyle = theme.color("real", 0.55);
    for (let i = 0; i < this.real.length / 2; i++) disc(context, at(this.real, i), 2 * unit);
    this.dots(context, theme, at, unit, this.points, this.x);
  }

  paintScores(context, theme, side) {
    const [s] = this.header.shapes.surface;
    if (!s) return;
    const [low, high] = this.header.range;
    const small = new OffscreenCanvas(s, s);
    const brush = small.getContext("2d");
    for (let i = 0; i < s * s; i++) {
      brush.fillStyle = mix(theme.scoreScale, (this.surface[i] - low) / (high - low));
      brush.fillRect(i % s, s - 1 - Math.floor(i / s), 1, 1);
    }
    context.globalAlpha = 0.3;
    context.imageSmoothingEnabled = true;
    context.drawImage(small, 0, 0, side, side);
    context.globalAlpha = 1;
  }

  // Latents have a hue by their position, and so have the points to which G sends them.
  dots(context, theme, at, unit, points, current) {
    for (let i = 0; i < points.length / 2; i++) {
      context.fillStyle = this.linked ? this.hue(i) : theme.color("generator", 0.8);
      disc(context, at(points, i), 2.6 * unit);
    }
    if (this.at !== null) ring(context, at(points, this.at), 7 * unit, unit * 2, theme.color("text"));
    if (current.length === 2) {
      context.fillStyle = theme.color("generator");
      disc(context, at(current, 0), 6 * unit);
      ring(context, at(current, 0), 6 * unit, unit * 1.5, theme.color("background"));
    }
  }

  hue(i) {
    const [x, y] = [this.latents[2 * i], this.latents[2 * i + 1]];
    const turn = (Math.atan2(y, x) / Math.PI) * 180;
    const far = Math.min(1, Math.hypot(x, y) / this.reach);
    return `hsl(${turn} ${Math.round(25 + 50 * far)}% 52%)`;
  }

  tell() {
    const { at } = this;
    const pair = (points, i) => `(${points[2 * i].toFixed(2)}, ${points[2 * i + 1].toFixed(2)})`;
    let text = this.x.length === 2 ? `current: ${this.linked ? `z ${pair(this.z, 0)} → ` : ""}x ${pair(this.x, 0)}` : "";
    if (at !== null) text = `${this.linked ? `z ${pair(this.latents, at)} → ` : ""}x ${pair(this.points, at)}`;
    if (this.caption.textContent !== text) this.caption.textContent = text;
  }
}
