// Placed before each component's own script by `assets.component`.

const views = new WeakMap(); // the view of each mounted component

// Shows a component's data in the view of its root element, and makes the view on the first call. Streamlit calls the
// returned function when the component is removed, and also when an update is overtaken by the next one on a busy
// machine; then the view stays.
function mount(ViewClass, { data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".component");
  if (!views.has(root)) views.set(root, new ViewClass(root));
  const view = views.get(root);
  Object.assign(view, { setState: setStateValue, trigger: setTriggerValue });
  view.show(data);
  return () => {
    if (!root.isConnected) view.leave();
  };
}

class View {
  constructor(root, resizing = root) {
    this.root = root;
    this.observer = new ResizeObserver(() => this.paint());
    this.observer.observe(resizing);
  }

  paint() {}

  leave() {
    this.observer.disconnect();
  }
}

// A view with a button that starts and stops a timer. Subclasses define `action`, which names the button.
class Player extends View {
  halt() {
    clearInterval(this.timer);
    this.timer = null;
    this.label();
  }

  leave() {
    super.leave();
    this.halt();
  }

  label() {
    this.button.textContent = this.timer ? "❚❚" : "▶";
    this.button.setAttribute("aria-label", this.action());
  }
}

// A view of numbered things. Pointing at one marks it; a click or Enter picks it. Subclasses define `next(step)`, the
// index of a neighbour, and `below`, the step to the thing below.
class PointableView extends View {
  at = null; // index of the thing that is pointed at
  picked = null; // index of the last pick

  listen(target, indexAt) {
    target.onpointermove = (event) => this.point(indexAt(event));
    target.onpointerleave = target.onblur = () => this.point(null);
    target.onclick = (event) => this.pick(indexAt(event));
    target.onkeydown = (event) => this.key(event);
  }

  point(index) {
    if (index === this.at) return;
    this.at = index;
    this.paint();
  }

  pick(index) {
    if (index === null) return;
    this.picked = index;
    this.trigger("pick", index);
  }

  key(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.below, ArrowDown: this.below }[event.key];
    if (step) this.point(this.next(step));
    else if (event.key === "Enter" || event.key === " ") this.pick(this.at);
    else return;
    event.preventDefault();
  }
}

// A new element with a class and a text.
function element(kind, name, text = "") {
  const node = document.createElement(kind);
  node.className = name;
  node.textContent = text;
  return node;
}

// The colours of Streamlit's current theme.
function themeOf(element) {
  const css = getComputedStyle(element);
  const variable = (name) => css.getPropertyValue(`--st-${name}`).trim();
  const background = variable("background-color");
  const palette = PALETTES[luminance(background) < 0.5 ? "dark" : "light"];
  const roles = { ...palette, text: variable("text-color"), background };
  return {
    font: variable("font"),
    color: (role, opacity = 1) => withOpacity(roles[role], opacity),
    scoreScale: PALETTES.score.map((role) => roles[role]),
  };
}

function channels(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

function luminance(hex) {
  const [red, green, blue] = channels(hex);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

function withOpacity(hex, opacity) {
  return opacity === 1 ? hex : `rgba(${channels(hex).join(",")},${opacity})`;
}

// The colour at `share` (0 to 1) of a scale of three colours.
function mix(scale, share) {
  const position = Math.min(Math.max(share, 0), 1) * 2;
  const low = position < 1 ? 0 : 1;
  const [from, to] = [channels(scale[low]), channels(scale[low + 1])];
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * (position - low))).join(",")})`;
}

// A number with at most three digits.
function brief(value) {
  return String(Number(value.toPrecision(3)));
}

// Reads what `assets.packed` wrote: the header's length, the header (JSON), then bytes.
function unpack(bytes) {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  return { header, rest: bytes.subarray(4 + size) };
}

// A hidden canvas with all pictures at their own size and without gaps, `columns` side by side.
function atlasOf({ n, height, width, channels, columns, pixels }) {
  const rows = Math.ceil(n / columns);
  const atlas = new OffscreenCanvas(columns * width, Math.max(rows, 1) * height);
  const image = new ImageData(atlas.width, atlas.height);
  const target = new Uint32Array(image.data.buffer);
  for (let i = 0, source = 0; i < n; i++) {
    const left = (i % columns) * width;
    const top = Math.floor(i / columns) * height;
    for (let y = 0; y < height; y++) {
      let place = (top + y) * atlas.width + left;
      for (let x = 0; x < width; x++, source += channels) {
        const red = pixels[source];
        const green = channels === 3 ? pixels[source + 1] : red;
        const blue = channels === 3 ? pixels[source + 2] : red;
        target[place++] = 0xff000000 | (blue << 16) | (green << 8) | red;
      }
    }
  }
  atlas.getContext("2d").putImageData(image, 0, 0);
  return atlas;
}

// The same picture a whole number of times larger, with square pixels.
function enlarged(atlas, times) {
  if (times === 1) return atlas;
  const larger = new OffscreenCanvas(atlas.width * times, atlas.height * times);
  const context = larger.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(atlas, 0, 0, larger.width, larger.height);
  return larger;
}

// The context of a canvas of this size in the screen's pixels, cleared.
function cleared(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  return context;
}

function disc(context, [x, y], radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function ring(context, [x, y], radius, width, color) {
  Object.assign(context, { strokeStyle: color, lineWidth: width });
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
}

function line(context, points) {
  context.beginPath();
  for (const point of points) context.lineTo(...point);
  context.stroke();
}
