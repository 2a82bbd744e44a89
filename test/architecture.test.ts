import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { cleanEnvironment, pgdeck, temporaryDirectory } from './support/program.ts';

const ROOT = fileURLToPath(new URL('../src', import.meta.url));

interface Import {
  readonly from: string;
  /** A path below src, or the name of a package. */
  readonly to: string;
  readonly kind: 'static' | 'type' | 'dynamic';
}

const entries = readdirSync(ROOT, { recursive: true, withFileTypes: true });
const files = entries
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'));
const text = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
const imports = files.flatMap((file) => importsOf(file, text.get(file)));

function importsOf(file: string, content = ''): Import[] {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, false, ts.ScriptKind.TSX);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: Import['kind']) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const to = specifier.text.startsWith('.')
      ? join(dirname(file), specifier.text).split(sep).join('/')
      : specifier.text.replace(/^((?:@[^/]+\/)?[^/]+).*/, '$1');
    found.push({ from: file, to, kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const onlyTypes =
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (clause?.name === undefined &&
          named !== undefined &&
          ts.isNamedImports(named) &&
          named.elements.every((element) => element.isTypeOnly));
      add(node.moduleSpecifier, onlyTypes ? 'type' : 'static');
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], 'dynamic');
    else if (ts.isCallExpression(node) && node.expression.getText(source) === 'require')
      add(node.arguments[0], 'static');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The variables of a module that are there to be changed: reassigned, or empty until something is put in. */
function variablesOf(file: string): string[] {
  const source = ts.createSourceFile(file, text.get(file) ?? '', ts.ScriptTarget.Latest, false);
  return source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList: list }) => {
    const constant = (list.flags & ts.NodeFlags.Const) !== 0;
    return list.declarations
      .filter(({ initializer }) => !constant || isEmpty(initializer))
      .map(({ name }) => name.getText(source));
  });
}

function isEmpty(node: ts.Expression | undefined): boolean {
  if (node === undefined) return true;
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return isEmpty(node.expression);
  if (ts.isNewExpression(node)) return (node.arguments ?? []).length === 0;
  if (ts.isArrayLiteralExpression(node)) return node.elements.length === 0;
  return ts.isObjectLiteralExpression(node) && node.properties.length === 0;
}

/** What is by nature of the machine that pgdeck runs on: the journal, the repository, secrets, locks. */
const OURS = ['engine', 'files', 'archive', 'repository'].map((layer) => `ops/${layer}/`);

/** Modules that know the machine that pgdeck runs on. */
const MACHINE = /^(node:)?(fs|os|process)$|^hosts\/(local|machine|files|workspace|environment)\.ts$/;

/** What of `ops` reaches for this machine, though it works where a host is. */
function reachesForMachine(sources: Iterable<readonly [file: string, content: string]>): string[] {
  return [...sources].flatMap(([file, content]) => {
    if (!file.startsWith('ops/') || OURS.some((layer) => file.startsWith(layer))) return [];
    const modules = importsOf(file, content)
      .filter(({ to, kind }) => MACHINE.test(to) && kind !== 'type')
      .map(({ to }) => to);
    return [...modules, ...globalsOf(file, content)].map((what) => `${file}: ${what}`);
  });
}

/** Where the object `process` is read, and paths that begin in its working directory. */
function globalsOf(file: string, content: string): string[] {
  if (!/\bprocess\b|\bresolve\b/.test(content)) return [];
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
  const fromPath = /\{[^}]*\bresolve\b[^}]*\} from 'node:path'/.test(content);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === 'process' && isGlobal(node)) found.push(node.parent.getText());
    // with one argument it asks for the working directory
    if (fromPath && ts.isCallExpression(node) && node.arguments.length === 1)
      if (node.expression.getText() === 'resolve') found.push(node.getText());
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** No name of something else's property. */
function isGlobal(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node)
    return parent.expression.getText() === 'globalThis';
  return !(ts.isPropertyAssignment(parent) && parent.name === node);
}

const room = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : file);
const shown = (found: readonly Import[]) => found.map(({ from, to }) => `${from} -> ${to}`);

describe('packages', () => {
  test.each([
    ['pg', ['db/client.ts']],
    ['pg-copy-streams', ['db/']],
    ['execa', ['hosts/']],
    ['node:child_process', ['hosts/']],
    ['ink', ['ui/']],
    ['react', ['ui/']],
    ['ink-spinner', ['ui/']],
    ['ink-table', ['ui/']],
    ['conf', ['config/store.ts']],
    ['commander', ['cli/']],
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
  monitor: ['db', 'config'],
  health: ['db', 'config', 'monitor'],
  ops: ['db', 'config', 'hosts', 'version.ts'],
  demo: ['db', 'config', 'hosts'],
  app: ['db', 'config', 'monitor', 'health', 'ops', 'hosts'],
  ui: ['db', 'config', 'monitor', 'health', 'ops', 'hosts', 'app', 'demo'],
  cli: ['db', 'config', 'monitor', 'health', 'ops', 'hosts', 'app', 'demo', 'version.ts'],
  'main.ts': ['cli'],
  'version.ts': [],
};

describe('rooms', () => {
  const inside = imports.filter(({ to }) => files.includes(to));

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

  test('no room needs a room that needs it', () => {
    const edges = new Map<string, Set<string>>();
    for (const { from, to, kind } of inside)
      if (room(from) !== room(to) && kind !== 'dynamic')
        edges.set(room(from), (edges.get(room(from)) ?? new Set()).add(room(to)));
    expect(cycle(edges)).toBeUndefined();
  });

  test('no file needs itself by way of others', () => {
    const edges = new Map<string, Set<string>>();
    for (const { from, to, kind } of inside)
      if (kind === 'static') edges.set(from, (edges.get(from) ?? new Set()).add(to));
    expect(cycle(edges)).toBeUndefined();
  });

  test('what lies in one folder needs each other one way only, at every depth', () => {
    const knots: string[] = [];
    const folders = new Set(files.flatMap((file) => foldersOf(file)));
    for (const folder of folders) {
      const edges = new Map<string, Set<string>>();
      for (const { from, to, kind } of inside) {
        const [a, b] = [childOf(folder, from), childOf(folder, to)];
        if (kind === 'static' && a !== undefined && b !== undefined && a !== b)
          edges.set(a, (edges.get(a) ?? new Set()).add(b));
      }
      const found = cycle(edges);
      if (found !== undefined) knots.push(`${folder === '' ? 'src' : folder}: ${found}`);
    }
    expect(knots).toEqual([]);
  });

  test('every relative import leads to a file', () => {
    const found = imports.filter(({ to }) => /\.tsx?$/.test(to) && !files.includes(to));
    expect(shown(found)).toEqual([]);
  });
});

/** Every folder that a file lies in, `` for the top. */
function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return ['', ...parts.map((_, at) => parts.slice(0, at + 1).join('/'))];
}

/** The file or folder directly in `folder` that leads to a file; undefined for a file elsewhere. */
function childOf(folder: string, file: string): string | undefined {
  if (folder === '') return file.split('/')[0];
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1).split('/')[0] : undefined;
}

/** The first circle in the graph, for the message. */
function cycle(edges: ReadonlyMap<string, ReadonlySet<string>>): string | undefined {
  const done = new Set<string>();
  const walk = (node: string, path: readonly string[]): string | undefined => {
    const seen = path.indexOf(node);
    if (seen >= 0) return [...path.slice(seen), node].join(' -> ');
    if (done.has(node)) return undefined;
    for (const next of edges.get(node) ?? []) {
      const found = walk(next, [...path, node]);
      if (found !== undefined) return found;
    }
    done.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const found = walk(node, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

describe('machine access', () => {
  test('what works where a host is reaches for nothing of this machine but through it', () => {
    expect(reachesForMachine(text)).toEqual([]);
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
    expect(reachesForMachine([['ops/backup/planted.ts', content]])).toEqual([
      `ops/backup/planted.ts: ${what}`,
    ]);
    expect(reachesForMachine([['ops/programs/planted.ts', content]])).toHaveLength(1);
    expect(reachesForMachine([['ops/repository/planted.ts', content]])).toEqual([]);
  });

  test.each([
    `import type { Stats } from 'node:fs';`,
    `import { resolve } from 'node:path';\nconst base = resolve(root, dir);`,
    `const one = { process: 1 }.process; // by process.env`,
    `const { resolve } = host.files;\nconst base = resolve(dir);`,
  ])('is not seen in %j', (content) => {
    expect(reachesForMachine([['ops/backup/planted.ts', content]])).toEqual([]);
  });
});

describe('order', () => {
  test('only the output and the console write to stdout', () => {
    const allowed = new Set(['cli/output.ts', 'ui/start.ts']);
    const writes = /process\.stdout\.write|\bconsole\.(log|info|debug|table)\b/;
    expect(files.filter((file) => !allowed.has(file) && writes.test(text.get(file) ?? ''))).toEqual([]);
  });

  test('what the console holds is in its store, and in no variable of a module', () => {
    // computed from what does not change, and kept beside it
    const caches = new Set([
      'app/views/indexes.ts',
      'app/views/locks.ts',
      'app/views/statements.ts',
      'app/views/tables.ts',
      'app/wizard/form.ts',
    ]);
    const found = files.flatMap((file) =>
      file.startsWith('app/') && !caches.has(file) ? variablesOf(file).map((name) => `${file}: ${name}`) : [],
    );
    expect(found).toEqual([]);
  });

  test('a file has at most 300 lines', () => {
    const long = files.map((file) => `${file}: ${(text.get(file) ?? '').trimEnd().split('\n').length}`);
    expect(long.filter((line) => Number(line.split(': ')[1]) > 300)).toEqual([]);
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

  test.each([[['--version']], [['--help']]])('%j loads no driver and no schemas', async (args) => {
    const { loaded } = await loadedBy(...args);
    expect(loaded.filter((url) => /\/node_modules\/(pg|zod|conf|string-width)\//.test(url))).toEqual([]);
  });
});
