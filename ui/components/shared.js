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


// What `assets.packed` made: length of the header, header (JSON), then bytes.
function unpack(bytes) {
  const size = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + size)));
  return { header, rest: bytes.subarray(4 + size) };
}

// All pictures, pixel for pixel and without gaps, `columns` side by side on a canvas that is never shown.
function atlasOf({ n, height, width, channels, columns, pixels }) {
  const rows = Math.ceil(n / columns);
  const atlas = new OffscreenCanvas(columns * width, Math.max(rows, 1) * height);
  const image = new ImageData(atlas.width, atlas.height);
  const target = new Uint32Array(image.data.buffer);
  for (let i = 0, source = 0; i < n; i++) {
    const left = (i % columns) * width;
    const top = Math.floor(i / columns) * height;
    for (let y = 0; y < height; y++) {
      let place = (top + y) * atlas.width + left;
      for (let x = 0; x < width; x++, source += channels) {
        const red = pixels[source];
        const green = channels === 3 ? pixels[source + 1] : red;
        const blue = channels === 3 ? pixels[source + 2] : red;
        target[place++] = 0xff000000 | (blue << 16) | (green << 8) | red;
      }
    }
  }
  atlas.getContext("2d").putImageData(image, 0, 0);
  return atlas;
}

// The same picture a whole number of times larger, its pixels square.
function enlarged(atlas, times) {
  if (times === 1) return atlas;
  const larger = new OffscreenCanvas(atlas.width * times, atlas.height * times);
  const context = larger.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(atlas, 0, 0, larger.width, larger.height);
  return larger;
}
