/** What Ink's `Output` collects of a frame, in the order in which it is put on the rows. */
type Operation =
  | {
      readonly type: 'write';
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly transformers: readonly ((line: string, row: number) => string)[];
    }
  | { readonly type: 'clip'; readonly clip: Clip }
  | { readonly type: 'unclip' };

/** Columns and rows, the ends exclusive; absent, without a bound. */
interface Clip {
  readonly x1: number | undefined;
  readonly x2: number | undefined;
  readonly y1: number | undefined;
  readonly y2: number | undefined;
}

/** Ink's `Output`: a frame of cells that is written into and read as text. */
interface Output {
  operations: readonly Operation[];
  readonly width: number;
  readonly height: number;
  get(): { output: string; height: number };
}

/** Text of which each line is what it seems: no look goes on from one to the next, and nothing is left out. */
const PLAIN = /^[ -~\n]*$/;

/**
 * Ink's `Output` that puts together only the rows into which something else is written than in the frame before. Ink
 * takes each frame apart into cells, all of them, which costs as much as all else that a refresh needs, and mostly a few
 * rows are new. It is put in its place as the program is built, see rolldown.config.mjs.
 */
export function withKnownRows(Base: new (size: { width: number; height: number }) => Output): typeof Base {
  let known: ReadonlyMap<string, string> = new Map();
  return class extends Base {
    override get(): { output: string; height: number } {
      const { width, height } = this;
      const keys = keysOf(this);
      const rows = keys.map((key) => (key === undefined ? undefined : known.get(key)));
      for (let from = rows.indexOf(undefined); from >= 0; from = rows.indexOf(undefined, from)) {
        const next = rows.findIndex((row, y) => y > from && row !== undefined);
        const end = next < 0 ? height : next;
        const part = new Base({ width, height: end - from });
        part.operations = this.operations.map((operation) => raised(operation, from));
        const made = part.get().output.split('\n');
        // a row that has another one in it
        if (made.length !== end - from) return super.get();
        rows.splice(from, end - from, ...made);
      }
      known = new Map(rows.flatMap((row = '', y) => (keys[y] === undefined ? [] : [[keys[y], row]])));
      return { output: rows.join('\n'), height };
    }
  };
}

/** For each row all that it follows from; undefined where that is not known before it is put together. */
function keysOf({ operations, width, height }: Output): (string | undefined)[] {
  const keys = Array.from<string | undefined>({ length: height }).fill(`${width}`);
  const clips: string[] = [];
  for (const operation of operations)
    if (operation.type === 'clip') clips.push(`${clips.at(-1) ?? ''}${Object.values(operation.clip)} `);
    else if (operation.type === 'unclip') clips.pop();
    else {
      const { x, y, text, transformers } = operation;
      const clip = clips.at(-1);
      // what is cut off is cut by all lines together, and may begin with the look of the one before
      const alone = clip === undefined && PLAIN.test(text);
      for (const [row, line] of text.split('\n').entries()) {
        const before = keys[y + row];
        if (before === undefined) continue;
        if (alone) {
          const shown = transformers.reduce((made, transform) => transform(made, row), line);
          keys[y + row] = `${before}\n${x} ${shown.length} ${shown}`;
        } else if (transformers.length > 0) keys[y + row] = undefined;
        else keys[y + row] = `${before}\n${x} ${text.length} ${text} ${row} ${y} ${clip}`;
      }
    }
  return keys;
}

/** The same for a frame that begins some rows further down. */
function raised(operation: Operation, rows: number): Operation {
  if (operation.type === 'write') return { ...operation, y: operation.y - rows };
  if (operation.type === 'unclip') return operation;
  const { x1, x2, y1, y2 } = operation.clip;
  const up = (y: number | undefined) => (y === undefined ? undefined : y - rows);
  return { type: 'clip', clip: { x1, x2, y1: up(y1), y2: up(y2) } };
}
