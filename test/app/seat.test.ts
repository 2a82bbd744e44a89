import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Console } from '../../src/app/console.ts';
import type { Overlay } from '../../src/app/core/state.ts';
import { tableOf } from '../../src/app/core/state.ts';
import { frameOf, shapeOf } from '../../src/app/frame.ts';
import { Seat } from '../../src/app/seat.ts';
import { ServerChoices } from '../../src/app/servers/choices.ts';
import { watchOptions } from '../../src/app/watch.ts';
import { updateWizard } from '../../src/app/wizard/state.ts';
import { type Resolved, resolve } from '../../src/config/profile.ts';
import { readSettings } from '../../src/config/store.ts';
import type { Session } from '../../src/db/client.ts';
import { summaryPoll } from '../../src/db/queries/activity.ts';
import { Sampler } from '../../src/monitor/sampler.ts';
import { journalDirectory, listRuns } from '../../src/ops/engine/journal/runs.ts';
import { lineText } from '../../src/text/line.ts';
import { characters } from '../../src/text/width.ts';
import { client, type TestDatabase, testDatabase, testServer } from '../support/cluster.ts';
import { temporaryDirectory } from '../support/program.ts';
import { until } from '../support/until.ts';

const size = { columns: 120, rows: 40 };

let one: TestDatabase;
let two: TestDatabase;
let watcher: Session;
let env: Record<string, string>;
let seat: Seat;
let exits = 0;

beforeAll(async () => {
  [one, two] = await Promise.all([testDatabase(), testDatabase()]);
  watcher = await client({ ...one.target(), database: 'postgres' });
});
afterAll(async () => {
  await watcher?.close();
  await Promise.all([one?.drop(), two?.drop()]);
});

const consoles = () => {
  const made: Console[] = [];
  const make = (resolved: Resolved, servers: Seat | undefined) => {
    const sampler = new Sampler(watchOptions(resolved, 0.5));
    const ports = {
      copy: () => {},
      exit: () => exits++,
      suspend: () => {},
      wallClock: () => Date.now(),
      ...(servers && { servers }),
    };
    const journal = journalDirectory(env, '');
    const deck = new Console({ sampler, resolved, ports, size, env: { ...env }, journal });
    made.push(deck);
    return deck;
  };
  return { made, make };
};

let made: Console[];

beforeEach(async () => {
  const home = temporaryDirectory();
  const file = join(home, 'config.json');
  const { host, port } = testServer();
  const profile = (database: string, more = {}) => ({ host, port, user: 'postgres', database, ...more });
  const profiles = {
    one: profile(one.database),
    two: profile(two.database, { environment: 'production' }),
    gone: profile(two.database, { port: 1 }),
    nowhere: profile('no such database'),
    crooked: { service: 'not there' },
  };
  writeFileSync(file, JSON.stringify({ profiles }));
  env = { HOME: home, XDG_STATE_HOME: home, PGDECK_CONFIG: file, PGSSLMODE: 'disable' };
  const given = resolve({ profile: 'one' }, env, readSettings(file));
  const { make, ...rest } = consoles();
  made = rest.made;
  seat = new Seat({
    resolved: given,
    choices: new ServerChoices({
      given,
      flags: {},
      env,
      ask: (question) => seat.console.askPassword(question),
    }),
    console: (of, servers) => make(of, servers as Seat | undefined),
  });
  seat.console.start();
  await figures();
});
afterEach(() => seat.stop());

/** Waits for the figures of the server that is watched. */
const figures = () =>
  until(() => seat.console.sampler.part(summaryPoll).status === 'ok', { what: 'figures' });

function keys(...names: string[]): void {
  for (const name of names) seat.console.key(name);
}
function type(text: string): void {
  for (const character of characters(text)) keys(character === ' ' ? 'space' : character);
}
/** What is typed into the palette, and Enter. */
function palette(text: string): void {
  keys(':');
  type(text);
  keys('enter');
}
function choose(name: string): void {
  palette('profiles');
  type(name);
  keys('enter');
}
const screen = () =>
  frameOf(shapeOf(seat.console))
    .flatMap(({ content }) => (Array.isArray(content) ? content : []))
    .flatMap(({ lines }) => lines(seat.console).map(lineText))
    .join('\n');
const servers = () => {
  const { overlay } = seat.console.state;
  return overlay?.kind === 'servers' ? (overlay as Extract<Overlay, { kind: 'servers' }>) : undefined;
};
const problem = () => until(() => servers()?.problem, { what: 'why not' });
const watched = (name: string) => until(() => seat.console.resolved.name === name, { what: name });
/** pgdeck's sessions in a database. */
const sessions = async (database: string) => {
  const rows = await watcher.sql(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = $1 AND application_name LIKE 'pgdeck%'",
    [database],
  );
  return rows[0]?.n as number;
};

test('profiles are listed with their places, what leads nowhere with its reason; the one that is watched is marked', () => {
  palette('profiles');
  const lines = screen().split('\n');
  const { host, port } = testServer();
  const of = (name: string) =>
    lines.find((line, at) => at > 2 && line.replace(/^[^a-z]+/, '').startsWith(`${name} `));
  expect(of('one')).toContain(`postgres@${host}:${port}/${one.database}  watched now`);
  expect(of('two')).toContain(`PRODUCTION postgres@${host}:${port}/${two.database}`);
  expect(of('crooked')).toContain('The service "not there" is defined nowhere.');
  type('two');
  expect(servers()?.field.text).toBe('two');
  expect(screen()).not.toContain('gone');
  keys('esc');
  expect(seat.console.state.overlay).toBeUndefined();
  expect(seat.console.resolved.name).toBe('one');
});

test('Enter changes: the connections and polls of the old one end, and nothing of it is in the new one', async () => {
  const before = seat.console;
  keys('2', '/');
  type('secret words');
  keys('enter', 's', 'enter', '3', 'i', '+');
  await until(async () => (await sessions(one.database)) === 3, { what: 'three sessions' });

  choose('two');
  expect(screen()).toContain('Connecting to two. Esc stays where you are.');
  await watched('two');
  await figures();
  const { state, sampler, model } = seat.console;
  expect(state).toMatchObject({ screen: 'overview', idle: false, overlay: undefined, wizards: [] });
  expect(tableOf(state, 'activity').filter).toBe('');
  expect(sampler.server?.database).toBe(two.database);
  expect(sampler.interval).toBe(0.5);
  expect(model).not.toBe(before.model);
  // production is read-only unless it says otherwise
  expect(seat.console.readOnly).toBe(true);
  expect(screen()).toContain('PRODUCTION');
  await until(async () => (await sessions(one.database)) === 0, { what: 'the end of the old sessions' });
  const asked = before.sampler.ownTransactions;
  const round = seat.console.sampler.ownTransactions;
  await until(() => seat.console.sampler.ownTransactions > round + 5, { what: 'polls of the new one' });
  expect(before.sampler.ownTransactions).toBe(asked);

  choose('one');
  await watched('one');
  await figures();
  expect(tableOf(seat.console.state, 'activity').filter).toBe('');
  await until(async () => (await sessions(two.database)) === 0, { what: 'the end of those' });
});

test("a profile's name in the palette is enough", async () => {
  palette('two');
  await watched('two');
});

test.each([
  ['gone', 'gone was not opened: Nothing accepts connections at postgres@'],
  ['nowhere', 'nowhere was not opened: The database no such database does not exist on'],
  ['crooked', 'crooked was not opened: The service "not there" is defined nowhere.'],
])('%s is not opened: it is said why, and the old one stays and is polled', async (name, sentence) => {
  const before = seat.console;
  choose(name);
  expect(await problem()).toContain(sentence);
  expect(screen()).toContain(sentence.slice(0, 40));
  expect(seat.console).toBe(before);
  const asked = before.sampler.ownTransactions;
  await until(() => before.sampler.ownTransactions > asked + 5, { what: 'polls' });
  keys('esc');
  expect(before.state.overlay).toBeUndefined();
  for (const other of made.filter((deck) => deck !== before))
    expect(other.sampler.link.state).not.toBe('connected');
});

test('a run blocks the change, also one that begins while the other server is being connected to', async () => {
  const running = (deck: Console) => {
    const plan = { title: 'Back up shop', danger: 'none', subject: 'shop', facts: [], checks: [], steps: [] };
    deck.store.set({
      wizards: [
        ...deck.state.wizards,
        { id: 99, phase: { step: 'run', plan, run: {} }, form: {}, entry: {} } as never,
      ],
    });
  };
  const before = seat.console;
  choose('two');
  running(before);
  expect(await problem()).toBe(
    'two was not opened: Back up shop is running here: wait for the end, or cancel.',
  );
  expect(seat.console).toBe(before);
  await until(async () => (await sessions(two.database)) === 0, { what: 'that its connections are closed' });
  keys('esc');
  palette('profiles');
  expect(before.state.overlay).toBeUndefined();
  expect(before.state.toast?.text).toContain('Back up shop is running here');
  updateWizard(before, 99, { phase: { step: 'failed', reason: '' } } as never);
  before.store.set({ wizards: [] });
});

test('Esc gives an attempt up', async () => {
  const before = seat.console;
  choose('two');
  keys('esc');
  expect(before.state.overlay).toBeUndefined();
  await until(() => made.length > 1 && made.at(-1) !== before, { what: 'the attempt' });
  await until(async () => (await sessions(two.database)) === 0, { what: 'that nothing of it is open' });
  expect(seat.console).toBe(before);
});

test('an attempt that was given up asks nobody for a password', async () => {
  const wanted = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  // a server that is far: it asks for a password (AuthenticationCleartextPassword) when the console is long back
  const far = createServer((socket) => {
    socket.on('error', () => {}).on('close', () => ended.resolve());
    socket.once('data', () => {
      reached.resolve();
      void wanted.promise.then(() => socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3])));
    });
  });
  far.listen(0, '127.0.0.1');
  await once(far, 'listening');
  const { port } = far.address() as AddressInfo;
  const settings = JSON.parse(readFileSync(env.PGDECK_CONFIG ?? '', 'utf8'));
  settings.profiles.far = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' };
  writeFileSync(env.PGDECK_CONFIG ?? '', JSON.stringify(settings));

  palette('far');
  await reached.promise;
  keys('esc', '/');
  wanted.resolve();
  await ended.promise;
  expect(seat.console.state.overlay?.kind).toBe('filter');
  far.close();
});

test('settings that cannot be read are said, and nothing else changes', () => {
  writeFileSync(env.PGDECK_CONFIG ?? '', '{"profiles": 7}');
  palette('profiles');
  expect(seat.console.state.overlay).toBeUndefined();
  expect(seat.console.state.toast).toMatchObject({
    level: 'error',
    text: expect.stringContaining('profiles'),
  });
});

test('one that was armed is read-only again once it was left, and that is told', async () => {
  choose('two');
  await watched('two');
  await figures();
  const armed = seat.console;
  keys('W');
  type('two');
  keys('enter');
  await until(() => !armed.readOnly, { what: 'that it is writable' });
  choose('one');
  await watched('one');
  expect(seat.console.readOnly).toBe(false);
  await until(() => armed.readOnly, { what: 'the end of that' });
  choose('two');
  await watched('two');
  expect(seat.console.readOnly).toBe(true);
  await seat.stop();
  expect(seat.report()).toMatch(
    /two is writable for 10 minutes.*\n.*Read-only again after .*: the console went on/,
  );
});

test('what was done on each is told at the end', async () => {
  seat.console.note('Cancelled 4711', 'done', true);
  choose('two');
  await watched('two');
  seat.console.note('Terminated 4712', 'done', true);
  await seat.stop();
  expect(seat.report()).toMatch(/^pgdeck, one:\n.*Cancelled 4711\npgdeck, two:\n.*Terminated 4712\n$/);
});

test('an armed profile is read-only again once another one is watched, and the journal says why', async () => {
  choose('two');
  await watched('two');
  expect(seat.console.readOnly).toBe(true);
  keys('W');
  type('two');
  keys('enter');
  expect(seat.console.readOnly).toBe(false);
  const armed = seat.console;
  choose('one');
  await watched('one');
  await until(() => armed.state.armed === undefined, { what: 'the end of it' });
  const [run] = listRuns(journalDirectory(env, '')).filter(({ operation }) => operation === 'arm');
  expect(run?.events.at(-1)?.text).toMatch(/: the console went on to another server\.$/);
  choose('two');
  await watched('two');
  // it has to be armed anew
  expect(seat.console.readOnly).toBe(true);
});
