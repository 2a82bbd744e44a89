import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { bundled } from './support/bundled.ts';
import { cleanEnvironment } from './support/program.ts';

let directory: string;
let main: string;

beforeAll(async () => {
  directory = await bundled();
  main = join(directory, 'main.js');
});

const run = (command: string, ...args: string[]) =>
  spawnSync(command, args, { cwd: directory, env: cleanEnvironment(directory), encoding: 'utf8' });

test('the program runs on its own, as a command', () => {
  expect(statSync(main).mode & 0o111).toBe(0o111);
  expect(readFileSync(main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(run(process.execPath, main, '--version')).toMatchObject({
    stdout: `${version}\n`,
    stderr: '',
    status: 0,
  });
});

test('it connects, reads its settings and writes them', () => {
  const file = join(directory, 'settings.json');
  const profile = (...args: string[]) => run(process.execPath, main, 'profile', ...args, '--config', file);
  expect(profile('add', 'x', '-h', '/nowhere')).toMatchObject({ status: 0 });
  expect(profile('list').stdout).toContain('/nowhere');
  const { status, stderr } = profile('test', 'x');
  expect([status, stderr]).toEqual([3, expect.stringContaining('There is no socket at')]);
});

/** What is written, by the names of its files. */
const written = () =>
  new Map(
    readdirSync(directory)
      .filter((name) => name.endsWith('.js'))
      .map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );

/** What is loaded with the chunks of these names. */
function loadedWith(chunks: ReadonlyMap<string, string>, names: RegExp): ReadonlySet<string> {
  const reached = new Set<string>();
  const reach = (name: string) => {
    if (reached.has(name)) return;
    reached.add(name);
    for (const [, next = ''] of (chunks.get(name) ?? '').matchAll(
      /(?:from|import)\s*["'`]\.\/([^"'`]+)["'`]/g,
    ))
      reach(next);
  };
  for (const name of chunks.keys()) if (names.test(name)) reach(name);
  return reached;
}

test('before its first frame the console loads a few files: each that Node looks for costs time', () => {
  const chunks = written();
  const reached = loadedWith(chunks, /^(main|output|program|store|profile|with-route|start)\b/);
  expect(reached.size).toBeLessThan(30);
  // and what is shared by all commands brings nothing of the console
  const layers = (names: RegExp) =>
    [...loadedWith(chunks, names)].flatMap((name) => /^layer-(\w+)/.exec(name)?.[1] ?? []).sort();
  expect(layers(/^(main|output|program)\b/)).toEqual(['command']);
  expect(layers(/^(store|profile|with-route)\b/)).toEqual(['command', 'settings']);
});

test('what a script loads has no React in it', () => {
  const chunks = written();
  const reached = loadedWith(chunks, /^(main|program|profile|once|probe|store)\b/);
  const console = [...chunks.keys()].filter((name) => name.startsWith('start-'));
  expect(console).toHaveLength(1);
  expect(
    [...reached].filter((name) => /react\.(transitional\.)?element/.test(chunks.get(name) ?? '')),
  ).toEqual([]);
  expect(reached).not.toContain(console[0]);
});

test('what speaks with S3 is loaded when a bucket is opened, and by nothing else', () => {
  const chunks = written();
  const speaks = [...chunks].filter(([, text]) => /ListObjectsV2/.test(text)).map(([name]) => name);
  expect(speaks.length).toBeGreaterThan(0);
  const others = loadedWith(chunks, /^(?!s3-|dist-|event-streams-|loadSso|sso|signin|mount-)/);
  expect(speaks.filter((name) => others.has(name))).toEqual([]);
});

test('what encrypts is a chunk that needs no other: its thread loads nothing else', async () => {
  const chunks = written();
  const seals = [...chunks].filter(([, text]) => text.includes('age-encryption.org'));
  expect(seals).toHaveLength(1);
  const [name = '', text = ''] = seals[0] ?? [];
  expect(text).toContain('pgdeck-sealer');
  expect([...loadedWith(chunks, new RegExp(`^${name.replaceAll('.', '\\.')}$`))]).toEqual([name]);
  const script = `
    const { Readable } = await import('node:stream');
    const module = await import(${JSON.stringify(join(directory, name))});
    const Sealer = Object.values(module).find((one) => one?.prototype?.seal);
    const sealer = new Sealer();
    const recipients = ['age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'];
    let size = 0;
    for await (const part of sealer.seal(Readable.from([Buffer.alloc(100_000)]), { kind: 'encrypt', recipients }))
      size += part.length;
    await sealer.close();
    console.log(size > 100_000);`;
  const file = join(directory, '..', 'seal.mjs');
  writeFileSync(file, script);
  expect(run(process.execPath, file)).toMatchObject({
    stdout: 'true\n',
    stderr: '',
    status: 0,
  });
});

test('what asks an application whether it is well is there: only the layout engine does without fetch', () => {
  const text = [...written().values()].join('\n');
  // a name that was replaced by nothing
  expect(text.match(/.{40}\(void 0\)\(.{40}/g) ?? []).toEqual([]);
  expect(text.match(/await fetch\(\w+,\{(redirect|signal)/g)).toHaveLength(2);
});

test('an old Node is told so in one sentence, before anything else is loaded', () => {
  const fake = "Object.defineProperty(process.versions,'node',{value:'20.1.0'})";
  const { status, stdout, stderr } = run(
    process.execPath,
    '--import',
    `data:text/javascript,${encodeURIComponent(fake)}`,
    main,
    '--version',
  );
  expect([status, stdout]).toEqual([2, '']);
  expect(stderr).toBe('pgdeck needs Node.js 24 or newer, and this is 20.1.0.\n');
});
