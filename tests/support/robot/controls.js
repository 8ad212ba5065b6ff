// Runs in every document of the robot's tab before its scripts. `robot.controls()` lists what a person can press now,
// also within the shadow roots of components; `robot.exceptions` keeps the text of each exception box, however brief.

const SELECTOR =
  "a[href], button, input, textarea, summary, canvas, [role=button], [role=tab], [role=slider], [role=switch], " +
  "[role=option], [role=menuitem], [role=combobox], [role=radio], [role=checkbox], .nsewdrag";

window.robot = {
  exceptions: [],
  elements: [],
  runs: 0, // of the page's script that have ended

  running() {
    return document.querySelector("[data-testid=stApp]")?.dataset.testScriptState !== "notRunning";
  },

  all(root) {
    return [...root.querySelectorAll("*")].flatMap((node) => [
      ...(node.matches(SELECTOR) ? [node] : []),
      ...(node.shadowRoot ? robot.all(node.shadowRoot) : []),
    ]);
  },

  controls() {
    robot.elements = robot.all(document).filter(robot.pressable);
    return robot.elements.map((node) => ({
      kind: robot.kind(node),
      name: robot.name(node).replace(/\s+/g, " ").trim().replace(/[\d,.]*\d/g, "#").slice(0, 60),
      away: /^http/.test(node.href ?? "") && new URL(node.href).host !== location.host,
      layer: !!node.closest("[data-testid=stPopoverBody], [role=dialog], [role=listbox], [role=menu]"),
    }));
  },

  pressable(node) {
    const input = node.closest("[data-testid=stFileUploader], label")?.querySelector("input") ?? node;
    if (node.disabled || input.disabled || node.getAttribute("aria-disabled") === "true") return false;
    if (node.matches("input[type=file]")) return true;
    const shown = input === node ? node : node.closest("label") ?? node; // Streamlit hides the inputs of its switches
    const { width, height, left, right } = shown.getBoundingClientRect(); // the menu of a phone is beside the page
    return width > 1 && height > 1 && right > 0 && left < innerWidth && node.checkVisibility({ visibilityProperty: true });
  },

  kind(node) {
    const [role, type] = [node.getAttribute("role"), node.getAttribute("type")];
    if (node.closest("[data-testid=stNumberInput]") && node.matches("input")) return "number";
    if (role) return role;
    return node.matches("input") ? type ?? "text" : node.tagName.toLowerCase();
  },

  name(node) {
    const widget = node.closest("[data-testid^=st][class*=st-key-]");
    const key = [...(widget?.classList ?? [])].find((name) => name.startsWith("st-key-")) ?? "";
    const own = node.getAttribute("aria-label") || node.innerText || node.placeholder || node.title || node.id;
    return own || node.getAttribute("data-testid") || key || node.getAttribute("class") || "";
  },
};

let running = true;
setInterval(() => {
  if (running && !robot.running()) robot.runs += 1;
  running = robot.running();
  for (const box of document.querySelectorAll("[data-testid=stException]")) {
    const text = box.innerText.slice(0, 300);
    if (!robot.exceptions.includes(text)) robot.exceptions.push(text);
  }
}, 50); // an observer of all changes takes half a core on a page that refreshes
