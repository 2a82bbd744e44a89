import type { Instance } from 'ink';
import stringWidth from 'string-width';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { mount } from '../../../src/ui/mount.tsx';
import { Screen } from '../../../src/ui/screen.ts';
import { painter } from '../../../src/ui/theme.ts';
import type { StageOptions } from '../../app/stage.ts';
import { type Script, script, WizardStage } from '../../app/wizard/stage.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { temporaryDirectory } from '../../support/program.ts';
import { Keyboard } from '../../support/terminal/keyboard.ts';
import { TestScreen } from '../../support/terminal/screen.ts';
import { until } from '../../support/until.ts';

const env = { XDG_STATE_HOME: temporaryDirectory() };
let db: TestDatabase;
const open: { stage: WizardStage; screen: TestScreen; filter: Screen; ink: Instance }[] = [];

beforeAll(async () => {
  db = await testDatabase();
});
afterEach(async () => {
  for (const { stage, screen, filter, ink } of open.splice(0)) {
    ink.unmount();
    await ink.waitUntilExit();
    await stage.stop();
    filter.destroy();
    screen.destroy();
  }
});
afterAll(() => db?.drop());

async function seen(played: Script, options: StageOptions & { color?: boolean } = {}) {
  const { columns, rows } = options.size ?? { columns: 80, rows: 24 };
  const screen = new TestScreen(columns, rows);
  const filter = new Screen(screen);
  const keyboard = new Keyboard();
  const stage = new WizardStage(db.target(), played, { env, size: { columns, rows }, ...options });
  const paint = painter((options.color ?? true) ? 'default' : 'mono');
  const ink = mount(stage.deck, filter, paint, {}, keyboard as unknown as NodeJS.ReadStream);
  open.push({ stage, screen, filter, ink });
  await stage.start();
  return { stage, screen, keyboard, ink };
}

const checks = [
  { title: 'Room', status: 'ok', detail: '9 GB are free' },
  { title: '客户端程序', status: 'warn', detail: `pg_dump 17 is newer: ${'很长的句子 '.repeat(20)}` },
] as const;

async function shows(screen: TestScreen, wanted: string | RegExp): Promise<string> {
  return until(
    async () => {
      const text = await screen.text();
      return (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) && text;
    },
    { what: `${wanted} on the screen` },
  );
}

/** The frames of tables have one width from their first line to their last. */
function expectFrames(text: string): void {
  const lines = text.split('\n').filter((line) => /^ [┌│├└]/.test(line));
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) expect(line.trimEnd()).toMatch(/[┐│┤┘]$/);
  const tables = lines.join('\n').split(/(?<=┘)\n?/);
  for (const table of tables.filter((part) => part.includes('┌')))
    expect(
      new Set(
        table
          .trim()
          .split('\n')
          .map((line) => stringWidth(line.trim())),
      ).size,
    ).toBe(1);
}

describe.each([
  [60, 16],
  [80, 24],
  [120, 40],
])('at %ix%i', (columns, rows) => {
  test('form, plan, question, run and result fit, scrolled or not', async () => {
    const played = script({
      danger: 'type-name',
      subject: '库存',
      consequence: '数据 is lost.',
      checks: [...checks],
    });
    const { stage, screen, keyboard } = await seen(played, { size: { columns, rows } });
    await stage.form();
    await shows(screen, 'Database');
    keyboard.write('库存');
    await shows(screen, '库存');
    keyboard.write('\r');
    await stage.at('plan');
    await shows(screen, /客户端程序/);
    let framed = 0;
    for (let page = 0; page < 8; page++) {
      const text = await screen.text();
      if (/┌[\s\S]*└/.test(text)) {
        expectFrames(text);
        framed++;
      }
      keyboard.write('\u001b[6~');
      await stage.second();
      expect(await screen.scrolledOff()).toBe(0);
    }
    if (rows >= 24) expect(framed).toBeGreaterThan(0);
    await shows(screen, 'pgdeck paint');
    keyboard.write('\r');
    await shows(screen, 'type the name');
    keyboard.write('库存\r');
    await stage.at('result');
    const text = await shows(screen, 'DONE');
    expect(text).toContain('Enter close');
    expect(await screen.scrolledOff()).toBe(0);
    const lines = await screen.lines();
    expect(lines[0]).toContain('shop');
  });
});

test('in ASCII and without colour nothing else is drawn', async () => {
  const played = script({ checks: [...checks] });
  const { stage, screen, keyboard } = await seen(played, { ascii: true, color: false });
  await stage.form();
  keyboard.write('shop\r');
  await stage.at('plan');
  await shows(screen, '客户端程序');
  keyboard.write('\u001b[6~');
  const text = await shows(screen, '+--');
  expect(text.replace(/\p{Script=Han}/gu, '')).toMatch(/^[ -~\n]*$/);
  expect(await screen.colouredRows()).toEqual([]);
});

test('a long table loses no row while it is scrolled line by line', async () => {
  const rows = Array.from({ length: 40 }, (_, i) => [`row-${i}-`, '库存']);
  const tables = [{ title: 'Largest tables', columns: ['table', 'of'], rows }];
  const { stage, screen, keyboard } = await seen(script({ tables }));
  await stage.form();
  keyboard.write('shop\r');
  await stage.at('plan');
  await shows(screen, 'row-0-');
  const found = new Set<string>();
  for (let line = 0; line < 70; line++) {
    const before = stage.wizard;
    keyboard.write('j');
    await until(() => stage.wizard !== before || line > 40, { what: 'the next line' });
    for (const [name] of (await screen.text()).matchAll(/row-\d+-/g)) found.add(name);
    expect(await screen.scrolledOff()).toBe(0);
  }
  expect(found.size).toBe(40);
});

test('a terminal that is made smaller while a plan is open shows it in its new size', async () => {
  const { stage, screen, keyboard } = await seen(script({ checks: [...checks] }), {
    size: { columns: 120, rows: 40 },
  });
  await stage.form();
  keyboard.write('shop\r');
  await stage.at('plan');
  await shows(screen, '┘');
  screen.resize(60, 16);
  await until(async () => (await screen.lines()).at(-1)?.includes('Enter run it'), { what: 'the new size' });
  expect(await screen.scrolledOff()).toBe(0);
});
