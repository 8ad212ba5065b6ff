// The drawing of the game with the pictures and the numbers of one step. A new step plays from stage to stage.

export default (component) => mount(LiveGame, component);

const STAGE_MS = 1100;
const LIT = { // parts of the drawing in each stage
  draw: ["z"],
  fakes: ["z", "z-g", "g", "g-fake", "fake"],
  score: ["fake", "fake-d", "real", "real-d", "d", "d-score", "score"],
  "learn-d": ["score", "d-score", "d"],
  again: ["z", "z-g", "g", "g-fake", "fake", "fake-d", "d", "d-score", "score"],
  "learn-g": ["score", "d-score", "d", "d-g", "g"],
};
const SVG = "http://www.w3.org/2000/svg";
const DOT = 3; // radius of a point, in a picture of POINTS pixels
const POINTS = 168;

class LiveGame extends Player {
  constructor(root) {
    super(root);
    this.svg = root.querySelector("svg");
    this.svg.setAttribute("viewBox", "0 0 625 290"); // with room for the scores
    this.list = root.querySelector("ol");
    this.button = root.querySelector(".again");
    this.button.onclick = () => (this.timer ? this.rest() : this.play());
    this.svg.querySelectorAll(".words .start").forEach((text, i) => {
      text.classList.remove("start");
      text.setAttribute("x", 498);
      text.setAttribute("y", i ? 228 : 98);
    });
    const words = this.svg.querySelector(".words");
    const text = (x, y, name) => {
      const node = document.createElementNS(SVG, "text");
      node.setAttribute("x", x);
      node.setAttribute("y", y);
      node.setAttribute("class", name);
      words.append(node);
      return node;
    };
    this.numbers = [170, 192, 214].map((y) => text(32, y, "number"));
    this.states = { g: text(140, 174, "state"), d: text(412, 234, "state") };
    this.scores = [text(512, 0, "start score of-real"), text(512, 0, "start score of-generator")];
    this.goals = [...words.querySelectorAll(".of-generator:not(.score), .of-discriminator")];
    this.goals.forEach((node) => (node.dataset.goal = node.textContent));
  }

  show(data) {
    if (!data) return this.rest(); // training at speed: the diagram is folded
    const { header, rest } = unpack(data);
    const theme = themeOf(this.root);
    const key = header.key + theme.color("text");
    if (key === this.key) return;
    const isNew = header.key !== this.step;
    Object.assign(this, { key, step: header.key, header, pictures: pictures(header, rest, theme) });
    while (this.list.children.length > header.stages.length) this.list.lastChild.remove();
    while (this.list.children.length < header.stages.length) {
      this.list.append(element("li", ""));
      this.list.lastChild.append(element("button", ""));
    }
    header.stages.forEach(({ text }, i) => {
      const button = this.list.children[i].firstChild;
      button.type = "button";
      button.textContent = text;
      button.onclick = () => {
        this.halt();
        this.go(i);
      };
    });
    this.root.querySelector("p").textContent = header.hint;
    this.button.hidden = !header.stages.length;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isNew && header.plays && header.stages.length && !calm) this.play();
    else this.rest();
  }

  play() {
    this.halt();
    this.go(0);
    this.timer = setInterval(() => {
      if (this.at + 1 < this.header.stages.length) this.go(this.at + 1);
      else this.rest();
    }, STAGE_MS);
    this.label();
  }

  // Shows the whole step.
  rest() {
    this.halt();
    if (this.header) this.go(null);
  }

  action() {
    return this.timer ? "Show the whole step" : "Play this step again";
  }

  label() {
    super.label();
    this.button.textContent += this.timer ? " Whole step" : " Play again";
  }

  // Shows the nth stage, with the numbers that are known by then; null shows all of them.
  go(n) {
    this.at = n;
    const { header, svg } = this;
    const stage = n === null ? null : header.stages[n].name;
    const seen = (name) => header.stages.some((each, i) => each.name === name && (n === null || i <= n));
    [...this.list.children].forEach(({ firstChild }, i) => {
      if (i === n) firstChild.setAttribute("aria-current", "step");
      else firstChild.removeAttribute("aria-current");
    });
    if (stage) this.root.dataset.stage = stage;
    else delete this.root.dataset.stage;
    const lit = stage && LIT[stage];
    for (const part of svg.querySelectorAll("[data-part]")) {
      part.classList.toggle("dim", !!lit && !lit.includes(part.dataset.part));
      part.classList.toggle("flows", !!lit && part.tagName === "path" && lit.includes(part.dataset.part));
    }
    const ofG = header.stages.length > 0 && (n === null ? seen("learn-g") : ["again", "learn-g"].includes(stage));
    this.picture("z", this.pictures[ofG ? "zG" : "zD"]);
    this.picture("fake", this.pictures[ofG ? "fakeG" : "fakeD"]);
    this.picture("real", this.pictures.real);
    const z = (ofG ? header.z.g : header.z.d) ?? [];
    this.numbers.forEach((node, i) => (node.textContent = i === 2 && z.length > 3 ? "…" : z[i]?.toFixed(2) ?? ""));
    this.states.g.textContent = { "learn-d": "frozen", "learn-g": "learns" }[stage] ?? "";
    this.states.d.textContent = { "learn-d": "learns", again: "frozen", "learn-g": "frozen" }[stage] ?? "";
    this.tellScores(seen("score"));
    this.tellLosses(seen("learn-d") && header.losses.d, seen("learn-g") && header.losses.g);
  }

  tellScores(known) {
    const { scores: [real, fake], places: [high, low] } = this.header;
    const apart = Math.max(0, 20 - 100 * Math.abs(high - low)) / 2; // so that the numbers do not overlap
    const up = high >= low ? -apart : apart;
    [[real, high, up], [fake, low, -up]].forEach(([text, share, move], i) => {
      this.scores[i].textContent = known ? `${i ? "fake" : "real"} ${text}` : "";
      this.scores[i].setAttribute("y", 212 - 100 * share + move);
    });
  }

  tellLosses(d, g) {
    const texts = [g && `G’s loss ${g}`, d && `D’s loss ${d}`, d && " "];
    this.goals.forEach((node, i) => (node.textContent = texts[i] || node.dataset.goal));
  }

  picture(part, address) {
    const image = this.svg.querySelector(`image[data-part=${part}]`);
    if (address) image.setAttribute("href", address);
    else image.removeAttribute("href");
  }
}

// The pictures of a step as addresses: of z, of the fakes and of the real samples.
function pictures({ shapes, z }, bytes, theme) {
  const found = { zD: z.d && ofLatent(z.d), zG: z.g && ofLatent(z.g) };
  let from = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const size = shape.reduce((all, side) => all * side, shape.length === 2 ? 4 : 1);
    const part = bytes.slice(from, from + size);
    from += size;
    const color = theme.color(name === "real" ? "real" : "generator");
    found[name] = shape.length === 2 ? ofPoints(new Float32Array(part.buffer), color) : ofImages(shape, part);
  }
  return found;
}

function canvasOf(width, height) {
  const canvas = document.createElement("canvas");
  return [canvas, cleared(canvas, width, height)];
}

function ofImages([n, height, width, channels], pixels) {
  const columns = Math.ceil(Math.sqrt(n));
  const atlas = atlasOf({ n, height, width, channels, columns, pixels });
  const [canvas, context] = canvasOf(atlas.width, atlas.height);
  context.drawImage(atlas, 0, 0);
  return canvas.toDataURL();
}

// Points in [0, 1] x [0, 1], y upwards.
function ofPoints(points, color) {
  const [canvas, context] = canvasOf(POINTS, POINTS);
  context.fillStyle = color;
  for (let i = 0; i < points.length; i += 2) disc(context, [points[i] * POINTS, (1 - points[i + 1]) * POINTS], DOT);
  return canvas.toDataURL();
}

// A latent as gray squares, from -2 (black) to 2 (white).
function ofLatent(z) {
  const side = Math.ceil(Math.sqrt(z.length));
  const [canvas, context] = canvasOf(side, Math.ceil(z.length / side));
  z.forEach((value, i) => {
    const gray = Math.round(((Math.min(Math.max(value, -2), 2) + 2) / 4) * 255);
    context.fillStyle = `rgb(${gray},${gray},${gray})`;
    context.fillRect(i % side, Math.floor(i / side), 1, 1);
  });
  return canvas.toDataURL();
}
