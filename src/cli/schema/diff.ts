import type { Command } from 'commander';
import { hasPrivileges } from '../../ops/schema/check/compared.ts';
import { withoutPrivileges } from '../../ops/schema/check/report.ts';
import { differenceLine, diffSchemas, type SchemaDifference } from '../../ops/schema/diff.ts';
import { type Expected, openExpected } from '../../ops/schema/expected/open.ts';
import { takeSchemaSnapshot } from '../../ops/schema/snapshot.ts';
import { cleanLine } from '../../text/clean.ts';
import type { Context } from '../context.ts';
import { EXIT, note, print, printJson } from '../output.ts';
import type { DiffFlags } from '../schema.ts';
import { looking, tellLine } from './run.ts';

export interface Diff {
  readonly before: string;
  /** Undefined: the database. */
  readonly after: string | undefined;
  readonly flags: DiffFlags;
}

/** Prints what differs, as it has to be changed in the first one. Throws OpError, DbError. */
export async function runDiff(
  { before, after, flags: { grants = false, tool, json = false } }: Diff,
  command: Command,
  context: Context,
): Promise<void> {
  const differences = await looking(command, context, async ({ context: opContext, signal }) => {
    const open = (against: string) =>
      openExpected(against, opContext, { ...{ grants, tool, signal }, line: tellLine });
    const old = await open(before);
    const now =
      after === undefined
        ? { partial: false, snapshot: await takeSchemaSnapshot(await opContext.session(), { grants }) }
        : await open(after);
    return between(old, now);
  });
  if (json) printJson({ differences });
  else for (const difference of differences) print(cleanLine(differenceLine(difference)));
  if (differences.length > 0) context.exitCode = EXIT.failed;
  else if (!json) note('No difference.');
}

type Side = Pick<Expected, 'snapshot' | 'partial'>;

/** Grants are compared where both have them; what a list does not name is not. */
function between(old: Side, now: Side): SchemaDifference[] {
  const both = hasPrivileges(old.snapshot) && hasPrivileges(now.snapshot);
  const [before, after] = [old.snapshot, now.snapshot].map((one) => (both ? one : withoutPrivileges(one)));
  return diffSchemas(before as Side['snapshot'], after as Side['snapshot']).filter(
    ({ kind }) => !(old.partial && kind === 'added') && !(now.partial && kind === 'removed'),
  );
}
