// Copies a link and says for some seconds that it has been copied.

export default (component) => mount(CopyLink, component);

const SHOWN_MS = 6000;

class CopyLink extends View {
  constructor(root) {
    super(root);
    [this.button, this.output] = root.children;
    this.button.onclick = () => this.copy();
    this.label(false);
  }

  show({ url, where }) {
    Object.assign(this, { url, where });
  }

  leave() {
    super.leave();
    clearTimeout(this.timer);
  }

  async copy() {
    const url = this.url || location.href;
    const copied = await toClipboard(url);
    this.label(copied);
    this.output.textContent = copied ? `Copied. ${this.where}` : `Copy it by hand: ${url}`;
    const { left, right, top } = this.button.getBoundingClientRect();
    this.output.classList.toggle("above", top > innerHeight / 2);
    this.output.classList.toggle("rightwards", left + right < innerWidth);
    this.output.hidden = false;
    clearTimeout(this.timer);
    if (copied) this.timer = setTimeout(() => this.label(false), SHOWN_MS);
  }

  label(copied) {
    this.button.children[0].textContent = copied ? "✓" : "🔗";
    this.button.children[1].textContent = copied ? "Copied" : "Copy link to this moment";
    if (!copied) this.output.hidden = true;
  }
}

// Returns whether it worked. The clipboard of a page needs HTTPS or this machine; elsewhere a selection is copied.
async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", "");
    field.value = text;
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
