import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { everyQuery } from '../../../db/queries/samples.ts';
import { Source } from '../../../house/source.ts';

const source = Source.in(fileURLToPath(new URL('../../../../src', import.meta.url)));

/** Whose rows stand whole in what `show` prints for scripts: there every column is read. */
const WHOLE =
  /^(activity\.list|locks\.tree|database\.stats|relations\.stats|statements\.counters|progress\.(?!gate).*|replication\..*|wal\.(stats|checkpoints|archiver|prepared))$/;

/** What a judgement of the query rests on, told so that it can be held against the server's own. */
const TOLD: readonly string[] = ['maintain.tables: freeze_max_age'];

/** What is read of something anywhere: `row.name`, `{ name }`, `row['name']`. */
function namesRead(): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [file, content] of source.text) {
    const root = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, false, ts.ScriptKind.TSX);
    const visit = (node: ts.Node): void => {
      if (ts.isPropertyAccessExpression(node)) found.add(node.name.text);
      if (ts.isBindingElement(node)) found.add((node.propertyName ?? node.name).getText(root));
      if (ts.isStringLiteral(node)) found.add(node.text);
      ts.forEachChild(node, visit);
    };
    visit(root);
  }
  return found;
}

test('every column that a query asks for is read somewhere', async () => {
  const read = namesRead();
  const columns = (await everyQuery()).flatMap(({ id, row }) =>
    row instanceof z.ZodObject && !WHOLE.test(id)
      ? Object.keys(row.shape).map((name) => [id, name] as const)
      : [],
  );
  expect(columns.length).toBeGreaterThan(300);
  const unread = columns.filter(([, name]) => !read.has(name)).map(([id, name]) => `${id}: ${name}`);
  expect(unread).toEqual(TOLD);
});
