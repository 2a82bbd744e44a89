import { readFileSync, statSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from '../../config/usage-error.ts';
import { withConnection } from '../../ops/engine/connection.ts';
import { type Baseline, parseBaseline } from '../../ops/schema/check/baseline.ts';
import { reportOf, type SchemaReport, type SchemaStatus } from '../../ops/schema/check/report.ts';
import { openExpected } from '../../ops/schema/expected/open.ts';
import { takeSchemaSnapshot } from '../../ops/schema/snapshot.ts';
import { shellWord } from '../../text/shell.ts';
import { again } from '../again.ts';
import type { Context } from '../context.ts';
import { EXIT, fail, note, printJson } from '../output.ts';
import type { CheckFlags } from '../schema.ts';
import { printReport } from './print.ts';
import { looking, Stopped, tellLine } from './run.ts';

/** The exit code of a verdict; without one it is 3. */
const CODES: Readonly<Record<SchemaStatus, number>> = { healthy: 0, warning: 1, unhealthy: 2 };

/** Compares the database with what is expected of it and prints the verdict. Returns the exit code. */
export async function runCheck(flags: CheckFlags, command: Command, context: Context): Promise<number> {
  const { against, grants = false, json = false, tool } = flags;
  let tell = (text: string) => text;
  let report: SchemaReport;
  try {
    const baseline = flags.baseline === undefined ? undefined : readBaseline(flags.baseline);
    report = await looking(command, context, async ({ context: opContext, signal }) => {
      tell = again(command, opContext.connection);
      const opening = { ...{ grants, tool, signal }, line: tellLine };
      // whether it can be reached is known before anything is made for it
      const session = await opContext.session();
      const expected = await openExpected(against, opContext, opening);
      const actual = await takeSchemaSnapshot(session, { grants });
      return reportOf({
        ...{ session, actual, expected, grants, baseline, tables: json },
        ...{ at: opContext.now(), server: opContext.place },
        fix: withConnection(fixCommand(flags), opContext.connection),
      });
    });
  } catch (error) {
    if (json) printJson({ formatVersion: 1, ...noVerdict(error), timestamp: new Date().toISOString() });
    if (error instanceof Stopped) note('pgdeck: Stopped: there is no verdict.');
    else fail(error, tell);
    return EXIT.unreachable;
  }
  if (json) printJson(report);
  else await printReport(report, tell(fixCommand(flags)));
  return CODES[report.status];
}

/** The command that mends it, from the same words. */
function fixCommand({ against, tool }: CheckFlags): string {
  return `pgdeck schema fix --against ${shellWord(against)}${tool === undefined ? '' : ` --tool ${shellWord(tool)}`}`;
}

/** What a script reads where there is no verdict. */
function noVerdict(error: unknown) {
  const why = error instanceof Error ? error.message : String(error);
  return {
    ...{ status: 'error', error: why, compared: [], notCompared: [], issues: [], gone: [], suggestions: [] },
    tables: {},
  };
}

function readBaseline(file: string): Baseline {
  const next = 'Name the output of an earlier pgdeck schema check --json.';
  let text: string;
  try {
    // a pipe or a device may have no end
    if (!statSync(file).isFile()) throw new UsageError(`The baseline ${file} is not a regular file.`, next);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new UsageError(`The baseline ${file} cannot be read (${code}).`, next);
  }
  return parseBaseline(text, file);
}
