/* global Terminal, answer: what runs in the browser's page; the other side is terminal.ts */
let term;

/** Opens the terminal; what it answers to the program's questions goes back through `answer`. */
window.openTerminal = (options) => {
  term = new Terminal({ ...options, allowProposedApi: true, scrollback: 0 });
  term.open(document.getElementById('terminal'));
  term.onData((data) => answer(data));
};

window.resizeTerminal = (cols, rows) => term.resize(cols, rows);

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
 * The picture in at most 256 colours: the commonest, and for the others the nearest of those. Letters are smoothed in
 * shades that nobody can tell apart, and a byte per pixel takes a third of the room.
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
  const palette = colours.slice(0, 256);
  const indexes = new Map(colours.map((colour, i) => [colour, i < 256 ? i : nearest(palette, colour)]));
  const bytes = Uint8Array.from(pixels, (pixel) => indexes.get(pixel));
  return { width, height, palette: palette.map(channels), pixels: await base64(bytes) };
};

const channels = (colour) => [colour & 255, (colour >> 8) & 255, (colour >> 16) & 255];

function nearest(palette, colour) {
  const wanted = channels(colour);
  const distance = (other) => channels(other).reduce((sum, c, i) => sum + (c - wanted[i]) ** 2, 0);
  const distances = palette.map(distance);
  return distances.indexOf(Math.min(...distances));
}

async function base64(bytes) {
  const reader = new FileReader();
  const read = new Promise((resolve) => reader.addEventListener('load', resolve));
  reader.readAsDataURL(new Blob([bytes]));
  await read;
  return reader.result.slice(reader.result.indexOf(',') + 1);
}
