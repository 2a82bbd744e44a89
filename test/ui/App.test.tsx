import type { Instance } from 'ink';
import { cleanup, render as renderForTest } from 'ink-testing-library';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { App } from '../../src/ui/App.tsx';
import { mount } from '../../src/ui/mount.tsx';
import { Screen } from '../../src/ui/screen.ts';
import { painter } from '../../src/ui/theme.ts';
import { type Crowd, crowd } from '../app/screen/crowd.ts';
import { Stage, type StageOptions } from '../app/stage.ts';
import { Keyboard } from '../support/terminal/keyboard.ts';
import { TestScreen } from '../support/terminal/screen.ts';
import { until } from '../support/until.ts';

interface Seen {
  readonly stage: Stage;
  readonly screen: TestScreen;
  readonly filter: Screen;
  readonly keyboard: Keyboard;
  readonly ink: Instance;
}

let people: Crowd;
const open: Seen[] = [];

beforeAll(async () => {
  people = await crowd();
});
afterEach(async () => {
  cleanup();
  for (const { stage, screen, filter, ink } of open.splice(0)) {
    ink.unmount();
    await ink.waitUntilExit();
    await stage.stop();
    filter.destroy();
    screen.destroy();
  }
});
afterAll(() => people?.leave());

/** The console as it runs, in a terminal of this size. */
async function seen(columns: number, rows: number, color = true, options: StageOptions = {}): Promise<Seen> {
  const screen = new TestScreen(columns, rows);
  const filter = new Screen(screen);
  const keyboard = new Keyboard();
  const stage = new Stage(people.db.target(), { ...options, size: { columns, rows } });
  const paint = painter(color ? 'default' : 'mono');
  const ink = mount(stage.deck, filter, paint, {}, keyboard as unknown as NodeJS.ReadStream);
  const all = { stage, screen, filter, keyboard, ink };
  open.push(all);
  await stage.start();
  await stage.second();
  await shows(all, 'RW');
  return all;
}

function shows({ screen }: Seen, wanted: string | RegExp): Promise<string> {
  return until(
    async () => {
      const text = await screen.text();
      return (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)) && text;
    },
    { what: `${wanted} on the screen` },
  );
}

describe.each([
  [60, 16],
  [80, 24],
  [120, 40],
  [200, 50],
])('at %ix%i', (columns, rows) => {
  test('every screen fits, and the pile-up of locks is seen', async () => {
    const all = await seen(columns, rows);
    const { keyboard, screen, stage } = all;
    for (const key of ['2', '4', '5', '6', '7', '1', '?', '?', 'L', '\r', ':']) {
      keyboard.write(key);
      await stage.second();
      expect(await screen.scrolledOff()).toBe(0);
    }
    keyboard.write('\u001b');
    await until(() => stage.deck.state.overlay === undefined, { what: 'the end of the palette' });
    keyboard.write('3');
    for (const { pid } of people.waiters) await shows(all, new RegExp(`[├└]─${pid}`));
    const lines = await screen.lines();
    expect(lines.at(-1)).toContain('q quit');
    expect(lines[0]).toContain('shop');
    expect(await screen.scrolledOff()).toBe(0);
  });
});

test('without colour no cell has one, and with colour some have', async () => {
  const [grey, coloured] = [await seen(120, 40, false), await seen(120, 40)];
  for (const all of [grey, coloured]) {
    all.keyboard.write('3');
    await shows(all, '└─');
  }
  expect(await grey.screen.colouredRows()).toEqual([]);
  expect((await coloured.screen.colouredRows()).length).toBeGreaterThan(3);
});

test('a terminal that changes its size is filled anew, and a small one says what it needs', async () => {
  const all = await seen(120, 40);
  const { screen, stage } = all;
  for (const [columns, rows] of [
    [60, 16],
    [200, 50],
    [80, 24],
  ] as const) {
    screen.resize(columns, rows);
    await until(() => stage.deck.state.size.columns === columns, { what: 'the new size' });
    await until(
      async () => {
        const lines = await screen.lines();
        return lines[0]?.includes('shop') && lines.at(-1)?.includes('q quit');
      },
      { what: 'header and footer in their places' },
    );
    expect(await screen.scrolledOff()).toBe(0);
  }
  screen.resize(30, 5);
  expect(await shows(all, 'pgdeck needs')).not.toContain('shop');
  screen.resize(80, 24);
  await shows(all, 'Overview');
});

test('when nothing has changed, nothing is written', async () => {
  const all = await seen(120, 40);
  const { screen, stage, keyboard, ink } = all;
  keyboard.write('p');
  await shows(all, 'PAUSED');
  stage.watching.clock.advance(4_000);
  await until(() => stage.deck.state.toast === undefined, { what: 'the end of the message' });
  await shows(all, 'q quit');
  await ink.waitUntilRenderFlush();
  const silent = async () => {
    const before = screen.written.length;
    for (let i = 0; i < 20; i++) stage.watching.clock.advance(1_000);
    // an equal state is a new state all the same: it must not reach the terminal
    stage.deck.store.set({ round: stage.deck.state.round + 1 });
    stage.deck.store.set({ log: [...stage.deck.state.log] });
    await ink.waitUntilRenderFlush();
    return screen.written.slice(before) === '';
  };
  // slow answers that were still out when it was paused come afterwards
  await until(silent, { what: 'a frame that is not written again' });
});

test('keys reach the deck, and a paste reaches a text field only', async () => {
  const all = await seen(120, 40);
  const { keyboard, stage } = all;
  keyboard.write('2');
  await until(() => stage.deck.state.screen === 'activity', { what: 'the screen' });
  keyboard.write('\u001b[200~Kyq3\u001b[201~');
  keyboard.write('/');
  await until(() => stage.deck.state.overlay?.kind === 'filter', { what: 'the filter' });
  expect(stage.deck.state.screen).toBe('activity');
  expect(stage.exits).toBe(0);
  keyboard.write('\u001b[200~库存\nq\u001b[201~');
  await until(() => stage.deck.state.tables.activity?.filter === '库存 q', { what: 'the pasted text' });
  keyboard.write('\u001b');
  await until(() => stage.deck.state.overlay === undefined, { what: 'the end of the filter' });
  keyboard.write('\u001b[B\u001b[Bjjk');
  await until(() => stage.deck.state.tables.activity?.selected !== undefined, { what: 'a selected row' });
  keyboard.write('q');
  await until(() => stage.exits === 1, { what: 'the end' });
});

test('Ink alone gives the same frame', async () => {
  const stage = await new Stage(people.db.target()).start();
  try {
    const { lastFrame, stdin } = renderForTest(<App deck={stage.deck} paint={painter('mono')} />);
    await until(() => lastFrame()?.includes('Overview'), { what: 'the first frame' });
    stdin.write('3');
    await stage.seconds(() => lastFrame()?.includes('└─'), 'the forest');
    expect(lastFrame()).toContain(String(people.holder.pid));
  } finally {
    await stage.stop();
  }
});
