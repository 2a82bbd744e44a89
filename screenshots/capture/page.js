/* global Terminal, answer: what runs in the browser's page; the other side is terminal.ts */
let term;

/** Opens the terminal; what it answers to the program's questions goes back through `answer`. */
window.openTerminal = (options) => {
  term = new Terminal({ ...options, allowProposedApi: true, scrollback: 0 });
  term.open(document.getElementById('terminal'));
  term.onData((data) => answer(data));
};

/** Cleared first: what lies beyond the new edge is kept otherwise, and the next letter peeps out by a pixel. */
window.resizeTerminal = async (cols, rows) => {
  await new Promise((drawn) => term.write('\u001b[2J', drawn));
  term.resize(cols, rows);
};

/** Paints what stands there with another palette, as somebody who has that one would see it. */
window.paintTerminal = (theme) => {
  term.options.theme = theme;
  for (const one of [document.body, document.getElementById('terminal')])
    one.style.background = theme.background;
};

/** Draws what the program wrote and tells what the screen shows then. */
window.draw = async (data) => {
  await new Promise((drawn) => term.write(data, drawn));
  const { active } = term.buffer;
  const line = (y) => active.getLine(active.viewportY + y)?.translateToString(true) ?? '';
  return {
    lines: Array.from({ length: term.rows }, (_, y) => line(y).trimEnd()),
    drawing: term.modes.synchronizedOutputMode,
  };
};

/** Resolves when everything drawn so far can be seen. */
window.painted = () =>
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(true))));

/**
 * The picture in at most 256 colours: the commonest, and for the others one that nobody can tell from them. Letters are
 * smoothed in a thousand shades, and a byte per pixel takes a third of the room.
 */
window.reduced = async (png) => {
  const blob = await (await fetch(`data:image/png;base64,${png}`)).blob();
  const image = await createImageBitmap(blob);
  const { width, height } = image;
  const canvas = new OffscreenCanvas(width, height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
  const colours = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
  let apart = 0;
  let palette = merged(colours, apart);
  while (palette === undefined) palette = merged(colours, ++apart);
  const { chosen, indexes } = palette;
  const bytes = Uint8Array.from(pixels, (pixel) => indexes.get(pixel));
  return { width, height, palette: chosen, pixels: await base64(bytes) };
};

/** Colours of which no two are that close, and for every colour the place of its own; undefined when over 256. */
function merged(colours, apart) {
  const chosen = [];
  const indexes = new Map();
  for (const colour of colours) {
    const rgb = [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];
    const near = chosen.findIndex((other) => other.every((c, i) => Math.abs(c - rgb[i]) <= apart));
    indexes.set(colour, near < 0 ? chosen.length : near);
    if (near < 0) chosen.push(rgb);
    if (chosen.length > 256) return undefined;
  }
  return { chosen, indexes };
}

async function base64(bytes) {
  const reader = new FileReader();
  const read = new Promise((resolve) => reader.addEventListener('load', resolve));
  reader.readAsDataURL(new Blob([bytes]));
  await read;
  return reader.result.slice(reader.result.indexOf(',') + 1);
}
