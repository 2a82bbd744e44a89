/** What a terminal paints with: its 16 colours, and the grounds that text of its own stands on. */
export interface Palette {
  readonly name: string;
  /** The colours 0 to 15 as RRGGBB. */
  readonly colours: readonly string[];
  /** Of text that has no colour, and of what it stands on. */
  readonly text: string;
  readonly ground: string;
}

/** XTerm-col.ad of xterm (colors 0 to 15 by their X11 names); its own window is black on white, with -rv the other way. */
const XTERM = [
  ...['000000', 'cd0000', '00cd00', 'cdcd00', '0000ee', 'cd00cd', '00cdcd', 'e5e5e5'],
  ...['7f7f7f', 'ff0000', '00ff00', 'ffff00', '5c5cff', 'ff00ff', '00ffff', 'ffffff'],
];

/** https://ethanschoonover.com/solarized, the table of values: base02 … base3 as TERMCOL has them. */
const SOLARIZED = [
  ...['073642', 'dc322f', '859900', 'b58900', '268bd2', 'd33682', '2aa198', 'eee8d5'],
  ...['002b36', 'cb4b16', '586e75', '657b83', '839496', '6c71c4', '93a1a1', 'fdf6e3'],
];

/** gnome-terminal, src/profile-editor.cc: the palette "GNOME", and its schemes "GNOME light" and "GNOME dark". */
const GNOME = [
  ...['171421', 'c01c28', '26a269', 'a2734c', '12488b', 'a347ba', '2aa1b3', 'd0cfcc'],
  ...['5e5c64', 'f66151', '33da7a', 'e9ad0c', '2a7bde', 'c061cb', '33c7de', 'ffffff'],
];

export const PALETTES: readonly Palette[] = [
  { name: 'xterm', colours: XTERM, text: '000000', ground: 'ffffff' },
  { name: 'xterm -rv', colours: XTERM, text: 'ffffff', ground: '000000' },
  { name: 'Solarized light', colours: SOLARIZED, text: '657b83', ground: 'fdf6e3' },
  { name: 'Solarized dark', colours: SOLARIZED, text: '839496', ground: '002b36' },
  { name: 'GNOME light', colours: GNOME, text: '171421', ground: 'ffffff' },
  { name: 'GNOME dark', colours: GNOME, text: 'd0cfcc', ground: '171421' },
];

/** A colour of 256: of the palette, of the cube with its levels 0 95 135 175 215 255, or of the 24 greys. */
export function colourOf({ colours }: Palette, index: number): string {
  if (index < 16) return colours[index] ?? '';
  const levels =
    index >= 232
      ? Array.from({ length: 3 }, () => 8 + 10 * (index - 232))
      : [36, 6, 1].map((d) => (Math.floor((index - 16) / d) % 6) * 40).map((v) => (v === 0 ? 0 : v + 55));
  return levels.map((level) => level.toString(16).padStart(2, '0')).join('');
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2.2, contrast ratio: 1 to 21. */
export function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}
