import { describe, expect, test } from 'vitest';
import { width } from '../../src/text/width.ts';
import { Screen } from '../../src/ui/screen.ts';
import { TestScreen } from '../support/terminal/screen.ts';
import { COLUMNS, inks, ROWS } from './terminals.ts';

const ENTER = '\u001b[?1049h';

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

const WORDS = ['a', 'select 1', '  ', '             ', 'é', '▁▃▇█', '│├─', 'active', '12.5s', '▲'];

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

/** What has been written since the last call, when all of a change is there. */
async function written(terminal: TestScreen): Promise<string> {
  await Promise.resolve();
  return terminal.taken();
}

describe('what is written', () => {
  const line = (text: string) => text.padEnd(COLUMNS);

  test('rows that stay as they are are gone over in one step', async () => {
    const { draw, same, behind } = inks(true);
    const rows = (last: string) =>
      [...Array.from({ length: ROWS - 1 }, () => line('x')), line(last)].join('\n');
    await draw(rows('1'));
    behind.taken();
    await draw(rows('2'));
    expect(await written(behind)).not.toContain('\u001b[E\u001b[E');
    await same('the last row');
  });

  test('nothing for a frame that is the last one', async () => {
    const { draw, behind } = inks(true);
    await draw(`\u001b[31mred\u001b[39m plain`);
    behind.taken();
    await draw(`\u001b[31mre\u001b[39m\u001b[31md\u001b[39m plain\u001b[1m\u001b[22m`);
    expect(behind.taken()).toBe('');
  });

  test('a changed row from its first changed cell on', async () => {
    const { draw, behind } = inks(true);
    await draw([line('tps 209   hit 97.1%'), line('same')].join('\n'));
    behind.taken();
    await draw([line('tps 210   hit 97.1%'), line('same')].join('\n'));
    const text = behind.taken();
    expect(text).toContain('10   hit');
    expect(text).not.toMatch(/tps|same|2026/);
  });

  test('for one change one synchronized update, which erases row by row and never the screen', async () => {
    const { draw, behind } = inks(true);
    const frame = (letter: string) => Array.from({ length: ROWS }, () => letter.repeat(COLUMNS)).join('\n');
    await draw(frame('a'));
    behind.taken();
    await draw(frame('b'));
    // in one piece, which terminals read before they paint
    expect(behind.taken()).not.toContain('2026');
    behind.resize(100, 20);
    await draw(frame('c'));
    expect(behind.taken()).not.toMatch(/\u001b\[2J|\u001b\[H\u001b\[J/);
    for (const [columns, rows] of [
      [100, ROWS - 2],
      [80, ROWS],
      [COLUMNS - 8, ROWS],
      [COLUMNS + 40, ROWS + 12],
    ] as const) {
      behind.resize(columns, rows);
      const text = await written(behind);
      expect(text.match(/\u001b\[\?2026h/g) ?? []).toHaveLength(text.length > 512 ? 1 : 0);
      expect(text).not.toMatch(/\u001b\[2J|\u001b\[H\u001b\[J/);
    }
  });

  test('a terminal that has changed its size shows nothing of what was there, whatever that was', async () => {
    const { draw, behind } = inks(true);
    const frame = Array.from({ length: ROWS }, (_, row) => `row ${row} 茶`).join('\n');
    await draw(frame);
    // what was written for the old size arrives in the new one, before anybody hears of it
    behind.write('\u001b[3;1H\u001b[2Kgarbage\u001b[7;9H');
    behind.resize(COLUMNS + 10, ROWS + 3);
    await draw(frame);
    expect((await behind.lines()).slice(0, ROWS)).toEqual(frame.split('\n'));
    expect(await behind.text()).not.toContain('garbage');
    // larger than the terminal by now: neither wrapped nor scrolled
    behind.resize(8, 3);
    expect(await behind.scrolledOff()).toBe(0);
    expect((await behind.lines())[0]).toMatch(/^row 0/);
  });

  test('outside of the alternate screen at once, as it is', () => {
    const terminal = new TestScreen(COLUMNS, ROWS);
    const screen = new Screen(terminal);
    screen.write('before\n\u001b[31mred');
    expect(terminal.taken()).toBe('before\n\u001b[31mred');
    screen.write(ENTER);
    screen.write('inside\u001b[?25h');
    screen.write('\u001b[?1049l');
    expect(terminal.taken()).toMatch(
      /^\u001b\[\?1049h[\s\S]*inside[\s\S]*\u001b\[\?25h[\s\S]*\u001b\[\?1049l$/,
    );
    screen.write('after\n');
    expect(terminal.taken()).toBe('after\n');
  });

  test('a frame that was there before Ink is drawn over, not erased first', async () => {
    const terminal = new TestScreen(COLUMNS, ROWS);
    const screen = new Screen(terminal);
    screen.open('\u001b[1;1Hconnecting to a server\u001b[3;1Hgone');
    terminal.taken();
    screen.write('\u001b[?1049h');
    screen.write('\u001b[?25l');
    expect(await written(terminal)).toBe('\u001b[?25l');
    screen.write(`live\nsecond${'\n'.repeat(ROWS - 2)}`);
    const shown = [...(await terminal.cells()).values()].map((cell) => cell[0]).join('');
    expect(await written(terminal)).not.toContain('\u001b[?1049h');
    expect(shown.trim().split(/ +/)).toEqual(['live', 'second']);
    screen.close();
    screen.close();
    expect(terminal.taken()).toBe('\u001b[?1049l\u001b[?25h');
  });
});
