import type { Finding, Remedy } from '../health/finding.ts';
import { commandWords } from '../ops/engine/fields.ts';
import type { AnyOperation } from '../ops/engine/operation.ts';
import { entryOf } from '../ops/registry.ts';

/** A remedy in one line: the SQL, the command of the operation with what is filled in, or what a person has to do. */
export async function sayRemedies({
  findings,
}: {
  readonly findings: readonly Pick<Finding, 'remedy'>[];
}): Promise<(remedy: Remedy) => string> {
  const names = new Set(findings.flatMap(({ remedy }) => ('operation' in remedy ? remedy.operation : [])));
  const loaded = await Promise.all(
    [...names].map(
      async (name): Promise<[string, AnyOperation | undefined]> => [name, await entryOf(name)?.load()],
    ),
  );
  const operations = new Map(loaded);
  return (remedy) => {
    if ('sql' in remedy) return remedy.sql;
    if ('advice' in remedy) return remedy.advice;
    const operation = operations.get(remedy.operation);
    if (operation === undefined) throw new Error(`a remedy names ${remedy.operation}, which is no operation`);
    return ['pgdeck', ...commandWords(operation, remedy.input)].join(' ');
  };
}
