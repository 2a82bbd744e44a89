import type { SchemaObject } from '../../format.ts';
import { keyOfName, partsOfName, quoted } from '../names.ts';
import { type Addition, addition } from '../statement.ts';
import { type Sides, text } from '../structure.ts';
import { commentOf } from './comment.ts';

/** It begins where the expected one began, also where rows hold such numbers already. */
export function makeSequence(sequence: SchemaObject, sides: Sides): Addition[] {
  const name = quoted(sequence.name);
  const number = (word: string, key: string) => `${word} ${text(sequence, key) ?? ''}`;
  const sql = [
    `CREATE ${sequence.attributes.unlogged === true ? 'UNLOGGED ' : ''}SEQUENCE ${name}`,
    `AS ${text(sequence, 'type') ?? 'bigint'}`,
    number('INCREMENT BY', 'increment'),
    number('MINVALUE', 'minimum'),
    number('MAXVALUE', 'maximum'),
    number('START WITH', 'start'),
    number('CACHE', 'cache'),
    ...(sequence.attributes.cycle === true ? ['CYCLE'] : []),
  ].join(' ');
  const owner = ownedBy(sequence, sides);
  return [
    addition(sequence, 'sequence', [{ sql, back: `DROP SEQUENCE ${name}` }, ...commentOf(sequence)]),
    ...(owner === undefined ? [] : [owner]),
  ];
}

/** The column comes after it, whose default takes from it. */
export function ownedBy(sequence: SchemaObject, { actual }: Sides): Addition | undefined {
  const owner = partsOfName(text(sequence, 'owned_by') ?? '');
  if (owner === undefined) return undefined;
  const there = actual.of('sequence', sequence.name) !== undefined;
  const name = quoted(sequence.name);
  return addition(
    sequence,
    'key',
    [
      {
        sql: `ALTER SEQUENCE ${name} OWNED BY ${quoted(owner)}`,
        back: `ALTER SEQUENCE ${name} OWNED BY NONE`,
      },
    ],
    // who has taken a number keeps it waiting until the end of their transaction
    there ? { on: sequence.name, lock: 'ShareRowExclusiveLock' } : {},
  );
}

/** Whether two names are of the same. */
export function sameName(a: readonly string[], b: readonly string[]): boolean {
  return keyOfName(a) === keyOfName(b);
}
