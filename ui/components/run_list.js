// A list box of runs. All texts are set as text, never as HTML, because names and tags may be imported.

export default (component) => mount(RunList, component);

class RunList extends View {
  options = new Map(); // the element of each run, by its id, with the text of its data
  folds = new Map(); // the element of each comparison, by its id
  open = new Set(); // the comparisons that were open before all of them were

  constructor(root) {
    super(root);
    root.onkeydown = (event) => this.key(event);
  }

  show({ rows, comparisons, selected, unfolded }) {
    const theme = themeOf(this.root);
    this.root.style.setProperty("--warning", theme.color("warning"));
    this.root.style.setProperty("--going", theme.color("real"));
    const kept = new Map();
    rows.forEach((row) => {
      const text = JSON.stringify(row);
      let option = this.options.get(row.id);
      if (!option || option.text !== text) option = this.option(row, text);
      kept.set(row.id, option);
    });
    this.options = kept;
    if (unfolded && !this.unfolded) this.open = new Set([...this.folds].filter(([, fold]) => fold.open).map(([id]) => id));
    const changed = unfolded !== this.unfolded;
    this.unfolded = unfolded;
    this.replace(this.root, this.arrange(rows, comparisons));
    if (changed) {
      this.folds.forEach((fold, id) => { fold.open = unfolded || this.open.has(id); });
      this.moved = true;
    }
    this.mark(selected);
  }

  // The elements of the list: runs, and comparisons with their runs in them.
  arrange(rows, comparisons) {
    const folds = new Map();
    const groups = Map.groupBy(rows, (row) => (row.comparison ? `runs of ${row.comparison}` : row.id));
    const nodes = [...groups.values()].map((members) => {
      const runs = members.map((row) => this.options.get(row.id).node);
      const comparison = comparisons[members[0].comparison];
      if (!comparison) return runs[0];
      const fold = this.folds.get(comparison.id) ?? this.fold(comparison);
      folds.set(comparison.id, fold);
      const training = members.filter((row) => row.training).length;
      const count = `${members.length} run${members.length > 1 ? "s" : ""}`;
      fold.querySelector(".count").textContent = training ? `${count}, ${training} training` : count;
      this.replace(fold, [fold.firstChild, ...runs]);
      return fold;
    });
    this.folds = folds;
    return nodes;
  }

  // A comparison's line, which shows and hides its runs.
  fold({ title, about }) {
    const node = element("details", "fold");
    node.role = "group";
    node.open = Boolean(this.unfolded);
    node.setAttribute("aria-label", title);
    const line = element("summary", "");
    const words = element("div", "words");
    words.append(element("div", "name", title), element("div", "facts", about));
    words.title = `${title} · ${about}`;
    line.append(words, element("div", "facts count"));
    node.append(line);
    return node;
  }

  replace(parent, nodes) {
    const same = nodes.length === parent.children.length && nodes.every((node, i) => parent.children[i] === node);
    if (!same) parent.replaceChildren(...nodes);
  }

  option(row, text) {
    const node = element("div", "run");
    node.id = `run-${row.id}`;
    node.role = "option";
    node.onclick = () => this.choose(row.id);
    const picture = row.picture ? element("img", "picture") : element("div", "picture");
    if (row.picture) {
      picture.src = row.picture;
      picture.alt = "";
    }
    const words = element("div", "words");
    const top = element("div", "top");
    top.append(element("div", "name", row.name), element("div", row.training ? "status going" : "status", row.status));
    words.append(top, element("div", "about", row.about), element("div", "facts", row.facts));
    if (row.quality || row.trouble) {
      const line = element("div", "facts", row.quality);
      if (row.trouble) line.append(element("span", "trouble", row.trouble));
      words.append(line);
    }
    if (row.tags.length) {
      const tags = element("div", "tags");
      tags.append(...row.tags.map((tag) => element("span", "tag", tag)));
      words.append(tags);
    }
    node.append(picture, words);
    return { node, text };
  }

  mark(selected) {
    if (selected !== this.selected) this.moved = true;
    this.selected = selected;
    this.options.forEach(({ node }, id) => node.setAttribute("aria-selected", String(id === selected)));
    const option = this.options.get(selected);
    if (!option) return this.root.removeAttribute("aria-activedescendant");
    this.root.setAttribute("aria-activedescendant", option.node.id);
    if (this.moved) {
      const fold = option.node.closest("details");
      if (fold) fold.open = true;
      option.node.scrollIntoView({ block: "nearest" });
    }
    this.moved = false;
  }

  choose(id) {
    this.mark(id);
    this.trigger("pick", id);
  }

  key(event) {
    const visible = [...this.root.querySelectorAll(".run")].filter((node) => !node.closest("details:not([open])"));
    const ids = visible.map((node) => node.id.replace("run-", ""));
    const at = ids.indexOf(this.selected);
    const last = ids.length - 1;
    const next = { ArrowDown: at + 1, ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[event.key];
    if (next === undefined || next > last) return;
    event.preventDefault();
    this.choose(ids[next]);
  }
}
