import { beforeEach, expect, test } from 'vitest';
import { withKnownRows } from '../../src/ui/known-rows.ts';

type Base = Parameters<typeof withKnownRows>[0];
type Frame = InstanceType<Base> & {
  write(
    x: number,
    y: number,
    text: string,
    options: { transformers: ((line: string, row: number) => string)[] },
  ): void;
  clip(clip: Record<'x1' | 'x2' | 'y1' | 'y2', number | undefined>): void;
  unclip(): void;
};
type FrameClass = new (size: { width: number; height: number }) => Frame;

const INK = new URL('../../node_modules/ink/build/output.js', import.meta.url).href;
const { default: Ink } = (await import(INK)) as { default: FrameClass };
/** Rows that were put together. */
let built = 0;
class Counted extends Ink {
  override get() {
    built += this.height;
    return super.get();
  }
}
let Known: FrameClass;

beforeEach(() => {
  built = 0;
  Known = withKnownRows(Counted) as FrameClass;
});

const SIZE = { width: 30, height: 8 };
const RED = '\u001b[31mred\u001b[39m';

/** Writes rows as the console does: blank ones, whose text comes at the very end. */
function frame(Class: FrameClass, rows: readonly string[], more: (frame: Frame) => void = () => {}): string {
  const made = new Class(SIZE);
  const blank = `${'\n'.repeat(rows.length - 1)} `;
  made.write(0, 0, blank, { transformers: [(_line, row) => rows[row] ?? ''] });
  more(made);
  return made.get().output;
}

test('only rows that are written otherwise than before are put together', () => {
  const rows = ['one', RED, '', 'four 王', 'five', 'six', 'seven', 'eight'];
  expect(frame(Known, rows)).toBe(frame(Ink, rows));
  expect(built).toBe(8);
  expect(frame(Known, rows)).toBe(frame(Ink, rows));
  expect(built).toBe(8);
  const next = rows.with(1, 'two').with(7, 'eighth');
  expect(frame(Known, next)).toBe(frame(Ink, next));
  expect(built).toBe(10);
  // a row that has moved is known as well
  const moved = [...next.slice(1), 'new'];
  expect(frame(Known, moved)).toBe(frame(Ink, moved));
  expect(built).toBe(11);
});

test('another width is another row', () => {
  const wide = (Class: FrameClass, width: number) => {
    const made = new Class({ width, height: 1 });
    made.write(0, 0, 'text', { transformers: [] });
    made.write(40, 0, 'far', { transformers: [] });
    return made.get().output;
  };
  expect(wide(Known, 30)).toBe(wide(Ink, 30));
  expect(wide(Known, 60)).toBe(wide(Ink, 60));
  expect(built).toBe(2);
});

test('what looks at more than its line is put together each time', () => {
  const twice = (shift: number) => {
    const text = `\u001b[1mbold\n${'x'.repeat(shift)}bold too\u001b[22m`;
    const add = (made: Frame) =>
      made.write(2, 3, text, { transformers: [(line) => (line.startsWith('\u001b') ? 'look' : 'none')] });
    expect(frame(Known, ['a', 'b'], add)).toBe(frame(Ink, ['a', 'b'], add));
  };
  twice(0);
  expect(built).toBe(8);
  twice(1);
  expect(built).toBe(10);
});

test('frames of all kinds are those that Ink makes', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const texts = [
    '',
    ' ',
    'plain',
    RED,
    '王小明',
    'a\nb\nc',
    `${RED}\nnext`,
    '\u001b[1mopen\nstill\u001b[22m',
    '\u200b',
    'é',
  ];
  const pick = () => texts[random(texts.length)] ?? '';
  const bound = (below: number) => (random(3) === 0 ? undefined : random(below));
  for (let i = 0; i < 2000; i++) {
    const steps = Array.from({ length: 1 + random(6) }, () => {
      const [kind, x, y, text, other] = [random(6), random(34) - 2, random(10) - 1, pick(), pick()];
      const clip = { x1: bound(20), x2: bound(32), y1: bound(6), y2: bound(9) };
      const transformers = [
        [],
        [(_line: string, row: number) => `${other}${row}`],
        [(line: string) => line.toUpperCase()],
      ][random(3)] as ((line: string, row: number) => string)[];
      return (made: Frame) => {
        if (kind === 4) made.clip(clip);
        else if (kind === 5) made.unclip();
        else made.write(x, y, text, { transformers });
      };
    });
    const draw = (Class: FrameClass) => {
      const made = new Class(SIZE);
      for (const step of steps) step(made);
      return made.get();
    };
    expect(draw(Known)).toEqual(draw(Ink));
  }
  // known ones were used
  expect(built).toBeLessThan(2000 * 8);
});
