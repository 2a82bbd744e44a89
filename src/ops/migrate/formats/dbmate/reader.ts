import { leading } from '../../sql/split.ts';
import type { DirectionText, FormatReader, Parts } from '../shared/format.ts';
import { bad, compareTexts, marksOf } from '../shared/text.ts';

const UP = /^--\s*migrate:up(?=\s|$)[ \t]*(.*)$/gm;
const DOWN = /^--\s*migrate:down(?=\s|$)[ \t]*(.*)$/gm;

/** dbmate: `-- migrate:up` and `-- migrate:down` in one file, with options behind. */
export const reader: FormatReader = {
  fileName: (file) => {
    const [, version, name] = /^(\d+)_?(.*)\.sql$/.exec(file) ?? [];
    return version === undefined ? undefined : { version, name: name || version, direction: 'both' };
  },
  claims: (_file, text) => marksOf(text, UP).length > 0 || marksOf(text, DOWN).length > 0,
  parts: readParts,
  compare: (a, b) => compareTexts(a.file, b.file),
};

function readParts(text: string): Parts {
  const ups = marksOf(text, UP);
  const downs = marksOf(text, DOWN);
  const [up] = ups;
  const [down] = downs;
  const second = ups[1] ?? downs[1];
  if (up === undefined) return bad('it has no line "-- migrate:up".');
  if (second)
    return bad(`${second.line}: there is a second line of this kind; a file has one way up and one down.`);
  if (down && down.start < up.start)
    return bad(`${down.line}: "-- migrate:down" stands before "-- migrate:up".`);
  if (leading(text) < up.start)
    return bad('1: there is SQL before "-- migrate:up", which dbmate refuses, too; move it below.');
  const read = (mark: typeof up, end: number): DirectionText | string => {
    const sql = text.slice(mark.end, end);
    const options = mark.rest.split(/\s+/).filter((word) => word !== '');
    const unknown = options.find((word) => !/^transaction:(true|false)$/.test(word));
    if (unknown !== undefined) return `${mark.line}: the option ${unknown} is not known here.`;
    const alone = options.includes('transaction:false') ? { alone: 'the file says transaction:false' } : {};
    return { sql, line: mark.line + 1, ...alone };
  };
  const upPart = read(up, down?.start ?? text.length);
  const downPart = down && read(down, text.length);
  if (typeof upPart === 'string') return bad(upPart);
  if (typeof downPart === 'string') return bad(downPart);
  return { ok: true, up: upPart, ...(downPart && { down: downPart }) };
}
