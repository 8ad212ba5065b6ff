// A slider over the kept frames. Its right end is the present and stays there while frames are added.

export default (component) => mount(Scrubber, component);

const PLAY_MS = 120; // between frames while playing, or the time of an answer if that is longer
const LOST_MS = 1500; // after which a frame without an answer counts as lost
const SEND_MS = 80; // between messages while the slider is dragged

class Scrubber extends Player {
  constructor(root) {
    super(root);
    [this.button, this.input, this.output, this.presentButton] = root.children;
    this.dragging = false;
    this.input.oninput = () => this.move(Number(this.input.value));
    this.input.onpointerdown = () => (this.dragging = true);
    this.input.onpointerup = () => (this.dragging = false);
    this.presentButton.onclick = () => this.showPresent();
    this.button.onclick = () => (this.timer ? this.halt() : this.start());
    this.label();
  }

  show({ steps, at, end }) {
    this.steps = steps;
    [this.present, this.presentButton.textContent] = end;
    this.answered = at;
    this.input.max = steps.length; // one past the last frame: the present
    this.input.disabled = this.button.disabled = steps.length === 0;
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
    this.presentButton.disabled = now;
  }

  move(index) {
    this.tell();
    clearTimeout(this.pending);
    this.pending = setTimeout(() => {
      this.pending = null;
      this.send(index);
    }, SEND_MS);
  }

  showPresent() {
    this.halt();
    this.input.value = this.steps.length;
    this.move(this.steps.length);
  }

  send(index) {
    const present = index >= this.steps.length;
    [this.wanted, this.sentAt] = [present ? null : this.steps[index], Date.now()];
    this.trigger("at", present ? -1 : this.wanted);
  }

  start() {
    if (Number(this.input.value) >= this.steps.length - 1) this.input.value = 0;
    this.timer = setInterval(() => {
      // A film that is faster than a busy server would keep it from everything else.
      if (this.wanted !== this.answered && Date.now() - this.sentAt < LOST_MS) return;
      const next = Number(this.input.value) + 1;
      if (next >= this.steps.length) return this.halt();
      this.input.value = next;
      this.tell();
      this.send(next);
    }, PLAY_MS);
    this.label();
  }

  action() {
    return this.timer ? "Pause the film" : "Play the film of samples";
  }
}
