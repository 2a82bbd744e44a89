import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Session } from '../../../../src/db/session.ts';
import type { Target } from '../../../../src/db/target.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import { type Backup, findBackup } from '../../../../src/ops/repository/repository.ts';
import { type Mode, tablesPlan } from '../../../../src/ops/restore/tables/plan.ts';
import { carryOut, type EndEvent } from '../../engine/run/stage.ts';

/** Dumps a database with the server's own pg_dump. */
export async function dump(
  { host, port, user, database }: Target,
  file: string,
  args: readonly string[] = ['-Fc'],
): Promise<Backup> {
  const { bin } = inject('postgres');
  execFileSync(join(bin, 'pg_dump'), [
    ...args,
    ...['-f', file, '-h', host, '-p', String(port), '-U', user, '-d', database],
  ]);
  return findBackup('/nowhere', file);
}

/** What was done to each table: inserted, updated, unchanged, deleted; `-` where the mode has none. */
export type Outcome = Record<string, string[]>;

export async function restore(
  context: OpContext,
  backup: Backup,
  tables: readonly string[],
  mode: Mode,
): Promise<{ end: EndEvent; foretold: Outcome; done: Outcome | undefined }> {
  const plan = await tablesPlan({ tables, mode, safety: false }, context, backup);
  const { end, events } = await carryOut(plan, context);
  const result = events.find((event) => event.type === 'result');
  return {
    end,
    foretold: outcome(plan.tables?.[0]?.rows ?? []),
    done: result?.type === 'result' ? outcome(result.table.rows) : undefined,
  };
}

function outcome(rows: readonly (readonly string[])[]): Outcome {
  return Object.fromEntries(rows.map(([name = '', , ...counts]) => [name, counts]));
}

/** Everything that a restore of tables could change, as one text: rows, triggers, constraints, identities, sequences. */
export async function fingerprint(session: Session): Promise<string> {
  const relations = await session.sql(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1`,
  );
  const rows = await session.sql(
    relations
      .map(
        ({ name }) =>
          `SELECT '${String(name).replaceAll("'", "''")}' AS name, md5(string_agg(t::text, E'\\n' ORDER BY t::text)) FROM (SELECT * FROM ONLY ${name}) t`,
      )
      .join(' UNION ALL '),
  );
  const catalogs = await session.sql(
    `SELECT (SELECT json_agg(q) FROM (SELECT sequencename, last_value FROM pg_sequences ORDER BY 1) q) AS sequences,
       (SELECT string_agg(format('%s %s %s', tgrelid::regclass, tgname, tgenabled), E'\\n' ORDER BY tgrelid, tgname)
               FROM pg_trigger WHERE tgrelid >= 16384) AS triggers,
       (SELECT string_agg(format('%s %s %s', conrelid::regclass, oid, pg_get_constraintdef(oid)), E'\\n' ORDER BY oid)
          FROM pg_constraint WHERE oid >= 16384) AS constraints,
       (SELECT string_agg(format('%s %s %s', attrelid::regclass, attname, attidentity), E'\\n' ORDER BY attrelid, attnum)
          FROM pg_attribute WHERE attrelid >= 16384 AND attidentity <> '') AS attributes`,
  );
  return JSON.stringify([rows, catalogs], undefined, 1);
}
