import { quoteRelation } from '../../../db/ident.ts';
import { plural } from '../../../text/units.ts';
import type { Danger, StepIo } from '../../engine/plan.ts';
import type { Patience } from '../../maintain/shared/retry.ts';
import { lockTimeoutSql } from '../../maintain/shared/statement.ts';
import { migrateErrors } from '../errors.ts';
import type { Author, Ledger } from '../history/history.ts';
import type { InvalidIndex } from '../queries/leftovers.ts';
import {
  type Applying,
  apply,
  commands,
  type DirectedMigration,
  fileOf,
  send,
  settle,
  transaction,
  waitOf,
} from '../run/apply.ts';
import { previewOf, shownCommands } from '../run/preview.ts';
import { withRetries } from '../run/retry.ts';
import type { Statement } from '../sql/statement.ts';
import { type Diagnosis, examine } from '../verify/diagnose.ts';
import type { Defect } from './defects.ts';

/** What can be done about a defect. */
export const ACTIONS = ['finish', 'back', 'applied', 'pending', 'accept', 'forget', 'drop-index'] as const;
export type Action = (typeof ACTIONS)[number];

/** What a remedy works with. */
export type Mending = Omit<Applying, 'ledger' | 'io'> & { readonly io: StepIo };

/** One way to mend a defect. */
export interface Remedy {
  readonly action: Action;
  readonly title: string;
  readonly preview: string;
  readonly danger: Danger;
  /** Why it cannot be used; undefined when it can. */
  readonly obstacle?: string | undefined;
  run(work: Mending): Promise<void>;
}

/** The remedies there are, the best first. `from` is the first statement that is still to be run, counted from 1. */
export function remediesOf(
  entry: Defect,
  ledger: Ledger | undefined,
  from: number | undefined,
  patience: Patience,
): Remedy[] {
  if (entry.kind === 'index') return [dropIndex(entry.index)];
  if (ledger === undefined) return [];
  if (entry.kind === 'changed')
    return [
      mark('accept', `Take ${entry.migration.file} as it is now for what was applied`, 'confirm', () =>
        ledger.accept(entry.migration),
      ),
    ];
  if (entry.kind === 'missing_file')
    return [
      mark('forget', `Take ${entry.row.version} out of the history`, 'type-name', () =>
        ledger.forget(entry.row),
      ),
    ];
  return dirtyWays(entry.found, ledger, from, patience);
}

/** It waits as long as it has to: a timeout in its middle would leave it as it is. */
const DROP_WAIT = lockTimeoutSql(0);

const dropShown = (index: InvalidIndex): string => `${DROP_WAIT};\n${dropSql(index)};`;

const dropSql = (index: InvalidIndex): string => `DROP INDEX CONCURRENTLY IF EXISTS ${quoteRelation(index)}`;

function dropIndex(index: InvalidIndex): Remedy {
  return {
    action: 'drop-index',
    title: `Drop the INVALID index ${index.name}`,
    preview: dropShown(index),
    danger: 'confirm',
    run: ({ io, session }) => drop(io, session, index),
  };
}

async function drop(io: StepIo, session: Applying['session'], index: InvalidIndex): Promise<void> {
  await session.sql(DROP_WAIT);
  await session.sql(dropSql(index));
  io.line(`dropped ${index.schema}.${index.name}`);
  io.crashPoint('repair:dropped');
}

function mark(
  action: Action,
  title: string,
  danger: Danger,
  list: (author: Author) => ReturnType<Ledger['accept']>,
): Remedy {
  return {
    action,
    title,
    danger,
    preview: [
      '-- in the history only; nothing else is changed',
      ...shownCommands(list({ run: '<run>' })),
    ].join('\n'),
    run: async ({ io, session }) => {
      await transaction(session, () => commands(session, list(io)));
      io.crashPoint('repair:marked');
    },
  };
}

function dirtyWays(found: Diagnosis, ledger: Ledger, from: number | undefined, patience: Patience): Remedy[] {
  const { migration, direction } = found;
  const { version } = migration;
  const applied = mark('applied', `Mark ${version} as applied`, 'confirm', (io) =>
    direction === 'up' ? ledger.finish(migration, 'up', 0, io) : ledger.abandon(migration, 'down'),
  );
  const pending = mark('pending', `Mark ${version} as not applied`, 'confirm', (io) =>
    direction === 'up' ? ledger.abandon(migration, 'up') : ledger.finish(migration, 'down', 0, io),
  );
  return [finish(found, ledger, from, patience), back(found, ledger, patience), applied, pending];
}

/** Runs what is left of it. */
function finish(found: Diagnosis, ledger: Ledger, from: number | undefined, patience: Patience): Remedy {
  const { migration, direction, statements } = found;
  const seen = statements.findLastIndex(({ effect }) => effect === 'done') + 1;
  const done = from === undefined ? seen : from - 1;
  const next = statements[done];
  const unknown = from === undefined && next?.effect === 'unknown';
  const invalid = next?.effect === 'half' ? next.invalid : undefined;
  return {
    action: 'finish',
    title:
      next === undefined
        ? `Note that ${migration.version} is finished: every statement took effect`
        : `Finish ${migration.version}, from statement ${done + 1} of ${statements.length}`,
    preview: [
      ...(invalid ? [dropShown(invalid)] : []),
      previewOf(ledger, { migration, direction, done }, patience),
    ].join('\n'),
    danger: 'confirm',
    obstacle: unknown
      ? `The catalog does not say whether "${next.statement.title}" took effect. Look yourself, then continue from it with --from ${done + 1}, or from the next with --from ${done + 2}.`
      : from !== undefined && from > statements.length + 1
        ? `It has ${plural(statements.length, 'statement')} only.`
        : undefined,
    run: async (work) => {
      if (invalid !== undefined) await drop(work.io, work.session, invalid);
      await apply({ ...work, ledger }, { migration, direction, done });
    },
  };
}

/** Takes back what took effect, by the other way of the migration. */
function back(found: Diagnosis, ledger: Ledger, patience: Patience): Remedy {
  const { migration, direction, statements } = found;
  const opposite: DirectedMigration = { migration, direction: direction === 'up' ? 'down' : 'up' };
  const section = direction === 'up' ? migration.down : migration.up;
  const touched = statements.some(({ effect }) => effect === 'done' || effect === 'unknown');
  const halves = statements.flatMap(({ invalid }) => invalid ?? []);
  const needed = direction === 'down' || touched;
  const preview = needed
    ? (section?.statements ?? []).flatMap((one) => [`${waiting(one, patience)};`, `${one.sql};`])
    : halves.map(dropShown);
  return {
    action: 'back',
    title: `Take ${migration.version} back: it is ${direction === 'up' ? 'not applied' : 'applied'} then`,
    preview: [
      ...preview,
      '-- its mark in the history goes',
      ...shownCommands(ledger.abandon(migration, direction)),
    ].join('\n'),
    danger: 'type-name',
    obstacle:
      needed && section === undefined
        ? `${migration.version} has no way down in ${migration.file}.`
        : undefined,
    run: async (work) => {
      const { io, session } = work;
      if (needed && section !== undefined) await walk(work, opposite);
      else for (const index of halves) await drop(io, session, index);
      await transaction(session, () => commands(session, ledger.abandon(migration, direction)));
      io.crashPoint('repair:marked');
    },
  };
}

const waiting = (statement: Statement, patience: Patience): string =>
  lockTimeoutSql(waitOf(statement, patience));

/** The statements of a way one by one, without those that have nothing to do. */
async function walk(work: Mending, move: DirectedMigration): Promise<void> {
  const { io, session, patience } = work;
  const section = move.direction === 'up' ? move.migration.up : move.migration.down;
  if (section?.error !== undefined) throw migrateErrors.badFile({ why: section.error });
  for (const [index, statement] of (section?.statements ?? []).entries()) {
    io.signal.throwIfAborted();
    const { effect, invalid } = await examine(session, statement);
    if (effect === 'done') {
      io.line(`${statement.title}: nothing to do`);
      continue;
    }
    if (effect === 'half' && invalid !== undefined) await drop(io, session, invalid);
    io.line(statement.title);
    await session.sql(waiting(statement, patience));
    const attempt = () => send(session, fileOf(move), statement);
    await (statement.concurrently ? attempt() : withRetries(work, attempt, () => statement.locks));
    io.crashPoint(`repair:${index + 1}`);
  }
  await settle(session);
}
