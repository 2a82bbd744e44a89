import { describe, expect, test } from 'vitest';
import { width } from '../../../src/text/width.ts';
import { Screen } from '../../../src/ui/terminal/screen.ts';
import { COLUMNS, FakeTerminal, inks, pair, ROWS } from './terminals.ts';

const ENTER = '\u001b[?1049h\u001b[?25l';

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const LOOKS = [
  '0',
  '1',
  '2',
  '22',
  '3',
  '23',
  '4',
  '24',
  '7',
  '27',
  '9',
  '29',
  '31',
  '39',
  '90',
  '41',
  '49',
  '38;5;99',
].concat('48;2;1;2;3', '1;97;41', '', '38;2;9;8;7');
const WORDS = ['a', 'select 1', '  ', '             ', 'é', '▁▃▇█', '│├─', 'active', '12.5s', '▲'];

function operations(next: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const n = (limit: number) => 1 + Math.floor(next() * limit);
  return Array.from({ length: n(12) }, () => {
    const kind = next();
    if (kind < 0.4) return pick(WORDS);
    if (kind < 0.6) return `\u001b[${pick(LOOKS)}m`;
    if (kind < 0.7) return '\n';
    if (kind < 0.75) return `\u001b[${n(ROWS)};${n(COLUMNS)}H`;
    if (kind < 0.8) return `\u001b[${n(COLUMNS)}G`;
    if (kind < 0.87) return `\u001b[${pick(['', '1', '3'])}${pick(['A', 'B', 'C', 'D', 'E', 'F'])}`;
    // terminals do not agree about erasing behind the last cell of a row
    return `\u001b[${n(COLUMNS)}G\u001b[${pick(['', '0', '1', '2'])}${pick(['K', 'K', 'K', 'J'])}`;
  }).join('');
}

/** Lines as the console draws them: exactly as wide as the terminal, toned, with wide characters among them. */
function frame(next: () => number, columns: number, rows: number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  return Array.from({ length: rows }, () => {
    let line = '';
    for (let left = columns; left > 0; ) {
      const word = pick([...WORDS, '仓库', '茶', 'pgbench_accounts', '1', '2', '3']);
      const cells = width(word);
      if (cells > left) {
        line += ' '.repeat(left);
        break;
      }
      const look = pick(['', '', '', '90', '1', '31', '7', '1;97;41']);
      line += look === '' ? word : `\u001b[${look}m${word}\u001b[0m`;
      left -= cells;
    }
    return line;
  }).join('\n');
}

describe('the screen is the one that the same bytes give without it', () => {
  const seeds = Array.from({ length: 12 }, (_, i) => i + 1);

  test.each(seeds)('anything a terminal understands, seed %i', async (seed) => {
    const next = random(seed);
    const { write, same } = pair();
    write(ENTER);
    for (let i = 0; i < 100; i++) {
      const text = operations(next);
      write(next() < 0.5 ? `\u001b[?2026h${text}\u001b[?2026l` : text);
      await same(`step ${i}: ${JSON.stringify(text)}`);
    }
  });

  test.each(seeds)('frames of Ink, some of them after a resize, seed %i', async (seed) => {
    const next = random(seed);
    const { draw, same, direct, behind } = inks(seed % 2 === 0);
    let [columns, rows] = [COLUMNS, ROWS];
    let lines = frame(next, columns, rows).split('\n');
    for (let i = 0; i < 30; i++) {
      if (next() < 0.2) {
        columns = 20 + Math.floor(next() * 30);
        rows = 4 + Math.floor(next() * 10);
        for (const terminal of [direct, behind]) terminal.resize(columns, rows);
        lines = frame(next, columns, rows).split('\n');
      }
      // most lines stay as they are, as in the console
      const fresh = frame(next, columns, rows).split('\n');
      lines = lines.map((line, row) => (next() < 0.3 ? (fresh[row] ?? line) : line));
      await draw(lines.join('\n'));
      await same(`frame ${i}`);
    }
  });
});

describe('what is written', () => {
  const line = (text: string) => text.padEnd(COLUMNS);

  test('nothing for a frame that looks like the last one', async () => {
    const { draw, behind } = inks();
    await draw(`\u001b[31mred\u001b[39m plain`);
    behind.taken();
    await draw(`\u001b[31mre\u001b[39m\u001b[31md\u001b[39m plain\u001b[1m\u001b[22m`);
    expect(behind.taken()).toBe('');
  });

  test('only the cells that changed, however long the row is', async () => {
    const { draw, behind } = inks();
    await draw([line('tps 209   hit 97.1%'), line('same')].join('\n'));
    behind.taken();
    await draw([line('tps 210   hit 97.1%'), line('same')].join('\n'));
    expect(behind.taken()).toBe('\u001b[1;6H10');
  });

  test('a long blank end is erased, not written', async () => {
    const { draw, behind } = inks();
    await draw(line('a statement that has come to its'));
    behind.taken();
    await draw(line('a'));
    expect(behind.taken()).toBe('\u001b[1;3H\u001b[K');
  });

  test('what is outside of the alternate screen passes as it is, and leaving it is left to Ink', async () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.write('before\n\u001b[31mred');
    expect(terminal.taken()).toBe('before\n\u001b[31mred');
    screen.write(ENTER);
    screen.write('inside\u001b[?25h\u001b[?1049l');
    expect(terminal.taken()).toMatch(/^\u001b\[\?1049h.*inside.*\u001b\[\?25h\u001b\[\?1049l$/s);
    screen.write('after\n');
    expect(terminal.taken()).toBe('after\n');
  });

  test('after the terminal was lent to someone else everything is painted again', async () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.write(`${ENTER}\u001b[?2026hone\u001b[?2026l`);
    screen.write('\u001b[?1049l');
    terminal.write('\u001b[?1049h\u001b[5;5Hnoise\u001b[?1049l');
    screen.write(`${ENTER}\u001b[?2026htwo\u001b[?2026l`);
    const shown = [...(await terminal.cells()).values()].map((cell) => cell[0]).join('');
    expect(shown.trim()).toBe('two');
  });

  test('what it does not understand passes in its place, and the screen is painted again after it', async () => {
    const { behind, write, same } = pair();
    write(`${ENTER}one\u001b]0;title\u0007two`);
    behind.taken();
    write('\u001b]52;c;YQ==\u0007');
    expect(behind.taken()).toBe('\u001b]52;c;YQ==\u0007');
    // scroll up by one
    write('\u001b[2;1Hbelow\u001b[S');
    expect(behind.taken()).toContain('below\u001b[S');
    write('\u001b[1;1Hagain\u001b[K\u001b[2;1H\u001b[K');
    await same('after a full repaint');
  });

  test('a sequence that comes in two pieces is one', async () => {
    const { screen, direct, same } = pair();
    for (const piece of [ENTER, 'a\u001b[3', '1mb\u001b', '[2;2Hc']) screen.write(piece);
    direct.write(`${ENTER}a\u001b[31mb\u001b[2;2Hc`);
    await same('pieces joined');
  });

  test('the cursor stands where Ink wants it while it is shown', async () => {
    const { behind, write } = pair();
    write(ENTER);
    write(`\u001b[?2026hname: x\u001b[1;7H\u001b[?25h\u001b[?2026l`);
    await behind.cells();
    const { active } = behind.xterm.buffer;
    expect([active.cursorY, active.cursorX]).toEqual([0, 6]);
    expect(behind.taken()).toMatch(/\u001b\[\?25h$/);
  });
});
