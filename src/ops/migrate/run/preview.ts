import { withValues } from '../../../db/literal.ts';
import type { Patience } from '../../maintain/shared/retry.ts';
import { lockTimeoutSql } from '../../maintain/shared/statement.ts';
import type { Ledger } from '../history/history.ts';
import type { Command } from '../history/rows.ts';
import type { Section } from '../sql/statement.ts';
import { type DirectedMigration, fileOf, inOwnTransaction, sectionOf, waitOf } from './apply.ts';

/** Who does it and how long it takes is not known before. */
const LATER = { run: '<run>', ms: Number.NaN };

/** Statements of the history as they are sent, with what their parameters stand for. */
export function shownCommands(list: readonly Command[]): string[] {
  return list.map(({ text, params }) => withValues(text, params));
}

export function finishShown(ledger: Ledger, { migration, direction }: DirectedMigration): string[] {
  return shownCommands(ledger.finish(migration, direction, LATER.ms, LATER));
}

/** What one migration sends. */
export function previewOf(ledger: Ledger, move: DirectedMigration, patience: Patience): string {
  const section = sectionOf(move);
  const file = `-- ${fileOf(move)}`;
  const history = ['-- the history', ...finishShown(ledger, move)];
  if (section.transactional && !move.done)
    return [
      ...[file, 'BEGIN;', `${lockTimeoutSql(patience.lockTimeout, 'LOCAL ')};`],
      // its own would end the transaction before the history is written
      ...section.statements.map((statement) => `${statement.sql};`),
      ...[...history, 'COMMIT;'],
    ].join('\n');
  return [
    file,
    '-- the history: begun',
    ...shownCommands(ledger.begin(move.migration, move.direction, LATER, move.done ?? 0)),
    ...oneByOne(section, patience, move.done ?? 0),
    '-- the history, after each of these',
    ...shownCommands([ledger.progress(move.migration, Number.NaN)]),
    ...history,
  ].join('\n');
}

/** The statements with the time that each waits for a lock, where that changes. */
function oneByOne({ statements }: Section, patience: Patience, done: number): string[] {
  const owned = inOwnTransaction(statements);
  let before: string | undefined;
  return statements.flatMap((statement, index) => {
    if (index < done) return [];
    const wait = waitOf(statement, patience);
    if (owned[index] !== true && statement.alone === undefined) {
      before = undefined;
      return ['BEGIN;', `${lockTimeoutSql(wait, 'LOCAL ')};`, `${statement.sql};`, 'COMMIT;'];
    }
    const set = `${lockTimeoutSql(wait)};`;
    const same = set === before;
    before = set;
    return [...(same ? [] : [set]), `${statement.sql};`];
  });
}
