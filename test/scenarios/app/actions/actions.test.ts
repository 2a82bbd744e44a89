import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACTIONS } from '../../../../src/app/actions/registry.ts';
import { CONTEXTS, type Context } from '../../../../src/app/core/action.ts';
import { keyName } from '../../../../src/app/core/keys.ts';
import { keymapOf, perform } from '../../../../src/app/keymap.ts';
import { paletteMatches } from '../../../../src/app/palette/palette.ts';
import { footerLine } from '../../../../src/app/screen/footer.ts';
import { SCREENS } from '../../../../src/app/views/registry.ts';
import { activityPoll } from '../../../../src/db/queries/activity.ts';
import { lineText } from '../../../../src/text/line.ts';
import { Stage } from '../../../app/stage.ts';
import { client, type TestDatabase, testDatabase, until } from '../../../support/cluster.ts';

const contexts = Object.keys(CONTEXTS) as Context[];
const danger = ACTIONS.filter((action) => action.danger);

let db: TestDatabase;
let stage: Stage;
let careful: Stage;

beforeAll(async () => {
  db = await testDatabase();
  stage = await new Stage(db.target()).start();
  careful = await new Stage(db.target(), { readOnly: true }).start();
  // somebody idle to be seen: consoles do not list each other
  await client(db.target(), 'idler');
  for (const one of [stage, careful]) {
    one.keys('i');
    await one.seconds(() => one.deck.model.rows(activityPoll).length > 0, 'idle sessions');
    // until the message about that has gone
    one.watching.clock.advance(3_000);
  }
});

afterAll(async () => {
  await stage?.stop();
  await careful?.stop();
  await db?.drop();
});

describe('the table', () => {
  test.each(contexts)('no key means two things in the context %s', (context) => {
    const owners = new Map<string, string[]>();
    for (const action of ACTIONS.filter(({ scope }) => CONTEXTS[context].includes(scope)))
      for (const key of action.keys) owners.set(key, [...(owners.get(key) ?? []), action.id]);
    expect([...owners].filter(([, ids]) => ids.length > 1)).toEqual([]);
  });

  test('every key of an action leads to it', () => {
    const keymap = keymapOf(ACTIONS);
    for (const context of contexts)
      for (const action of ACTIONS.filter(({ scope }) => CONTEXTS[context].includes(scope)))
        for (const key of action.keys)
          expect(keymap.get(context)?.get(key)?.id, `${key} in ${context}`).toBe(action.id);
  });

  test('ids are unique, and every scope is asked in some context', () => {
    expect(new Set(ACTIONS.map(({ id }) => id)).size).toBe(ACTIONS.length);
    const scopes = new Set(Object.values(CONTEXTS).flat());
    for (const { scope } of ACTIONS) expect(scopes).toContain(scope);
  });

  test('where text is typed no character is a key', () => {
    for (const context of ['field', 'palette', 'form'] as const)
      for (const { scope, keys } of ACTIONS)
        if (CONTEXTS[context].includes(scope)) expect(keys.filter((key) => key.length === 1)).toEqual([]);
  });

  test('every screen can be opened by its key and from the palette', () => {
    for (const screen of SCREENS) {
      if (screen.key) {
        stage.keys(screen.key);
        expect(stage.deck.state.screen).toBe(screen.id);
      }
      expect(paletteMatches(stage.deck, screen.title).map(({ id }) => id)).toContain(`screen.${screen.id}`);
    }
    stage.keys('1');
  });
});

describe('what is dangerous', () => {
  test('there is something', () => expect(danger.length).toBeGreaterThanOrEqual(4));

  test('is absent from footer and palette in read-only mode, and there otherwise', () => {
    const footer = ({ deck }: Stage) => lineText(footerLine(deck, 400));
    expect(footer(stage)).toContain('K terminate');
    for (const action of danger) {
      expect(footer(careful)).not.toContain(
        `${keyName(action.keys[0] ?? '')} ${action.short ?? action.title}`,
      );
      expect(paletteMatches(careful.deck, '').map(({ id }) => id)).not.toContain(action.id);
      expect(paletteMatches(careful.deck, action.title).map(({ id }) => id)).not.toContain(action.id);
    }
    expect(paletteMatches(stage.deck, '').map(({ id }) => id)).toContain('signal.terminate');
  });

  test.each(danger.filter(({ scope }) => scope !== 'dialog').map((action) => [action.id, action] as const))(
    '%s refuses in read-only mode, and says why',
    (_, action) => {
      perform(careful.deck, action);
      expect(careful.deck.state.overlay).toBeUndefined();
      expect(careful.deck.state.toast).toMatchObject({
        level: 'error',
        text: expect.stringContaining('read-only: W makes it writable for a while'),
      });
    },
  );

  test('its keys refuse too', () => {
    for (const key of ['K', 'c', 'B', 'I']) {
      careful.deck.say('nothing');
      careful.keys(key);
      expect(careful.deck.state.overlay).toBeUndefined();
      expect(careful.deck.state.toast?.text).toContain('read-only');
    }
  });
});

test('keys in the details are about their row, also when another pane has been chosen meanwhile', async () => {
  stage.keys('1', 'enter');
  expect(stage.deck.state.overlay).toMatchObject({ kind: 'detail', view: 'activity' });
  stage.keys('tab');
  expect(stage.deck.state.overlay?.kind).toBe('detail');
  expect(lineText(footerLine(stage.deck, 400))).toContain('K terminate');
  stage.keys('y', 'esc', 'backtab');
  await until(() => stage.copied.length === 1, { what: 'the copied query' });
});

test('an action that cannot be used says why', () => {
  stage.keys('3', 's');
  expect(stage.deck.state.toast?.text).toContain('Locks are shown as a tree');
  stage.keys('tab');
  expect(stage.deck.state.toast?.text).toBe('Next pane: this screen has one pane.');
  stage.keys('i');
  expect(stage.deck.state.toast?.text).toContain('only sessions can be idle');
  stage.keys('1');
});

test('a toast goes with time, an error later, and both stay in the log', () => {
  stage.deck.say('good');
  stage.watching.clock.advance(2_000);
  expect(stage.deck.state.toast?.text).toBe('good');
  stage.watching.clock.advance(1_000);
  expect(stage.deck.state.toast).toBeUndefined();
  stage.deck.say('bad', 'error');
  stage.watching.clock.advance(5_000);
  expect(stage.deck.state.toast?.text).toBe('bad');
  stage.watching.clock.advance(1_000);
  expect(stage.deck.state.toast).toBeUndefined();
  expect(stage.deck.state.log.slice(-2).map(({ text }) => text)).toEqual(['good', 'bad']);
});

test('what cannot be shown cannot be acted on: a small terminal knows help and quit only', () => {
  stage.deck.resize(39, 20);
  for (const key of ['K', '/', 'I', '3', ':']) stage.keys(key);
  expect(stage.deck.state).toMatchObject({ screen: 'overview', overlay: undefined });
  stage.keys('?');
  expect(stage.deck.state.overlay?.kind).toBe('help');
  stage.keys('esc');
  expect(stage.deck.state.overlay).toBeUndefined();
  const { exits } = stage;
  stage.keys('q');
  expect(stage.exits).toBe(exits + 1);
  stage.deck.resize(120, 40);
});

describe('Esc, q, ^C and ^Z', () => {
  test('Esc goes back one level at a time and never ends the program', () => {
    const { exits } = stage;
    stage.keys('2');
    stage.filter('nosuchthing');
    stage.keys('?', 'esc');
    expect(stage.deck.state.tables.activity?.filter).toBe('nosuchthing');
    stage.keys('esc');
    expect(stage.deck.state).toMatchObject({ screen: 'activity', tables: { activity: { filter: '' } } });
    stage.keys('esc', 'esc', 'esc');
    expect(stage.deck.state.screen).toBe('overview');
    expect(stage.exits).toBe(exits);
  });

  test('Esc in a filter gives back the one before', () => {
    stage.keys('2');
    stage.filter('one');
    stage.keys('/');
    stage.type(' two');
    expect(stage.deck.state.tables.activity?.filter).toBe('one two');
    stage.keys('esc');
    expect(stage.deck.state.tables.activity?.filter).toBe('one');
    stage.keys('esc', 'esc');
  });

  test('^C quits when nothing runs, also while typing; ^Z suspends', () => {
    const { exits } = stage;
    stage.keys('/', '^C', 'esc', '^C', '^Z');
    expect(stage.exits).toBe(exits + 2);
    expect(stage.suspended).toBe(1);
  });
});

describe('paste', () => {
  test('never reaches the keymap', () => {
    const before = stage.deck.state;
    stage.deck.paste('KyIqB\r');
    expect(stage.deck.state).toBe(before);
    stage.keys('?');
    stage.deck.paste('q');
    expect(stage.deck.state.overlay?.kind).toBe('help');
    stage.keys('esc');
  });

  test('goes into a text field as one line', () => {
    stage.keys('/');
    stage.deck.paste('库存\r\n流水\u001b[31m\u0007');
    expect(stage.deck.state.tables.activity?.filter).toMatch(/^库存 流水/);
    expect(stage.deck.state.tables.activity?.filter).not.toMatch(/\p{Cc}/u);
    stage.keys('esc');
  });
});

describe('time', () => {
  test('the interval has steps, and ends', () => {
    stage.keys('+');
    expect(stage.deck.sampler.interval).toBe(2);
    stage.keys('-', '-', '-', '-');
    expect(stage.deck.sampler.interval).toBe(0.5);
    for (let i = 0; i < 20; i++) stage.keys('=');
    expect(stage.deck.sampler.interval).toBe(60);
    for (let i = 0; i < 20; i++) stage.keys('-');
    stage.keys('+');
    expect(stage.deck.sampler.interval).toBe(1);
  });

  test('paused, the header says since when', () => {
    stage.keys('p');
    expect(stage.deck.sampler.paused).toBe(true);
    expect(stage.deck.state.pausedAt).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
    stage.keys('p');
    expect(stage.deck.sampler.paused).toBe(false);
    expect(stage.deck.state.pausedAt).toBeUndefined();
  });
});

test('the palette finds by words, those that begin with them first, and runs the chosen one', () => {
  stage.keys(':');
  stage.type('rev ord');
  expect(paletteMatches(stage.deck, 'rev ord').map(({ id }) => id)).toEqual(['find.reverse']);
  expect(paletteMatches(stage.deck, 'unblo').map(({ id }) => id)).toEqual(['signal.options']);
  const descending = stage.deck.state.tables.activity?.sort.descending;
  stage.keys('enter');
  expect(stage.deck.state.overlay).toBeUndefined();
  expect(stage.deck.state.tables.activity?.sort.descending).toBe(!descending);
  stage.keys(':');
  stage.type('zzz');
  stage.keys('down', 'enter');
  expect(stage.deck.state.overlay).toBeUndefined();
  stage.keys('S');
});
