// Rows of bars around a middle line on one scale. The last row, the result, has the generator's colour.

export default (component) => mount(Vectors, component);

class Vectors extends View {
  show(rows) {
    this.rows = rows;
    while (this.root.children.length > 2 * rows.length) this.root.lastChild.remove();
    while (this.root.children.length < 2 * rows.length) {
      this.root.append(element("span", ""), element("canvas", ""));
      this.root.lastChild.setAttribute("role", "img");
    }
    this.paint();
  }

  paint() {
    if (!this.rows || this.root.clientWidth === 0) return;
    const theme = themeOf(this.root);
    const reach = Math.max(1, ...this.rows.flatMap(({ values }) => values.map(Math.abs)));
    this.rows.forEach(({ name, values }, i) => {
      const [label, canvas] = [this.root.children[2 * i], this.root.children[2 * i + 1]];
      const last = i === this.rows.length - 1;
      label.textContent = name;
      label.classList.toggle("last", last);
      const norm = Math.hypot(...values);
      canvas.setAttribute("aria-label", `${name}: vector of ${values.length} numbers, length ${brief(norm)}`);
      canvas.title = `length ${brief(norm)}`;
      this.bars(canvas, values, reach, theme, theme.color(last ? "generator" : "other"));
    });
  }

  bars(canvas, values, reach, theme, color) {
    const ratio = window.devicePixelRatio;
    const context = cleared(canvas, Math.floor(canvas.clientWidth * ratio), Math.floor(canvas.clientHeight * ratio));
    const [pitch, middle] = [canvas.width / values.length, canvas.height / 2];
    context.fillStyle = theme.color("text", 0.15);
    context.fillRect(0, middle - ratio / 2, canvas.width, ratio);
    context.fillStyle = color;
    values.forEach((value, i) => {
      context.fillRect(i * pitch, middle, Math.max(1, pitch - ratio), (-value / reach) * (middle - 1));
    });
  }
}
