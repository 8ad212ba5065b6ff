// Lanes of runs. Elements are changed in place, so that a focused button keeps its focus.

export default (component) => mount(Lanes, component);

class Lanes extends View {
  lanes = new Map(); // the elements of each lane, by its title
  runs = new Map(); // the elements of each run, by its key

  show(lanes) {
    const theme = themeOf(this.root);
    for (const [name, role] of [["--going", "real"], ["--warning", "warning"]]) {
      this.root.style.setProperty(name, theme.color(role));
    }
    for (const lane of lanes) this.showLane(lane, theme);
  }

  showLane(lane, theme) {
    let parts = this.lanes.get(lane.title);
    if (!parts) {
      const node = element("div", "lane");
      node.role = "listitem";
      const title = element("div", "title");
      const swatch = element("i", "swatch");
      title.append(swatch, element("span", "", lane.title));
      const runs = element("div", "cells");
      node.append(title, runs);
      this.root.append(node);
      this.lanes.set(lane.title, (parts = { swatch, runs }));
    }
    parts.swatch.style.borderTopColor = theme.color(lane.role);
    parts.swatch.style.borderTopStyle = { dash: "dashed", dot: "dotted", dashdot: "double" }[lane.dash] ?? "solid";
    for (const run of lane.runs) this.showRun(run, parts.runs, lane.title);
  }

  showRun(run, parent, title) {
    let parts = this.runs.get(run.key);
    if (!parts) {
      const node = element("div", "run");
      const words = element("div", "words");
      const name = element("a", "name", run.name);
      const progress = element("span", "progress");
      words.append(name, progress);
      const bar = element("div", "bar");
      const done = element("div", "done");
      bar.append(done);
      const button = element("button", "act");
      button.type = "button";
      node.append(words, button, bar);
      parent.append(node);
      this.runs.set(run.key, (parts = { node, name, progress, done, button }));
    }
    parts.node.dataset.status = run.status;
    parts.node.title = run.trouble || "";
    parts.progress.textContent = run.progress;
    parts.done.style.width = `${100 * run.share}%`;
    if (run.run_id) {
      parts.name.href = `runs?run=${encodeURIComponent(run.run_id)}`;
      parts.name.title = "Look at this run in the library";
    }
    const { button } = parts;
    button.hidden = !run.offers;
    button.textContent = run.offers === "resume" ? "▶" : "■";
    const verb = run.offers === "resume" ? "Resume" : "Stop";
    button.title = `${verb} this run`;
    button.setAttribute("aria-label", `${verb} ${title}, ${run.name}`);
    button.onclick = () => this.trigger("act", [run.key, run.offers]);
  }
}
