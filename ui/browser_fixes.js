// Fixes for the behaviour of Streamlit's pages in the browser. Runs once in each tab.
if (!window.fixedByPlayground) {
  window.fixedByPlayground = true;

  // A page writes its state into its URL. Each change was an entry of the browser's history, and Back only undid the last
  // one. On Compare, the list and each comparison are views of their own, so they stay entries.
  const push = history.pushState.bind(history);
  history.pushState = (state, title, url) => {
    const wanted = new URL(url, location.href);
    const ownView = /\/compare$/.test(wanted.pathname) && !new URLSearchParams(location.search).has("runs");
    if (wanted.pathname === location.pathname && !ownView) history.replaceState(state, title, wanted);
    else push(state, title, wanted);
  };

  // The tooltip of a pressed button stays as long as the pointer does, over whatever the button has changed. It is hidden
  // until the pointer moves away, or the next element has the focus.
  const root = document.documentElement;
  let pressed = null; // where the pointer was
  let pointer = [0, 0];
  const hide = () => {
    pressed = pointer;
    root.dataset.pressed = "";
  };
  const show = () => {
    delete root.dataset.pressed;
  };
  addEventListener("click", hide, true);
  addEventListener("keydown", (event) => (event.key === "Tab" ? show() : hide()), true);
  addEventListener("pointermove", ({ clientX, clientY }) => {
    pointer = [clientX, clientY];
    if (pressed && Math.hypot(clientX - pressed[0], clientY - pressed[1]) > 12) show();
  }, true);

  // A dialog that Escape closes leaves the focus nowhere. It returns to the element that had it before.
  let focused = null;
  addEventListener("focusin", (event) => {
    if (!event.target.closest?.("[role=dialog]")) focused = event.composedPath()[0];
  }, true);
  addEventListener("keydown", ({ key }) => {
    if (key !== "Escape" || !document.querySelector("[role=dialog]")) return;
    setTimeout(() => document.activeElement === document.body && focused?.focus({ preventScroll: true }), 400);
  }, true);

  // On a phone the pages are in a sidebar over the page, and Streamlit opens it again with the next page.
  const closeMenu = () => {
    const right = document.querySelector("[data-testid=stSidebar]")?.getBoundingClientRect().right ?? 0;
    if (innerWidth < 768 && right > 0) document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  };
  addEventListener("click", (event) => {
    if (event.target.closest?.("[data-testid=stSidebarNavLink]")) closeMenu();
  });
  closeMenu();

  // Streamlit has no shortcuts with - and +. They press the neighbour of the chosen speed on Train.
  addEventListener("keydown", (event) => {
    const step = { "-": -1, "+": 1, "=": 1 }[event.key]; // = is + without Shift on many keyboards
    const typing = event.composedPath()[0].closest?.("input, textarea, [contenteditable=true]");
    if (!step || event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const speeds = [...document.querySelectorAll('[class*="st-key-speed"] button')];
    const chosen = speeds.findIndex((button) => button.getAttribute("aria-checked") === "true");
    if (chosen >= 0) speeds[chosen + step]?.click();
  });

  // A popover is as high as the room below its button, which on a phone may be a single line.
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-testid=stPopoverButton]");
    if (innerWidth >= 768 || !button || button.getBoundingClientRect().bottom < innerHeight / 2) return;
    button.style.scrollMarginTop = "4rem"; // below the header
    button.scrollIntoView({ block: "start" });
  });
}
