import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { namesKeys } from './house/key-words.ts';
import { reachesForMachine } from './house/machine.ts';
import { type Import, Source } from './house/source.ts';
import { cleanEnvironment, pgdeck, temporaryDirectory } from './support/program.ts';

const ROOT = fileURLToPath(new URL('../src', import.meta.url));
const source = Source.in(ROOT);
const { files, text, imports, inside } = source;

const room = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : file);
const shown = (found: readonly Import[]) => found.map(({ from, to }) => `${from} -> ${to}`);

describe('packages', () => {
  test.each([
    ['pg', ['db/client.ts']],
    ['pg-copy-streams', ['db/']],
    ['execa', ['hosts/']],
    ['node:child_process', ['hosts/', 'package/']],
    ['node:sqlite', ['ops/import/source/']],
    ['ink', ['ui/']],
    ['react', ['ui/']],
    ['ink-spinner', ['ui/']],
    ['ink-table', ['ui/']],
    ['conf', ['config/store.ts']],
    ['commander', ['cli/', 'package/reference/']],
    ['rolldown', ['package/']],
    ['nodemailer', ['notify/']],
    ['prom-client', ['watch/metrics/']],
    ['@aws-sdk/client-s3', ['ops/remote/store/s3']],
    ['@aws-sdk/lib-storage', []],
    ['age-encryption', ['ops/remote/seal/']],
  ])('only its own room imports %s', (name, places) => {
    const found = imports.filter(
      ({ from, to }) => to === name && !places.some((place) => from.startsWith(place)),
    );
    expect(shown(found)).toEqual([]);
  });

  test('every package that is imported is a dependency', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, '../package.json'), 'utf8'));
    const known = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }));
    const foreign = imports.filter(
      ({ to }) => !to.startsWith('node:') && !files.includes(to) && !known.has(to),
    );
    expect(shown(foreign)).toEqual([]);
  });
});

/** Which rooms a room may import, besides itself and text. */
const ROOMS: Record<string, readonly string[]> = {
  text: [],
  db: [],
  config: ['db'],
  hosts: ['db', 'config'],
  notify: ['config', 'hosts'],
  monitor: ['db', 'config'],
  log: ['db', 'hosts'],
  health: ['db', 'config', 'monitor', 'log'],
  alerts: ['config', 'monitor', 'health'],
  ops: ['db', 'config', 'hosts', 'notify', 'version.ts', 'thread.ts'],
  demo: ['db', 'config', 'hosts'],
  app: ['db', 'config', 'monitor', 'log', 'health', 'alerts', 'ops', 'hosts'],
  watch: ['db', 'config', 'monitor', 'log', 'health', 'alerts', 'notify', 'ops', 'hosts', 'app'],
  ui: ['db', 'config', 'monitor', 'health', 'ops', 'hosts', 'app', 'demo'],
  cli: [
    'db',
    'config',
    'monitor',
    'health',
    'log',
    'alerts',
    'notify',
    'watch',
    'ops',
    'hosts',
    'app',
    'demo',
    'version.ts',
  ],
  // what is made of the program, and is not in it
  package: ['cli', 'app', 'ops', 'version.ts'],
  'main.ts': ['cli'],
  'version.ts': [],
  'thread.ts': [],
};

describe('rooms', () => {
  test('every file is in a room', () => {
    expect(files.map(room).filter((name) => !Object.hasOwn(ROOMS, name))).toEqual([]);
  });

  test.each(Object.entries(ROOMS))('%s imports what it may', (name, allowed) => {
    const found = inside.filter(({ from, to, kind }) => {
      if (room(from) !== name || room(to) === name || room(to) === 'text') return false;
      // the console is the one thing that is loaded when it is asked for
      if (name === 'cli' && to === 'ui/start.ts' && kind === 'dynamic') return false;
      return !allowed.includes(room(to));
    });
    expect(shown(found)).toEqual([]);
  });

  test('no file needs itself by way of others, not even for types', () => {
    expect(source.fileKnots()).toEqual([]);
  });

  test('what lies in one folder needs each other one way only, at every depth', () => {
    expect(source.folderKnots()).toEqual([]);
  });

  test('every relative import leads to a file', () => {
    const found = imports.filter(({ to }) => /\.tsx?$/.test(to) && !files.includes(to));
    expect(shown(found)).toEqual([]);
  });
});

describe('what is planted is found', () => {
  test('a circle of values between two folders, at any depth', () => {
    const deep = source.with(
      ['ops/migrate/sql/lint/planted.ts', "import { steps } from '../../run/steps.ts';"],
      ['ops/migrate/run/planted.ts', "export { rule } from '../sql/lint/planted.ts';"],
    );
    expect(deep.folderKnots()).toMatchObject([
      { folder: 'ops/migrate', members: expect.arrayContaining(['run', 'sql']) },
    ]);
    const between = source.with(['db/planted.ts', "import { bytes } from '../monitor/clock.ts';"]);
    expect(between.folderKnots()).toMatchObject([
      { folder: 'src', members: expect.arrayContaining(['db', 'monitor']) },
    ]);
    const types = source.with(['ops/migrate/sql/planted.ts', "import type { Step } from '../run/steps.ts';"]);
    expect(types.folderKnots()).toEqual([]);
  });

  test('a circle of files for their types', () => {
    const found = source
      .with(
        ['ops/one.ts', "import type { Two } from './two.ts';"],
        ['ops/two.ts', "import type { One } from './one.ts';"],
      )
      .fileKnots();
    expect(found).toMatchObject([{ members: ['ops/one.ts', 'ops/two.ts'] }]);
  });

  test.each([
    'export const HELD = new Map<string, number>();',
    'const seen = new WeakSet<object>();',
    'let last: string | undefined;',
    'const known: string[] = [];',
    'export const state = {} as Record<string, string>;',
  ])('state in a module of the console: %s', (content) => {
    expect(new Source(new Map([['app/planted.tsx', content]])).moduleState('app/')).toHaveLength(1);
  });
});

describe('machine access', () => {
  const planted = (file: string, content: string) => new Source(new Map([[file, content]]));

  test('what works where a host is reaches for nothing of this machine but through it', () => {
    expect(reachesForMachine(source)).toEqual([]);
  });

  test.each([
    [`import { readFile } from 'node:fs/promises';`, 'node:fs'],
    [`import { existsSync, type Stats } from 'fs';`, 'fs'],
    [`import { tmpdir } from 'node:os';`, 'node:os'],
    [`import { local } from '../../hosts/local.ts';`, 'hosts/local.ts'],
    [`const { statSync } = await import('node:fs');`, 'node:fs'],
    [`export const path = (env: Env) => env.PATH ?? process.env.PATH;`, 'process.env'],
    [`if (process['platform'] === 'win32') stop();`, `process['platform']`],
    [`const { cwd } = process;`, '{ cwd } = process'],
    [`const here = globalThis.process;`, 'globalThis.process'],
    [`import { join, resolve } from 'node:path';\nconst base = resolve(dir);`, 'resolve(dir)'],
  ])('is seen in %j', (content, what) => {
    expect(reachesForMachine(planted('ops/backup/planted.ts', content))).toEqual([
      `ops/backup/planted.ts: ${what}`,
    ]);
    expect(reachesForMachine(planted('ops/programs/planted.ts', content))).toHaveLength(1);
    expect(reachesForMachine(planted('ops/repository/planted.ts', content))).toEqual([]);
  });

  test.each([
    `import type { Stats } from 'node:fs';`,
    `import { resolve } from 'node:path';\nconst base = resolve(root, dir);`,
    `const one = { process: 1 }.process; // by process.env`,
    `const { resolve } = host.files;\nconst base = resolve(dir);`,
  ])('is not seen in %j', (content) => {
    expect(reachesForMachine(planted('ops/backup/planted.ts', content))).toEqual([]);
  });
});

describe('keys', () => {
  const planted = (content: string) => namesKeys(new Source(new Map([['app/planted.tsx', content]])));

  test('a text of the console names the key that an action is on, and none by itself', () => {
    expect(namesKeys(source)).toEqual([]);
  });

  test.each([
    `deck.say('Esc goes back.');`,
    `const told = \`\${left} to go; ^C stops\`;`,
    `const undo = \`u undoes it (\${end.undo}); \`;`,
    `const all = span('  Space unfolds one, o all', 'muted');`,
    `const answer = '   y runs it, n or Enter does not';`,
    `const log = 'It is in the message log (L).';`,
    'const bar = <Text>q quits.</Text>;',
  ])('is seen in %j', (content) => {
    expect(planted(content)).toHaveLength(1);
  });

  test.each([
    `deck.say(\`\${keyOr(deck, 'field.escape')} goes back.\`);`,
    `action('back', 'quit', 'esc ^C', 'One level back', back);`,
    `const most = 'I has 3 steps, a table of 7 rows';`,
  ])('is not seen in %j', (content) => {
    expect(planted(content)).toEqual([]);
  });
});

describe('order', () => {
  test('only the output and the console write to stdout', () => {
    const allowed = new Set(['cli/output.ts', 'ui/start.ts', 'package/main.ts']);
    const writes = /process\.stdout\.write|\bconsole\.(log|info|debug|table)\b/;
    expect(files.filter((file) => !allowed.has(file) && writes.test(text.get(file) ?? ''))).toEqual([]);
  });

  test('errors of operations are told in the errors.ts of their room, and nowhere else', () => {
    const makes = /\bnew OpError\(|\bdefineErrors\b/;
    const found = files.filter((file) => file !== 'ops/error.ts' && makes.test(text.get(file) ?? ''));
    expect(found.filter((file) => !file.endsWith('/errors.ts'))).toEqual([]);
  });

  test('what the console holds is in its store, and in no variable of a module', () => {
    // computed from what does not change, and kept beside it
    const caches = new Set([
      'app/views/indexes.ts',
      'app/views/locks/entries.ts',
      'app/views/statements.ts',
      'app/views/table-rows.ts',
      'app/wizard/form.ts',
    ]);
    const found = source.moduleState('app/').filter((name) => !caches.has(name.split(':')[0] ?? ''));
    expect(found).toEqual([]);
  });

  test('a file has at most 300 lines', () => {
    const long = files.map((file) => `${file}: ${(text.get(file) ?? '').trimEnd().split('\n').length}`);
    expect(long.filter((line) => Number(line.split(': ')[1]) > 300)).toEqual([]);
  });
});

describe('tests', () => {
  /** Where what belongs to no one file is played through; `majors` with servers of every version. */
  const SCENARIOS = /^(scenarios|e2e|majors)\//;
  /** About the repository as a whole. */
  const WHOLE: readonly string[] = ['architecture', 'build', 'readme'];
  const here = fileURLToPath(new URL('.', import.meta.url));
  const tests = readdirSync(here, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => /\.test\.tsx?$/.test(file));
  /** Those that are beside no file of their path, in the source or among the helpers of tests. */
  const astray = (names: readonly string[]) =>
    names.filter((file) => {
      const path = file.replace(/\.test\.tsx?$/, '');
      if (SCENARIOS.test(file) || WHOLE.includes(path)) return false;
      return ![`${path}.ts`, `${path}.tsx`].some(
        (beside) => files.includes(beside) || existsSync(join(here, beside)),
      );
    });

  test('the test of a file is found by its path, and what is of no one file is a scenario', () => {
    expect(tests.length).toBeGreaterThan(200);
    expect(astray(tests)).toEqual([]);
    const planted = ['db/planted.test.ts', 'ui/App.test.tsx', 'scenarios/db/planted.test.ts'];
    expect(astray(planted)).toEqual(['db/planted.test.ts']);
  });

  test('the slow ones that are named are there', () => {
    const config = readFileSync(join(here, '../vitest.config.ts'), 'utf8');
    const named = [...config.matchAll(/'test\/(.*\.test\.ts)'/g)].map(([, pattern = '']) => pattern);
    const single = named.flatMap((pattern) => {
      const [, before = '', choice, after = ''] = /^(.*?)(?:\{(.*)\}(.*))?$/.exec(pattern) ?? [];
      return choice === undefined ? [before] : choice.split(',').map((one) => `${before}${one}${after}`);
    });
    expect(single.length).toBeGreaterThan(10);
    expect(single.filter((file) => !file.includes('*') && !tests.includes(file))).toEqual([]);
  });
});

describe('without the console', () => {
  const env = cleanEnvironment(temporaryDirectory());
  // tells every module that is loaded, on stderr
  const hook = `data:text/javascript,${encodeURIComponent(
    'import{registerHooks}from"node:module";import{writeSync}from"node:fs";registerHooks({load(u,c,n){writeSync(2,"LOADED "+u+"\\n");return n(u,c)}})',
  )}`;
  const loadedBy = async (...args: string[]) => {
    const { code, stderr } = await pgdeck(args, env, ['--import', hook]);
    return { code, loaded: stderr.match(/(?<=^LOADED ).*$/gm) ?? [] };
  };

  test.each([
    [['--version'], 0],
    [['--help'], 0],
    [['profile', 'list'], 0],
    [['show', '--help'], 0],
    [['backup', '--help'], 0],
    [['backup', '--plan', '-h', '/nowhere'], 3],
    [['profile', 'test', '-h', '/nowhere'], 3],
    [['--once', '-h', '/nowhere'], 3],
  ])('%j loads no ink and no react', async (args, expected) => {
    const { code, loaded } = await loadedBy(...args);
    expect(code).toBe(expected);
    // the hook works at all
    expect(loaded.some((url) => url.endsWith('/src/cli/program.ts'))).toBe(true);
    expect(loaded.filter((url) => /\/node_modules\/(ink|react|yoga)[^/]*\/|\/src\/ui\//.test(url))).toEqual(
      [],
    );
  });

  test('what restore can restore is completed without the driver and without the operation', async () => {
    const { code, loaded } = await loadedBy('complete', '--', 'restore', '');
    expect(code).toBe(0);
    expect(loaded.some((url) => url.endsWith('/src/ops/repository/repository.ts'))).toBe(true);
    expect(loaded.filter((url) => /\/node_modules\/(pg|execa)\/|\/src\/ops\/restore\//.test(url))).toEqual(
      [],
    );
  });

  test.each([[['--version']], [['--help']]])('%j loads no driver and no schemas', async (args) => {
    const { loaded } = await loadedBy(...args);
    expect(loaded.filter((url) => /\/node_modules\/(pg|zod|conf|string-width)\//.test(url))).toEqual([]);
  });
});
