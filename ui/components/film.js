// Plays frames from memory. When the frames change, the film continues at the same share of its length.

export default (component) => mount(Film, component);

class Film extends Player {
  constructor(root) {
    super(root);
    this.canvas = root.querySelector("canvas");
    [this.button, this.range, this.output] = root.querySelector(".bar").children;
    this.at = 0;
    this.range.oninput = () => {
      this.halt();
      this.go(Number(this.range.value));
    };
    this.button.onclick = () => (this.timer ? this.halt() : this.start());
  }

  show(data) {
    const { header, rest } = unpack(data);
    const first = this.header === undefined;
    const share = first ? 0 : this.at / Math.max(1, this.header.shape[0] - 1);
    const [n, height, width, channels] = header.shape;
    const restarted = first || header.fps !== this.header.fps;
    Object.assign(this, { header, pixels: rest.slice(), size: height * width * channels });
    this.range.max = n - 1;
    this.canvas.setAttribute("aria-label", `${header.label}, ${n} frames`);
    this.range.setAttribute("aria-label", `Frame of ${header.label}`);
    this.root.querySelector(".bar").style.visibility = n > 1 ? "visible" : "hidden";
    this.go(Math.round(share * (n - 1)));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (first && !calm && n > 1) this.start();
    else if (restarted && this.timer) this.start();
    else this.label();
  }

  start() {
    clearInterval(this.timer);
    if (!this.header.loop && this.at === this.header.shape[0] - 1) this.go(0);
    this.timer = setInterval(() => this.step(), 1000 / this.header.fps);
    this.label();
  }

  step() {
    if (!this.root.isConnected) return this.halt();
    const next = this.at + 1;
    if (next < this.header.shape[0]) this.go(next);
    else if (this.header.loop) this.go(0);
    else this.halt();
  }

  action() {
    return `${this.timer ? "Pause" : "Play"} ${this.header.label}`;
  }

  go(index) {
    this.at = index;
    const { captions, shape } = this.header;
    this.range.value = index;
    this.output.textContent = captions[index] ?? `${index + 1} of ${shape[0]}`;
    this.range.setAttribute("aria-valuetext", this.output.textContent);
    this.paint();
  }

  // A pixel of the frame takes a whole number of the screen's pixels, unless that wastes much room.
  paint() {
    if (!this.header) return;
    const { shape: [, height, width, channels], largest } = this.header;
    const ratio = window.devicePixelRatio;
    const room = Math.min(largest * Math.max(1, width / height), this.root.clientWidth || Infinity) * ratio;
    const times = Math.max(1, Math.floor(room / width));
    const across = times * width >= 0.8 * room ? times * width : Math.floor(room);
    const tall = Math.round((across * height) / width);
    const context = cleared(this.canvas, across, tall);
    this.canvas.style.width = `${across / ratio}px`;
    const pixels = this.pixels.subarray(this.at * this.size, (this.at + 1) * this.size);
    const frame = enlarged(atlasOf({ n: 1, height, width, channels, columns: 1, pixels }), times);
    context.imageSmoothingQuality = "high";
    context.drawImage(frame, 0, 0, across, tall);
  }
}
