import type { Size, Terminal, Wanted } from './terminal.ts';

/** Takes a picture as soon as the screen shows what is wanted: the console's, or that of another terminal. */
export type TakePicture = (
  name: string,
  what: string,
  wanted: Wanted,
  seconds?: number,
  from?: Terminal,
) => Promise<void>;

/** Opens a terminal of its own in which pgdeck runs with these arguments. */
export type OpenBeside = (args: readonly string[], rows: number) => Promise<Terminal>;

/** Takes a picture of a file from one of its headings on, as a browser of that size shows it. */
export type TakeFile = (
  name: string,
  file: string,
  heading: string,
  size: { readonly width: number; readonly height: number },
) => Promise<void>;

/** Most pictures are of a window of this size. */
export const WINDOW: Size = { cols: 120, rows: 36 };

export const ENTER = '\r';
export const TAB = '\t';
export const ESC = '\u001b';
export const UP = '\u001b[A';
export const DOWN = '\u001b[B';

/** The screen shows all of these. */
export const shows =
  (...patterns: readonly RegExp[]): Wanted =>
  (lines) => {
    const text = lines.join('\n');
    return patterns.every((pattern) => pattern.test(text));
  };

/** The same, and no pane says that its rows are of some time ago. */
export const fresh = (...patterns: readonly RegExp[]): Wanted => {
  const wanted = shows(...patterns);
  return (lines) => wanted(lines) && !lines.some((line) => /\d\S* old\b/.test(line));
};
