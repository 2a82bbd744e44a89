import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import { DbError } from '../../db/errors.ts';
import { planLines } from '../../db/explain/lines.ts';
import { explainTree, functionOwners } from '../../db/explain.ts';
import { openContext } from '../../ops/engine/context.ts';
import { explainErrors } from '../../ops/explain/errors.ts';
import { failureText, ownPath, subjectOf } from '../../ops/explain/subject.ts';
import { entryOf } from '../../ops/registry.ts';
import { lineText } from '../../text/line.ts';
import type { ExplainOptions } from '../explain.ts';
import { EXIT, note, print, printJson } from '../output.ts';

/** Where nobody says how wide it is. */
const COLUMNS = 80;

/** Prints the plan of a statement, which is not run. Returns the exit code. Throws DbError and OpError. */
export async function runExplain(
  sql: string | undefined,
  { statement, file, json, yes }: ExplainOptions,
  resolved: Resolved,
  env: Env,
): Promise<number> {
  const context = await openContext({ resolved, env, operations: entryOf });
  try {
    const subject = await subjectOf({ sql, statement, file }, context);
    const { session, path } = await ownPath(context, subject.database);
    const owners = (await session.run(functionOwners, undefined)).map(({ rolname }) => rolname);
    const { user } = session.server;
    if (owners.length > 0 && yes !== true) throw explainErrors.foreignFunctions({ owners, user });
    if (subject.ranBy !== undefined)
      note(`Run by ${subject.ranBy}; planned for ${user}, for any parameters.`);
    const { plans, raw } = await explainTree(session, subject.text, subject.path ?? path).catch((error) => {
      throw error instanceof DbError && error.kind !== 'lost'
        ? explained(error, failureText(subject, error))
        : error;
    });
    if (json === true) printJson(raw);
    else
      for (const line of planLines(plans, process.stdout.columns ?? COLUMNS)) print(lineText(line).trimEnd());
    return EXIT.done;
  } finally {
    await context.close();
  }
}

function explained(error: DbError, message: string): DbError {
  return new DbError(error.kind, message, { ...(error.code !== undefined && { code: error.code }) });
}
