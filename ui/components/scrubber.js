// A range input over the kept frames. Its right end is the present, so it stays "live" while frames are added.

const lines = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".scrubber");
  if (!lines.has(root)) lines.set(root, new Line(root));
  const line = lines.get(root);
  line.send = (at) => setTriggerValue("at", at ?? -1);
  line.show(data);
  return whenGone(root, () => line.halt());
}

const PLAY_MS = 120; // between frames while playing
const SEND_MS = 80; // between messages while the knob is dragged

class Line {
  constructor(root) {
    [this.play, this.input, this.output, this.live] = root.children;
    this.dragging = false;
    this.input.oninput = () => this.move(Number(this.input.value));
    this.input.onpointerdown = () => (this.dragging = true);
    this.input.onpointerup = () => (this.dragging = false);
    this.live.onclick = () => this.leave();
    this.play.onclick = () => (this.timer ? this.halt() : this.start());
    this.label();
  }

  show({ steps, at, end }) {
    this.steps = steps;
    [this.present, this.live.textContent] = end;
    this.input.max = steps.length; // one past the last frame: the present
    this.input.disabled = this.play.disabled = steps.length === 0;
    if (!this.dragging && !this.timer && !this.pending) {
      const index = at === null ? -1 : steps.indexOf(at);
      this.input.value = index < 0 ? steps.length : index;
    }
    this.tell();
  }

  tell() {
    const index = Number(this.input.value);
    const now = index >= this.steps.length;
    this.output.textContent = now ? this.present : `step ${this.steps[index].toLocaleString("en")}`;
    this.input.setAttribute("aria-valuetext", this.output.textContent);
    this.live.disabled = now;
  }

  move(index) {
    this.tell();
    clearTimeout(this.pending);
    this.pending = setTimeout(() => {
      this.pending = null;
      this.send(index >= this.steps.length ? null : this.steps[index]);
    }, SEND_MS);
  }

  leave() {
    this.halt();
    this.input.value = this.steps.length;
    this.move(this.steps.length);
  }

  start() {
    if (Number(this.input.value) >= this.steps.length - 1) this.input.value = 0;
    this.timer = setInterval(() => {
      const next = Number(this.input.value) + 1;
      if (next >= this.steps.length) return this.halt();
      this.input.value = next;
      this.tell();
      this.send(this.steps[next]);
    }, PLAY_MS);
    this.label();
  }

  halt() {
    clearInterval(this.timer);
    this.timer = null;
    this.label();
  }

  label() {
    this.play.textContent = this.timer ? "❚❚" : "▶";
    this.play.setAttribute("aria-label", this.timer ? "Pause the film" : "Play the film of samples");
  }
}
