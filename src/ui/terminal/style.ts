/** How a cell looks, as SGR parameters in a fixed order: two cells look alike when the strings are equal. */
export type Style = string;

/** The look of a cell nobody has touched. */
export const PLAIN: Style = '';

/** Attributes by the parameter that sets them: what takes their place, and the parameter that ends them. */
const ATTRIBUTES: Readonly<Record<number, number>> = {
  1: 22,
  2: 22,
  3: 23,
  4: 24,
  5: 25,
  6: 25,
  7: 27,
  8: 28,
  9: 29,
  21: 24,
  53: 55,
};
const ENDS = new Set(Object.values(ATTRIBUTES));

interface Parts {
  readonly attributes: readonly number[];
  readonly foreground: string;
  readonly background: string;
}

const cache = new Map<Style, Parts>();
const after = new Map<string, Style | undefined>();

/** The style that follows when a terminal in `style` gets these SGR parameters; undefined when one is not known. */
export function applySgr(style: Style, parameters: string): Style | undefined {
  const key = `${style}m${parameters}`;
  if (after.has(key)) return after.get(key);
  const next = compute(style, parameters);
  // true colours make endless combinations
  if (after.size > 2000) after.clear();
  after.set(key, next);
  return next;
}

function compute(style: Style, parameters: string): Style | undefined {
  let { attributes, foreground, background } = partsOf(style);
  const values = parameters.split(';');
  for (let i = 0; i < values.length; i++) {
    if (!/^\d*$/.test(values[i] ?? '')) return undefined;
    const n = Number(values[i]);
    const end = ATTRIBUTES[n];
    if (n === 0) ({ attributes, foreground, background } = partsOf(PLAIN));
    else if (end !== undefined) attributes = [...attributes.filter((a) => a !== n), n].sort((a, b) => a - b);
    else if (ENDS.has(n)) attributes = attributes.filter((a) => ATTRIBUTES[a] !== n);
    else if (n === 38 || n === 48) {
      const length = values[i + 1] === '5' ? 3 : values[i + 1] === '2' ? 5 : 0;
      const colour = values.slice(i, i + length);
      if (length === 0 || colour.length < length || colour.some((v) => !/^\d+$/.test(v))) return undefined;
      if (n === 38) foreground = colour.join(';');
      else background = colour.join(';');
      i += length - 1;
    } else if ((n >= 30 && n <= 37) || (n >= 90 && n <= 97)) foreground = String(n);
    else if ((n >= 40 && n <= 47) || (n >= 100 && n <= 107)) background = String(n);
    else if (n === 39) foreground = '';
    else if (n === 49) background = '';
    else return undefined;
  }
  return join({ attributes, foreground, background });
}

function join(parts: Parts): Style {
  const style = [...parts.attributes, parts.foreground, parts.background].filter((p) => p !== '').join(';');
  if (cache.size > 2000) cache.clear();
  cache.set(style, parts);
  return style;
}

function partsOf(style: Style): Parts {
  const known = cache.get(style);
  if (known) return known;
  const attributes: number[] = [];
  let foreground = '';
  let background = '';
  const values = style === '' ? [] : style.split(';');
  for (let i = 0; i < values.length; i++) {
    const n = Number(values[i]);
    const length = n === 38 || n === 48 ? (values[i + 1] === '5' ? 3 : 5) : 1;
    const value = values.slice(i, i + length).join(';');
    if (ATTRIBUTES[n] !== undefined) attributes.push(n);
    else if (n === 38 || (n >= 30 && n <= 37) || (n >= 90 && n <= 97)) foreground = value;
    else background = value;
    i += length - 1;
  }
  const parts = { attributes, foreground, background };
  cache.set(style, parts);
  return parts;
}

/** What an erased cell looks like: of the style only the background stays. */
export function erased(style: Style): Style {
  return style === PLAIN ? PLAIN : partsOf(style).background;
}

/** The shortest SGR sequence that leads from one style to the other. */
export function transition(from: Style, to: Style): string {
  if (from === to) return '';
  if (to === PLAIN) return '\u001b[m';
  const a = partsOf(from);
  const b = partsOf(to);
  const anew = `\u001b[0;${to}m`;
  if (a.attributes.some((n) => !b.attributes.includes(n))) return anew;
  const changes = [
    ...b.attributes.filter((n) => !a.attributes.includes(n)),
    ...(a.foreground === b.foreground ? [] : [b.foreground || '39']),
    ...(a.background === b.background ? [] : [b.background || '49']),
  ];
  const changed = `\u001b[${changes.join(';')}m`;
  return changed.length < anew.length ? changed : anew;
}
