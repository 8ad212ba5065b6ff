// Paints pictures on one canvas. A repaint is a single task, so that the canvas is never blank on the screen.

export default (component) => mount(Grid, component);

// The bytes hold a float32 score for each picture, then the pixels.
function decode(bytes) {
  const { header, rest } = unpack(bytes);
  const [n, height, width, channels] = header.shape;
  return {
    ...header, n, height, width, channels,
    scores: new Float32Array(rest.slice(0, 4 * n).buffer),
    pixels: rest.subarray(4 * n),
  };
}

const GAP = 3; // pixels of the screen, between rims

class Grid extends PointableView {
  constructor(root) {
    super(root);
    this.canvas = root.querySelector("canvas");
    this.tip = root.querySelector(".tip");
    this.listen(root, (event) => this.indexAt(event));
  }

  show(data) {
    const grid = (this.grid = decode(data));
    this.atlas = atlasOf(grid);
    if (this.at >= grid.n) this.at = null;
    const known = grid.scores.filter((score) => !Number.isNaN(score));
    const mean = known.reduce((sum, score) => sum + score, 0) / known.length;
    const verdict = known.length ? `, mean ${grid.name} ${brief(mean)}` : "";
    this.canvas.setAttribute("aria-label", `${grid.n} ${grid.label}${verdict}`);
    this.root.setAttribute("aria-label", `${grid.label}: arrow keys move, Enter chooses`);
    this.paint();
  }

  // Pictures side by side: fewer than `columns` where they would become too small.
  across() {
    const { columns, smallest, rim } = this.grid;
    const most = Math.floor(this.root.clientWidth / (smallest + 2 * rim + GAP));
    return smallest ? Math.max(1, Math.min(columns, most)) : columns;
  }

  // The sides and the border of a picture with this many columns, in the screen's pixels.
  cell(columns, largest) {
    const ratio = window.devicePixelRatio;
    const { width, height, n } = this.grid;
    const border = Math.round((2 * this.grid.rim + GAP) * ratio);
    const across = Math.floor((this.root.clientWidth * ratio) / columns) - border;
    const down = this.grid.fill ? (this.root.clientHeight * ratio) / Math.ceil(n / columns) - border : Infinity;
    const room = Math.min(across, Math.floor((down * width) / height));
    const side = Math.max(1, evenSide(Math.min(room, largest * ratio), width));
    return { side, tall: Math.round((side * height) / width), border };
  }

  // Works in the screen's pixels, so that a picture's pixels are square and even at any zoom.
  paint() {
    const { grid, root, canvas } = this;
    if (!grid || root.clientWidth === 0) return;
    const ratio = window.devicePixelRatio;
    const { width, height, n } = grid;
    root.style.height = grid.fill;
    const columns = this.across();
    const { side, tall, border } = this.cell(columns, grid.largest);
    Object.assign(this, { ratio, columns, pitch: side + border, row: tall + border });
    const size = [columns * this.pitch, Math.ceil(n / columns) * this.row];
    if (grid.room) {
      const [most, across, largest] = grid.room;
      const other = this.cell(across, largest);
      root.style.minHeight = `${(Math.ceil(most / across) * (other.tall + other.border)) / ratio}px`;
    } else root.style.minHeight = "";
    const context = cleared(canvas, ...size);
    canvas.style.width = `${size[0] / ratio}px`;
    canvas.style.height = `${size[1] / ratio}px`;
    const times = Math.max(1, Math.ceil(side / width));
    const source = enlarged(this.atlas, times);
    context.imageSmoothingEnabled = times * width !== side;
    context.imageSmoothingQuality = "high";
    const theme = themeOf(root);
    const rim = Math.round(grid.rim * ratio);
    for (let i = 0; i < n; i++) {
      const [x, y] = this.corner(i);
      context.fillStyle = this.rimColor(i, theme);
      context.fillRect(x, y, side + 2 * rim, tall + 2 * rim);
      const column = (i % grid.columns) * width * times;
      const line = Math.floor(i / grid.columns) * height * times;
      context.drawImage(source, column, line, width * times, height * times, x + rim, y + rim, side, tall);
    }
    this.tell();
  }

  corner(i) {
    return [(i % this.columns) * this.pitch, Math.floor(i / this.columns) * this.row];
  }

  rimColor(i, theme) {
    const { scores, range: [low, high], selected } = this.grid;
    if (i === this.at || i === selected) return theme.color("text");
    return Number.isNaN(scores[i]) ? "transparent" : mix(theme.scoreScale, (scores[i] - low) / (high - low));
  }

  indexAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) * this.ratio) / this.pitch);
    const line = Math.floor(((event.clientY - box.top) * this.ratio) / this.row);
    const index = line * this.columns + column;
    return column >= 0 && column < this.columns && index >= 0 && index < this.grid.n ? index : null;
  }

  // Says beside the picture that is pointed at its number, its name and its score.
  tell() {
    const { at, grid, tip } = this;
    tip.classList.toggle("shown", at !== null);
    if (at === null) return;
    const score = grid.scores[at];
    const which = grid.names[at] ? `#${at + 1}, ${grid.names[at]}` : `#${at + 1}`;
    const text = Number.isNaN(score) ? which : `${which}, ${grid.name} ${brief(score)}`;
    if (tip.textContent !== text) tip.textContent = text;
    const [x, y] = this.corner(at).map((value) => value / this.ratio);
    const below = y + this.row / this.ratio + 2;
    tip.style.left = `${Math.min(x, Math.max(0, this.root.clientWidth - tip.offsetWidth))}px`;
    tip.style.top = y >= tip.offsetHeight + 2 ? `${y - tip.offsetHeight - 2}px` : `${below}px`;
  }

  get below() {
    return this.columns;
  }

  next(step) {
    const from = this.at ?? this.picked; // the pictures lose the focus while one of them is enlarged
    const next = from === null ? 0 : from + step;
    return next >= 0 && next < this.grid.n ? next : from;
  }
}

// The largest multiple of the picture's width that fits, unless that wastes much room; then the room itself.
function evenSide(room, width) {
  const whole = Math.floor(room / width) * width;
  return whole >= 0.85 * room ? whole : Math.floor(room);
}
