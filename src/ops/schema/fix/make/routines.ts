import { pathOf, type SchemaObject } from '../../format.ts';
import { type Addition, addition } from '../statement.ts';
import { text } from '../structure.ts';
import { commentOf } from './comment.ts';

const PARALLEL: Readonly<Record<string, string>> = { s: 'SAFE', r: 'RESTRICTED', u: 'UNSAFE' };

/** A function or a procedure as the server wrote it; OR REPLACE would change one that is there. */
export function makeFunction(routine: SchemaObject): Addition[] | undefined {
  const definition = text(routine, 'definition') ?? '';
  if (!/^CREATE OR REPLACE (FUNCTION|PROCEDURE) /.test(definition)) return undefined;
  const sql = definition
    .replace(/^CREATE OR REPLACE /, 'CREATE ')
    .trimEnd()
    .replace(/;$/, '');
  return made(routine, sql);
}

/** What the snapshot tells of an aggregate is not all for every kind: those of ordered sets and windows are by hand. */
export function makeAggregate(aggregate: SchemaObject): Addition[] | undefined {
  const definition = text(aggregate, 'definition') ?? '';
  if (/\b(ORDERED SET|HYPOTHETICAL)\b|\b(MSFUNC|SORTOP) = /.test(definition)) return undefined;
  const options = definition.replace(/PARALLEL = ([sru])$/, (_, p: string) => `PARALLEL = ${PARALLEL[p]}`);
  return made(aggregate, `CREATE AGGREGATE ${pathOf(aggregate)} (${options})`);
}

function made(routine: SchemaObject, sql: string): Addition[] {
  const back = `DROP ${routine.kind.toUpperCase()} ${pathOf(routine)}`;
  return [addition(routine, 'function', [{ sql, back }, ...commentOf(routine)])];
}
