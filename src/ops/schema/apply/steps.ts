import { createHash } from 'node:crypto';
import { quoteRelation } from '../../../db/ident.ts';
import { lockModeName } from '../../../db/lock-modes.ts';
import { shellWord } from '../../../text/shell.ts';
import { plural } from '../../../text/units.ts';
import type { Step, StepIo } from '../../engine/plan.ts';
import { lockTimeoutSql } from '../../maintain/shared/statement.ts';
import { issuesOf } from '../check/report.ts';
import type { Expected } from '../expected/expected.ts';
import { type FeltLock, locksOf } from '../fix/locks.ts';
import { type SchemaSnapshot, snapshotText } from '../format.ts';
import { takeSchemaSnapshot } from '../snapshot.ts';
import { carryOut, takeBack } from './carry-out.ts';
import { fixErrors } from './errors.ts';
import { type Shared, TAKE_BACK, type Work } from './shared.ts';

/** What a structure is told apart by. */
export function structureHash(snapshot: SchemaSnapshot): string {
  return createHash('sha256').update(snapshotText(snapshot)).digest('hex');
}

/** Of a hash, what a person reads. */
export const shortHash = (hash: string): string => hash.slice(0, 12);

/** Refuses where the structure is not the one that the plan was made for. */
export function sameStep({ sessions, context }: Shared, planned: string): Step {
  return {
    id: 'same',
    title: 'Look whether the structure is as it was planned for',
    preview: `its hash is ${shortHash(planned)}`,
    effect: 'reads only',
    run: async (io) => {
      const now = structureHash(await takeSchemaSnapshot(await sessions.watcher(io)));
      const { database } = context.target;
      if (now !== planned)
        throw fixErrors.changed({ database, now: shortHash(now), planned: shortHash(planned) });
    },
  };
}

/** One addition; the others go on where it fails. */
export function workStep(shared: Shared, work: Work): Step {
  const { addition, id, title } = work;
  const { statements, alone, note } = addition;
  const sql = statements.map((statement) => `${statement.sql};`).join('\n');
  const longest = statements[0]?.sql.includes(' CONCURRENTLY ') === true;
  const timeout = lockTimeoutSql(longest ? 0 : shared.patience.lockTimeout);
  const locks = locksOf(addition, shared.sides.actual).map(lockText);
  const back = statements.flatMap((statement) => statement.back ?? []).at(0);
  return {
    id,
    title,
    preview: `${timeout};\n${alone ? sql : `BEGIN;\n${sql}\nCOMMIT;`}`,
    effect: [
      locks.length === 0 ? 'no lock on what is there' : locks.join(', '),
      ...(note === undefined ? [] : [note]),
      ...(back === undefined ? [] : [`to take it back: ${back}`]),
    ].join('; '),
    independent: true,
    ...(alone ? {} : { atomic: true }),
    run: (io) => carryOut(io, shared, work),
    ...(longest && { rollback: (io: StepIo) => takeBack(io, shared, id) }),
  };
}

/** `SHARE ROW EXCLUSIVE on "app"."orders"`. */
function lockText({ lock, on, below }: FeltLock): string {
  const relation = quoteRelation({ schema: on[0] ?? '', name: on[1] ?? '' });
  const others = below.length === 0 ? '' : ` and ${plural(below.length, 'table')} below it`;
  return `${lockModeName(lock)} on ${relation}${others}`;
}

/** What needed others that came later. */
export function againStep(shared: Shared): Step {
  return {
    id: 'again',
    title: 'Try again what needed something that came later',
    preview: 'the statements that failed for want of a name',
    effect: 'as before',
    independent: true,
    run: async (io) => {
      for (let left = shared.progress.again.splice(0); left.length > 0; ) {
        const before = left.length;
        for (const work of left) await carryOut(io, shared, work);
        left = shared.progress.again.splice(0);
        if (left.length < before) continue;
        // nothing has moved: each says why
        const errors: unknown[] = [];
        for (const work of left)
          await carryOut(io, shared, work, true).catch((error: unknown) => errors.push(error));
        if (errors.length > 0) throw errors[0];
        return;
      }
    },
  };
}

/** What remains of what was found. */
export interface After {
  left: readonly string[] | undefined;
}

/** Compares again: whatever is not as expected, and more than what nobody asked for, is told and counts as failure. */
export function checkStep(
  shared: Shared,
  expected: Pick<Expected, 'snapshot' | 'partial' | 'critical'>,
  against: string,
  after: After,
): Step {
  const { sessions, progress } = shared;
  return {
    id: 'check',
    title: 'Check again',
    preview: 'the structure is taken down and compared again',
    effect: 'reads only',
    late: true,
    run: async (io) => {
      const back = progress.done
        .toReversed()
        .flatMap(({ addition, title }) =>
          addition.statements
            .toReversed()
            .flatMap((statement) => (statement.back === undefined ? [] : [[title, `${statement.back};`]])),
        );
      if (back.length > 0)
        io.result({
          title: TAKE_BACK,
          columns: ['what', 'statement'],
          rows: back,
        });
      const now = await takeSchemaSnapshot(await sessions.watcher(io));
      const issues = issuesOf(now, expected.snapshot, expected).filter(({ severity }) => severity !== 'info');
      after.left = issues.map(({ id }) => id);
      if (issues.length === 0) return io.line('Everything is as expected.');
      io.result({
        title: 'What remains',
        columns: ['severity', 'issue', 'who', 'statements'],
        rows: issues.map(({ severity, id, fixable, fixSql }) => [
          severity,
          id,
          fixable ? 'pgdeck' : 'a person',
          fixSql.join('; '),
        ]),
      });
      throw fixErrors.remains({
        issues: after.left,
        fixable: issues.filter(({ fixable }) => fixable).length,
        against: shellWord(against),
      });
    },
  };
}
