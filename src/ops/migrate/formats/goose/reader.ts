import type { FormatReader, Parts } from '../shared/format.ts';
import { bad, compareNumbers, marksOf, plainNumber } from '../shared/text.ts';

const MARK = /^[ \t]*--[ \t]*\+goose[ \t]+(.*)$/gm;

/** goose: `-- +goose Up` and `-- +goose Down` in one file. */
export const reader: FormatReader = {
  bigint: true,
  withoutDown: true,
  fileName: (file) => {
    const [, digits = '', name = ''] = /^(\d+)_(.+)\.sql$/.exec(file) ?? [];
    return digits === '' ? undefined : { version: plainNumber(digits), name, direction: 'both' };
  },
  claims: (_file, text) => marksOf(text, MARK).length > 0,
  parts: readParts,
  compare: (a, b) => compareNumbers(a.version, b.version),
};

function readParts(text: string): Parts {
  const marks = marksOf(text, MARK).map((mark) => ({ ...mark, word: mark.rest.toLowerCase() }));
  const of = (word: string) => marks.filter((mark) => mark.word === word);
  const [up, secondUp] = of('up');
  const [down, secondDown] = of('down');
  const second = secondUp ?? secondDown;
  if (up === undefined) return bad('it has no line "-- +goose Up".');
  if (second)
    return bad(`${second.line}: there is a second line of this kind; a file has one way up and one down.`);
  if (down && down.start < up.start)
    return bad(`${down.line}: "-- +goose Down" stands before "-- +goose Up".`);
  let open: number | undefined;
  for (const { word, rest, line } of marks) {
    if (word === 'statementbegin') {
      if (open !== undefined) return bad(`${line}: the StatementBegin of line ${open} has no end.`);
      open = line;
    } else if (word === 'statementend') {
      if (open === undefined) return bad(`${line}: StatementEnd without a StatementBegin.`);
      open = undefined;
    } else if (word === 'no transaction') {
      // goose takes it anywhere, also inside a statement: it is of the whole file
    } else if (!['up', 'down'].includes(word)) return bad(`${line}: "+goose ${rest}" is not known here.`);
    else if (open !== undefined) return bad(`${line}: the StatementBegin of line ${open} has no end.`);
  }
  if (open !== undefined) return bad(`${open}: StatementBegin has no end.`);
  const alone = of('no transaction').length > 0 ? { alone: 'the file says NO TRANSACTION' } : {};
  return {
    ok: true,
    up: { sql: text.slice(up.end, down?.start ?? text.length), line: up.line + 1, ...alone },
    ...(down && { down: { sql: text.slice(down.end), line: down.line + 1, ...alone } }),
  };
}
