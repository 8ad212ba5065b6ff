// Shared by the components.

// What a component gives back to Streamlit. Streamlit calls it when the component goes, and also, on a busy machine, when
// an update was overtaken by the next one: then everything has to stay.
function whenGone(root, clean) {
  return () => {
    if (!root.isConnected) clean();
  };
}

// The colours of the theme that Streamlit shows now.
function themeOf(element) {
  const css = getComputedStyle(element);
  const variable = (name) => css.getPropertyValue(`--st-${name}`).trim();
  const background = variable("background-color");
  const palette = PALETTES[luminance(background) < 0.5 ? "dark" : "light"];
  const roles = { ...palette, text: variable("text-color"), background };
  return {
    font: variable("font"),
    color: (role, opacity = 1) => withOpacity(roles[role], opacity),
    scoreScale: PALETTES.score.map((role) => roles[role]),
  };
}

function channels(hex) {
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

function luminance(hex) {
  const [red, green, blue] = channels(hex);
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
}

function withOpacity(hex, opacity) {
  return opacity === 1 ? hex : `rgba(${channels(hex).join(",")},${opacity})`;
}

// The colour at `share` (0 to 1) of a scale of three colours.
function mix(scale, share) {
  const place = Math.min(Math.max(share, 0), 1) * 2;
  const low = place < 1 ? 0 : 1;
  const [from, to] = [channels(scale[low]), channels(scale[low + 1])];
  return `rgb(${from.map((value, i) => Math.round(value + (to[i] - value) * (place - low))).join(",")})`;
}

// A number with at most three digits.
function brief(value) {
  return String(Number(value.toPrecision(3)));
}

