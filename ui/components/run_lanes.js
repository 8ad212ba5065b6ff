// Lanes of runs. Every node is made once and then changed in place, so that a focused button stays the same button.

const boards = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".lanes");
  if (!boards.has(root)) boards.set(root, new Board(root));
  const board = boards.get(root);
  board.act = (key, what) => setTriggerValue("act", [key, what]);
  board.show(data);
}

class Board {
  constructor(root) {
    this.root = root;
    this.lanes = new Map();
    this.runs = new Map();
  }

  show(lanes) {
    const theme = themeOf(this.root);
    for (const [name, role] of [["--going", "real"], ["--warning", "warning"]]) {
      this.root.style.setProperty(name, theme.color(role));
    }
    for (const lane of lanes) this.showLane(lane, theme);
  }

  showLane(lane, theme) {
    let made = this.lanes.get(lane.title);
    if (!made) {
      const node = element("div", "lane");
      node.role = "listitem";
      const title = element("div", "title");
      const swatch = element("i", "swatch");
      title.append(swatch, element("span", "", lane.title));
      const runs = element("div", "cells");
      node.append(title, runs);
      this.root.append(node);
      this.lanes.set(lane.title, (made = { swatch, runs }));
    }
    made.swatch.style.borderTopColor = theme.color(lane.role);
    made.swatch.style.borderTopStyle = { dash: "dashed", dot: "dotted", dashdot: "double" }[lane.dash] ?? "solid";
    for (const run of lane.runs) this.showRun(run, made.runs, lane.title);
  }

  showRun(run, parent, title) {
    let made = this.runs.get(run.key);
    if (!made) {
      const node = element("div", "run");
      const words = element("div", "words");
      const name = element("a", "name");
      name.textContent = run.name;
      const told = element("span", "told");
      words.append(name, told);
      const bar = element("div", "bar");
      const done = element("div", "done");
      bar.append(done);
      const button = element("button", "act");
      button.type = "button";
      node.append(words, button, bar);
      parent.append(node);
      this.runs.set(run.key, (made = { node, name, told, done, button }));
    }
    made.node.dataset.status = run.status;
    made.node.title = run.trouble || "";
    made.told.textContent = run.told;
    made.done.style.width = `${100 * run.share}%`;
    if (run.run_id) {
      made.name.href = `runs?run=${encodeURIComponent(run.run_id)}`;
      made.name.title = "Look at this run in the library";
    }
    const { button } = made;
    button.hidden = !run.offers;
    button.textContent = run.offers === "resume" ? "▶" : "■";
    const verb = run.offers === "resume" ? "Resume" : "Stop";
    button.title = `${verb} this run`;
    button.setAttribute("aria-label", `${verb} ${title}, ${run.name}`);
    button.onclick = () => this.act(run.key, run.offers);
  }
}

function element(kind, name, text = "") {
  const node = document.createElement(kind);
  if (name) node.className = name;
  node.textContent = text;
  return node;
}
