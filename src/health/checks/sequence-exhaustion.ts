import { displayName, quoteIdent, quoteRelation } from '../../db/ident.ts';
import { SEQUENCES_READ, type SequenceRow, sequenceUsePoll } from '../../db/queries/sequences.ts';
import { grant, type Server } from '../../db/server.ts';
import { exact, percent, plural } from '../../text/units.ts';
import { defineCheck, type Facts } from '../check.ts';
import type { Found, Remedy, Unknown } from '../finding.ts';
import { graded } from '../grade.ts';

/** Sequences that come to the end of their values, or of those that their column can hold. */
export const sequenceExhaustion = defineCheck({
  id: 'sequence_exhaustion',
  title: 'Sequences',
  category: 'wraparound',
  fix: '`bigint`',
  reads: [sequenceUsePoll],
  judge: (facts) => {
    const rows = facts.figures.rows(sequenceUsePoll);
    const findings = rows.flatMap((row) => findingOf(row, facts));
    const unknown = hidden(rows, facts.server);
    return {
      findings,
      ...(unknown && { unknown }),
      ...(isSampled(rows) && findings.length === 0 && { because: sampled(rows) }),
    };
  },
});

const isSampled = ([first]: readonly SequenceRow[]) => (first?.sequences ?? 0) > SEQUENCES_READ;
const sampled = (rows: readonly SequenceRow[]) =>
  `of ${exact(rows[0]?.sequences ?? 0)} sequences only those of the ${SEQUENCES_READ} biggest tables, and ${SEQUENCES_READ} others, are read`;

function hidden(rows: readonly SequenceRow[], server: Server): Unknown | undefined {
  const unreadable = rows.filter(({ readable }) => !readable);
  const [first] = unreadable;
  if (first === undefined) return undefined;
  return {
    reason: `How far ${plural(unreadable.length, 'sequence')} ${unreadable.length === 1 ? 'has' : 'have'} come is hidden from this role.`,
    remedy:
      server.major >= 14
        ? grant('pg_read_all_data', server)
        : `GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${quoteIdent(first.schemaname)} TO ${quoteIdent(server.user)}`,
  };
}

function findingOf(row: SequenceRow, { thresholds, server }: Facts): Found[] {
  if (row.used === null || row.value === null) return [];
  const { found } = graded('sequence_percent', row.used * 100, thresholds);
  if (found === undefined) return [];
  const object = displayName(row.schemaname, row.relname);
  const column = columnOf(row);
  return [
    {
      object,
      ...found,
      title: `The sequence ${object} has used up ${percent(Math.min(1, row.used))} of its values${column ? `, which go to ${column}` : ''}.`,
      evidence: `Its last value is ${exact(row.value)}, and ${isNarrow(row) ? `a column of type ${row.type} ends` : 'it ends'} at ${exact(row.last)}.`,
      why: 'With the last value every further INSERT fails.',
      remedy: remedyOf(row, server.standby ? 'To be run on the primary. ' : ''),
    },
  ];
}

/** The column ends before bigint does. */
const isNarrow = ({ type }: SequenceRow) => type === 'integer' || type === 'smallint';

function columnOf({ table_schema, table_name, column_name }: SequenceRow): string | undefined {
  if (table_name === null || column_name === null) return undefined;
  return `${displayName(table_schema, table_name)}.${displayName(null, column_name)}`;
}

function remedyOf(row: SequenceRow, where: string): Remedy {
  const { schemaname, relname, table_schema, table_name, column_name } = row;
  const longer = `ALTER SEQUENCE ${quoteRelation({ schema: schemaname, name: relname })} AS bigint ${row.ascending ? 'NO MAXVALUE' : 'NO MINVALUE'}`;
  if (!isNarrow(row) || table_schema === null || table_name === null || column_name === null)
    return { sql: longer, cost: `${where}Waits for who takes values from it, for a moment.` };
  const table = quoteRelation({ schema: table_schema, name: table_name });
  return {
    sql: `ALTER TABLE ${table} ALTER COLUMN ${quoteIdent(column_name)} TYPE bigint; ${longer}`,
    cost: `${where}The table and its indexes are rewritten, and nobody reads or writes it meanwhile; columns that refer to it have to be bigint too. Of a big table, fill a new column of bigint in batches and swap it in.`,
  };
}
