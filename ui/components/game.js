// CSS plays the film; its button pauses and plays it. It waits for the button if the system asks for reduced motion.

export default ({ parentElement }) => {
  const film = parentElement.querySelector(".film");
  const button = film.querySelector("button");
  const set = (paused) => {
    film.toggleAttribute("data-paused", paused);
    film.toggleAttribute("data-played", !paused);
    button.textContent = paused ? "▶" : "❚❚";
    button.setAttribute("aria-label", paused ? "Play the film" : "Pause the film");
  };
  button.onclick = () => set(!film.hasAttribute("data-paused"));
  if (!button.textContent) set(matchMedia("(prefers-reduced-motion: reduce)").matches);
};
