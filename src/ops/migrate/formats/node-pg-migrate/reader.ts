import type { DirectionText, FormatReader, Parts } from '../shared/format.ts';
import { compareTexts, marksOf } from '../shared/text.ts';

const UP = /^\s*--[\s-]*up\s+migration(.*)$/gim;
const DOWN = /^\s*--[\s-]*down\s+migration(.*)$/gim;

/** node-pg-migrate: `-- Up Migration` and `-- Down Migration` in one file, in any order. */
export const reader: FormatReader = {
  unmarked: true,
  fileName: (file) => {
    const [, version, name] = /^(\d+)[_-](.+)\.sql$/.exec(file) ?? [];
    return version === undefined || name === undefined ? undefined : { version, name, direction: 'both' };
  },
  claims: (_file, text) => marksOf(text, UP).length > 0 || marksOf(text, DOWN).length > 0,
  parts: readParts,
  compare: (a, b) => moment(a.version) - moment(b.version) || compareTexts(a.file, b.file),
};

function readParts(text: string): Parts {
  const [up] = marksOf(text, UP);
  const [down] = marksOf(text, DOWN);
  const from = (start: number, end: number): DirectionText => ({
    sql: text.slice(start, end),
    line: text.slice(0, start).split('\n').length,
  });
  const ending = (start: number, other: number | undefined) =>
    other === undefined || other < start ? text.length : other;
  return {
    ok: true,
    // a file without a mark is a way up, whole
    up: up ? from(up.start, ending(up.start, down?.start)) : from(0, down?.start ?? text.length),
    ...(down && { down: from(down.start, ending(down.start, up?.start)) }),
  };
}

/** Seventeen digits are a date in UTC, other prefixes are milliseconds or a count. */
function moment(digits: string): number {
  const [, y, mo, d, h, mi, s, ms] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})$/.exec(digits) ?? [];
  return y === undefined ? Number(digits) : Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}.${ms}Z`);
}
