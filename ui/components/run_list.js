// A list box of runs. All texts are set as text, never as HTML, because names and tags may be imported.

export default (component) => mount(RunList, component);

class RunList extends View {
  options = new Map(); // the element of each run, by its id, with the text of its data

  constructor(root) {
    super(root);
    root.onkeydown = (event) => this.key(event);
  }

  show({ rows, selected }) {
    const theme = themeOf(this.root);
    this.root.style.setProperty("--warning", theme.color("warning"));
    this.root.style.setProperty("--going", theme.color("real"));
    this.ids = rows.map((row) => row.id);
    const kept = new Map();
    rows.forEach((row) => {
      const text = JSON.stringify(row);
      let option = this.options.get(row.id);
      if (!option || option.text !== text) option = this.option(row, text);
      kept.set(row.id, option);
    });
    this.options = kept;
    const nodes = [...kept.values()].map((option) => option.node);
    if (nodes.length !== this.root.children.length || nodes.some((node, i) => this.root.children[i] !== node)) {
      this.root.replaceChildren(...nodes);
    }
    this.mark(selected);
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
    if (this.moved) option.node.scrollIntoView({ block: "nearest" });
    this.moved = false;
  }

  choose(id) {
    this.mark(id);
    this.trigger("pick", id);
  }

  key(event) {
    const at = this.ids.indexOf(this.selected);
    const last = this.ids.length - 1;
    const next = { ArrowDown: at + 1, ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[event.key];
    if (next === undefined || next > last) return;
    event.preventDefault();
    this.choose(this.ids[next]);
  }
}
