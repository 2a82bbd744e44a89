import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { firstFrame } from '../../src/ui/first-frame.ts';
import { mount } from '../../src/ui/mount.tsx';
import { Screen } from '../../src/ui/screen.ts';
import { painter } from '../../src/ui/theme.ts';
import { Stage, type StageOptions } from '../app/stage.ts';
import { type TestDatabase, testDatabase, until } from '../support/cluster.ts';
import { Keyboard } from '../support/terminal/keyboard.ts';
import { TestScreen } from '../support/terminal/screen.ts';

const ENTER = '\u001b[?1049h';
/** Bracketed paste, which Ink turns on. */
const PASTE = /\u001b\[\?2004[hl]/g;

let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());

/** A console in a terminal of this size that has painted its first frame, without Ink. */
function painted(columns: number, rows: number, options: StageOptions = {}, color = true) {
  const terminal = new TestScreen(columns, rows);
  const screen = new Screen(terminal);
  const stage = new Stage(db.target(), { ...options, size: { columns, rows } });
  const paint = painter(color ? 'default' : 'mono');
  screen.open(firstFrame(stage.deck, paint));
  onTestFinished(async () => {
    await stage.stop();
    screen.destroy();
    terminal.destroy();
  });
  return {
    terminal,
    screen,
    stage,
    ink: () => mount(stage.deck, screen, paint, {}, new Keyboard() as unknown as NodeJS.ReadStream),
  };
}

test.each([
  [40, 10, {}, true],
  [60, 16, {}, false],
  [80, 24, { environment: 'production', readOnly: true }, true],
  [120, 40, {}, true],
  [200, 50, { ascii: true }, true],
] as const)(
  'Ink draws the first frame over itself, cell for cell, at %ix%i',
  async (columns, rows, options, color) => {
    const { terminal, ink } = painted(columns, rows, options, color);
    expect(await terminal.text()).toMatch(/connecting|waiting/);
    expect((await terminal.lines()).at(-1)).toMatch(/q quit$/);
    const before = await terminal.cells();
    terminal.written = '';
    const instance = ink();
    await instance.waitUntilRenderFlush();
    expect(await terminal.cells()).toEqual(before);
    expect(await terminal.scrolledOff()).toBe(0);
    expect(terminal.written).not.toContain(ENTER);
    terminal.written = '';
    instance.unmount();
    await instance.waitUntilExit();
    expect(terminal.written.replace(PASTE, '')).toMatch(/\u001b\[\?1049l\u001b\[\?25h$/);
  },
);

test.each([
  [80, 24],
  [200, 50],
] as const)(
  'figures that come before Ink are painted over the first frame, cell for cell what Ink draws then, at %ix%i',
  async (columns, rows) => {
    const { terminal, screen, stage, ink } = painted(columns, rows);
    await stage.start();
    const frame = () => firstFrame(stage.deck, painter('default'), true);
    // what is asked over the slow connection may be later than what is asked over the other
    await until(() => !/waiting for the first/.test(frame()), { what: 'all figures' });
    screen.paint(frame());
    const lines = await terminal.lines();
    expect(lines[0]).toContain('primary');
    expect(lines[1]).toMatch(/conns \d/);
    expect(lines.join()).not.toMatch(/connecting|waiting for the first/);
    const before = await terminal.cells();
    const instance = ink();
    await instance.waitUntilRenderFlush();
    expect(await terminal.cells()).toEqual(before);
    // from then on the screen is Ink's
    terminal.written = '';
    screen.paint('late');
    expect(terminal.written).not.toContain('late');
    instance.unmount();
    await instance.waitUntilExit();
  },
);

test('what was read since the first frame is there when Ink is', async () => {
  const { terminal, stage, ink } = painted(120, 40);
  const before = await terminal.lines();
  terminal.written = '';
  await stage.start();
  const instance = ink();
  await instance.waitUntilRenderFlush();
  const after = await terminal.lines();
  expect(after[0]).toContain('primary');
  expect(after[2]).toBe(before[2]);
  expect(terminal.written).not.toContain(ENTER);
  instance.unmount();
  await instance.waitUntilExit();
});

test('a terminal too small for a screen says so as soon as Ink is there', async () => {
  const { terminal, ink } = painted(30, 8);
  expect(terminal.written).toContain(ENTER);
  expect((await terminal.text()).trim()).toBe('');
  const instance = ink();
  await instance.waitUntilRenderFlush();
  expect(await terminal.text()).toMatch(/^pgdeck needs 40x10/);
  instance.unmount();
  await instance.waitUntilExit();
});

test('left before Ink was there, the screen is as it was', () => {
  const { terminal, screen } = painted(80, 24);
  terminal.written = '';
  screen.close();
  screen.close();
  expect(terminal.written).toBe('\u001b[?1049l\u001b[?25h');
});
