import ts from 'typescript';
import type { Source } from './source.ts';

/**
 * What is by nature of the machine that pgdeck runs on: the journal, the repository and what copies it elsewhere, secrets,
 * locks, a file of SQLite.
 */
const OURS = ['engine', 'files', 'archive', 'repository', 'remote', 'import/source'].map(
  (layer) => `ops/${layer}/`,
);

/** Modules that know the machine that pgdeck runs on. */
const MACHINE = /^(node:)?(fs|os|process)$|^hosts\/(local|machine|files|workspace|environment)\.ts$/;

/** What of `ops` reaches for this machine, though it works where a host is. */
export function reachesForMachine(source: Source): string[] {
  return [...source.text].flatMap(([file, content]) => {
    if (!file.startsWith('ops/') || OURS.some((layer) => file.startsWith(layer))) return [];
    const modules = source
      .importsOf(file)
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
