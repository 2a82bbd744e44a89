import { type Line, span } from '../../text/line.ts';
import { characters, width } from '../../text/width.ts';

/** One line of text being typed, and where the cursor stands in it (in characters). */
export interface TextField {
  readonly text: string;
  readonly cursor: number;
  /** The text is a proposal: what is typed replaces it, a movement of the cursor takes it. */
  readonly proposed?: true;
}

export const EMPTY_FIELD: TextField = { text: '', cursor: 0 };

export function fieldOf(text: string): TextField {
  return { text, cursor: characters(text).length };
}

/** A field with a proposal in it. */
export function proposal(text: string): TextField {
  return { ...fieldOf(text), proposed: true };
}

const MOVES: ReadonlySet<string> = new Set(['left', 'right', 'home', '^A', 'end', '^E']);

/** The field after a key; undefined when the key means nothing to a text field. */
export function editField({ proposed, ...field }: TextField, key: string): TextField | undefined {
  return edited(proposed && !MOVES.has(key) ? EMPTY_FIELD : field, key);
}

function edited(field: TextField, key: string): TextField | undefined {
  const all = characters(field.text);
  const put = (before: string[], after: string[]): TextField => ({
    text: [...before, ...after].join(''),
    cursor: before.length,
  });
  const before = all.slice(0, field.cursor);
  const after = all.slice(field.cursor);
  switch (key) {
    case 'left':
      return { ...field, cursor: Math.max(0, field.cursor - 1) };
    case 'right':
      return { ...field, cursor: Math.min(all.length, field.cursor + 1) };
    case 'home':
    case '^A':
      return { ...field, cursor: 0 };
    case 'end':
    case '^E':
      return { ...field, cursor: all.length };
    case 'backspace':
      return put(before.slice(0, -1), after);
    case 'delete':
      return put(before, after.slice(1));
    case '^U':
      return put([], after);
    case '^K':
      return put(before, []);
    case '^W': {
      const kept = before.join('').replace(/\S+\s*$/, '');
      return put(characters(kept), after);
    }
    case 'space':
      return put([...before, ' '], after);
  }
  return characters(key).length === 1 && !/^\p{Cc}/u.test(key) ? put([...before, key], after) : undefined;
}

/** Pasted text goes in as one line; the line break at the end of what was copied is not part of it. */
export function pasteField({ proposed, ...given }: TextField, text: string): TextField {
  const field = proposed ? EMPTY_FIELD : given;
  const all = characters(field.text);
  const insert = characters(
    text
      .replace(/[\r\n]+$/, '')
      .replace(/[\r\n\t]+/g, ' ')
      .replace(/\p{Cc}/gu, ''),
  );
  return {
    text: [...all.slice(0, field.cursor), ...insert, ...all.slice(field.cursor)].join(''),
    cursor: field.cursor + insert.length,
  };
}

/** A text field with its cursor as a cell of its own; the beginning gives way when it is too long. */
export function fieldSpans(label: string, field: TextField, columns: number, masked = false): Line {
  const all = characters(masked ? '*'.repeat(characters(field.text).length) : field.text);
  let before = all.slice(0, field.cursor);
  const room = Math.max(4, columns - width(label) - 2);
  while (width(before.join('')) > room) before = before.slice(1);
  return [
    span(label, 'accent'),
    span(before.join(''), field.proposed && 'selected'),
    span(all[field.cursor] ?? ' ', 'selected'),
    span(all.slice(field.cursor + 1).join('')),
  ];
}
