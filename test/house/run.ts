import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RolldownOptions, rolldown } from 'rolldown';
import { THRESHOLDS } from '../../src/config/thresholds.ts';
import { paths } from './paths.ts';
import { type Knot, Source } from './source.ts';

/*
 * The source in figures: what needs each other in a circle, and how many files run for what a person does, by V8's counts.
 *
 *   npm run house [-- [DIRECTORY] [list]]     of another checkout; with the files that run
 */

const HERE = fileURLToPath(new URL('../../', import.meta.url));
const args = process.argv.slice(2);
const list = args.includes('list');
const root = resolve(args.find((arg) => arg !== 'list') ?? HERE);

/** The program, a file for each file of src. */
async function build(directory: string): Promise<string> {
  const { default: config } = (await import(join(root, 'rolldown.config.mjs'))) as {
    default: RolldownOptions & { output: object };
  };
  const bundle = await rolldown({ ...config, cwd: root, logLevel: 'silent' });
  await bundle.write({
    ...config.output,
    dir: directory,
    preserveModules: true,
    preserveModulesRoot: root,
    minify: false,
  });
  await bundle.close();
  return join(directory, 'main.js');
}

const row = (what: string, figure: string | number) => console.log(`${what.padEnd(66)} ${figure}`);
const sizes = (knots: readonly Knot[]) =>
  knots.length === 0
    ? 'none'
    : `${knots.length}, of ${knots.map(({ members }) => members.length).join(', ')}`;

const source = Source.in(join(root, 'src'));
const lines = [...source.text.values()].reduce((sum, text) => sum + text.split('\n').length - 1, 0);
row('files of src', source.files.length);
row('lines', lines);
row('circles of values between neighbours in a folder', sizes(source.folderKnots()));
row('circles of values between folders, wherever they lie', sizes(source.roomKnots()));
row('circles of files, types counted', sizes(source.fileKnots()));
row('variables of modules of app that change', source.moduleState('app/').length);
row('files that begin a record in the journal', source.files.filter(begins).length);

const named = Object.keys(THRESHOLDS).map(
  (id) => [...source.text.values()].filter((text) => new RegExp(`\\b${id}\\b`).test(text)).length,
);
row('files that name a threshold, fewest and most', `${Math.min(...named)}, ${Math.max(...named)}`);

function begins(file: string): boolean {
  return /\bJournal\.begin\(/.test(source.text.get(file) ?? '');
}

const home = await mkdtemp(join(tmpdir(), 'pgdeck-house-'));
try {
  for (const { what, files, own } of await paths(await build(join(home, 'built')), home)) {
    row(what, own === undefined ? files.length : `${files.length}, ${own.length} of them its own`);
    for (const file of list ? files : [])
      console.log(`  ${own?.includes(file) === false ? ' ' : '*'} ${file}`);
  }
} finally {
  await rm(home, { recursive: true, force: true });
}
