import { quoteRelation } from '../../db/ident.ts';
import { count, duration, plural } from '../../text/units.ts';
import { holdersOf, lockChecks } from '../database/holders.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check } from '../engine/plan.ts';
import { serverChecks } from '../maintain/checks.ts';
import type { TableFacts } from '../rows/queries/tables.ts';
import type { OrphansInput } from './input.ts';
import { type Key, shown } from './key.ts';
import type { BelowKey, Look } from './look.ts';

const block = (title: string, detail: string): Check => ({ title, status: 'block', detail });
const warn = (title: string, detail: string): Check => ({ title, status: 'warn', detail });

/** What stands in the way of the key itself, whatever is done to rows. */
export function keyChecks(key: Key, look: Look): Check[] {
  const { there, table, parent } = key;
  const found: Check[] = key.faults.map((fault) => block('Key', fault));
  if (there?.enforced === false)
    found.push(
      block('Key', `${key.name} is NOT ENFORCED: the server keeps nothing by it, and it has no orphans.`),
    );
  if (there?.period)
    found.push(block('Key', `${key.name} is about periods (PERIOD), which pgdeck does not count.`));
  if (there === undefined && look.facts.persistence === 'p' && look.parent.persistence !== 'p')
    found.push(
      block('Key', `${shown(table)} is permanent and cannot refer to ${shown(parent)}, which is UNLOGGED.`),
    );
  if (look.facts.heirs > 0)
    found.push(
      warn(
        'Inheritance',
        `${plural(look.facts.heirs, 'table')} ${look.facts.heirs === 1 ? 'inherits' : 'inherit'} from ${shown(table)}: a foreign key is not about their rows.`,
      ),
    );
  for (const one of look.leaves)
    if (one.kind === 'f')
      found.push(
        block('Partitions', `${shown(one)} is a foreign table, and no foreign key can be about it.`),
      );
  return found;
}

/** The partitions of a partitioned table. */
function partsOf({ facts, leaves }: Look): Look['leaves'] {
  return leaves.filter(({ oid }) => oid !== facts.oid);
}

/** What this role must be able to do. */
export function rightsCheck(look: Look, then: OrphansInput['action'], user: string): Check[] {
  const { facts, parent } = look;
  const lacks = [
    facts.may_select ? [] : [`SELECT on ${shown(facts)}`],
    parent.may_select ? [] : [`SELECT on ${shown(parent)}`],
    then !== 'delete' || facts.may_delete ? [] : [`DELETE on ${shown(facts)}`],
    // a row that is locked is one that may be changed
    then === 'keep' || facts.may_update ? [] : [`UPDATE on ${shown(facts)}`],
    then === 'keep' || parent.may_refer ? [] : [`REFERENCES on ${shown(parent)}`],
    then === 'keep' || facts.owned ? [] : [`to be ${facts.owner}, who owns ${shown(facts)}`],
    then === 'keep' || facts.may_stage ? [] : ['TEMPORARY on the database, which undo needs'],
    // rows are taken out of each partition by its own name
    ...partsOf(look).map((part) => [
      part.may_select || then === 'keep' ? [] : [`SELECT on ${shown(part)}`],
      part.may_delete || then !== 'delete' ? [] : [`DELETE on ${shown(part)}`],
      part.may_update || then === 'keep' ? [] : [`UPDATE on ${shown(part)}`],
    ]),
  ].flat(2);
  if (lacks.length > 0)
    return [
      block(
        'Rights',
        `${user} lacks ${lacks.join(', ')}. Connect as the owner of the tables, or as a superuser.`,
      ),
    ];
  const parts = then === 'keep' ? [] : partsOf(look);
  const hidden = [facts, parent, ...parts].filter(({ row_security }) => row_security);
  if (hidden.length > 0)
    return [
      block(
        'Row security',
        `Policies hide rows of ${hidden.map(shown).join(' and ')} from ${user}: rows would be counted, and taken, that are none of these. Connect as a role with BYPASSRLS.`,
      ),
    ];
  return [{ title: 'Rights', status: 'ok', detail: `${user} may do all of this.` }];
}

/** What stands in the way of taking the rows out. */
export function rowsChecks(key: Key, look: Look, then: OrphansInput['action']): Check[] {
  if (then === 'keep') return [];
  const { facts, orphans, identity, columns } = look;
  const found: Check[] = [];
  if (!orphans.exact && orphans.rows > 0)
    found.push(
      warn(
        'Count',
        `Counting took too long: about ${count(orphans.rows)} rows are expected, as the planner guesses. The run counts exactly.`,
      ),
    );
  if (orphans.exact && orphans.rows === 0) return found;
  const ruled = [facts, ...partsOf(look)].find(({ rules }) => rules);
  if (ruled !== undefined)
    found.push(
      block(
        'Rules',
        `A rule of ${shown(ruled)} rewrites DELETE or UPDATE: what it does with the rows nobody can tell. Drop or disable it first.`,
      ),
    );
  const silent = look.leaves.find(({ unidentified }) => unidentified);
  if (silent !== undefined)
    found.push(
      block(
        'Publication',
        `${shown(silent)} is published and has no replica identity: the server refuses to ${then === 'delete' ? 'delete' : 'update'} its rows. ALTER TABLE ${quoteRelation(silent)} REPLICA IDENTITY FULL`,
      ),
    );
  const triggers = [...new Set([facts, ...partsOf(look)].flatMap((one) => one.triggers))];
  if (triggers.length > 0)
    found.push(
      warn(
        'Triggers',
        `${plural(triggers.length, 'trigger')} of ${shown(facts)} would fire: ${triggers.join(', ')}. A batch that one of them suppresses, or adds rows to, is rolled back.`,
      ),
    );
  if (then === 'set-null') {
    const fixed = columns.filter(({ name, not_null }) => not_null && key.columns.includes(name));
    if (fixed.length > 0)
      found.push(
        block(
          'Set null',
          `${fixed.map(({ name }) => name).join(', ')} of ${shown(facts)} ${fixed.length === 1 ? 'is' : 'are'} NOT NULL. Delete the rows instead (--then delete), or drop the NOT NULL first.`,
        ),
      );
    const made = columns.filter(({ name, generated }) => generated && key.columns.includes(name));
    if (made.length > 0)
      found.push(
        block(
          'Set null',
          `${made.map(({ name }) => name).join(', ')} of ${shown(facts)} is generated from other columns, and cannot be set. Delete the rows instead (--then delete).`,
        ),
      );
    if (identity === undefined)
      found.push(
        block(
          'Set null',
          `${shown(facts)} has no primary key, by which the rows could be found again to take it back. Add one, or delete the rows instead (--then delete).`,
        ),
      );
  }
  return [...found, ...look.below.flatMap((one) => belowCheck(one, shown(facts)))];
}

const DOES: Readonly<Record<string, string>> = {
  c: 'would be deleted with them (CASCADE)',
  n: 'would be set NULL with them (SET NULL)',
  d: 'would be set to their default with them (SET DEFAULT)',
};

/** What the server would do to rows that nobody has asked about, and of which nothing is kept, is not begun. */
function belowCheck({ key, shown: by, action, rows }: BelowKey, table: string): Check[] {
  const title = 'Rows that refer to these';
  if (rows === 0) return [];
  const unindexed = key.indexed ? '' : ` No index of ${by} finds them.`;
  if (rows === undefined)
    return [
      warn(
        title,
        `Which rows of ${by} refer to them by ${key.name} could not be counted in time.${unindexed} Each batch looks again, and is rolled back where there are any.`,
      ),
    ];
  const one = rows === 1;
  return [
    block(
      title,
      `${plural(rows, 'row')} of ${by} ${one ? 'refers' : 'refer'} to rows of ${table} that break the key, and ${DOES[action] ?? `${one ? 'forbids' : 'forbid'} that`} by ${key.name}.${unindexed} Settle those rows first: nothing is kept of them here.`,
    ),
  ];
}

/** The server, and who is in the way of the locks. */
export async function wayChecks(
  context: OpContext,
  tables: readonly Pick<TableFacts, 'oid'>[],
  wait: number,
): Promise<Check[]> {
  const session = await context.session();
  const own = await serverChecks(context, session);
  const holders = await holdersOf(
    session,
    tables.map(({ oid }) => oid),
    'ShareUpdateExclusiveLock',
  );
  return [...own, ...lockChecks(holders, `It is tried for ${duration(wait)}.`)];
}
