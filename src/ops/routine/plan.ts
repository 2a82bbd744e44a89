import type { Cadence, RoutineItem } from '../../config/routine.ts';
import { moment, plural } from '../../text/units.ts';
import { serverHere } from '../engine/journal/server.ts';
import type { Examiner, OpContext } from '../engine/operation.ts';
import type { Check, Plan, ResultTable, Step } from '../engine/plan.ts';
import { Looks } from './checks.ts';
import type { Standing } from './due.ts';
import { routineErrors } from './errors.ts';
import { endedWell, type ItemEnd, nextTable, reportTable, type Skipped } from './outcome.ts';
import { dangerOf, isIdle, type Preparation, type Prepared, prepare } from './prepare.ts';
import { standingsOf } from './standings.ts';
import { itemStep, namesOf } from './steps.ts';

export interface RoutineInput {
  readonly routine?: Cadence | undefined;
  readonly item: readonly string[];
  /** Seconds. */
  readonly sample: number;
}

/** Nobody is there to judge: the items say so before it comes to that. */
const NOBODY: Pick<Examiner, 'look'> = { look: async () => [] };

/** The plan of what is due. Throws DbError, and OpError for an item that there is not. */
export async function planRoutine(input: RoutineInput, context: OpContext): Promise<Plan> {
  const items = chosen(input, context);
  const session = await context.session();
  const here = await serverHere(context);
  const standings = await standingsOf({ ...context, here, session, now: context.now() }, items);
  const asked = input.item.length > 0 ? standings.map(askedFor) : standings;
  const preparation = await prepare(asked, context);
  const { due, skipped, wrong } = preparation;
  const { database, version } = session.server;
  const ends = new Map<string, ItemEnd>();
  const lists: ResultTable[] = [];
  const danger = dangerOf(due);
  const looks = new Looks(context.examiner ?? NOBODY, itemsOf(due), input.sample);
  const name = input.routine ?? (input.item.length > 0 ? input.item.join(', ') : undefined);
  const summary = () => summaryOf(due, ends, skipped);
  return {
    operation: 'maintain',
    title:
      due.length === 0
        ? `Nothing is due in ${database}`
        : `Maintain ${database}${name === undefined ? '' : `: ${name}`}`,
    subject: database,
    danger,
    writes: due.some(({ plan }) => plan?.writes === true && !isIdle(plan)),
    server: context.place,
    input: {
      ...(input.routine !== undefined && { routine: input.routine }),
      ...(input.item.length > 0 && { item: input.item }),
      sample: input.sample,
    },
    facts: [
      { label: 'Server', value: `${context.place}, PostgreSQL ${version}` },
      { label: 'Routine', value: input.routine ?? 'all' },
      { label: 'Items', value: countsOf(preparation) },
    ],
    ...(due.length > 0 && { reason: reasonOf(due) }),
    tables: [itemTable(asked, preparation)],
    checks: [...wrong, ...due.flatMap(checksOf)],
    steps:
      wrong.length > 0 || due.length === 0
        ? []
        : [
            ...due.map((one) => itemStep(one, { context, looks, danger, ends, lists })),
            reportStep(items, ends, { skipped, lists }),
          ],
    ...consequenceOf(due),
    reaches: summary,
    leaves: () =>
      `${summary()} What has ended well is not done again before it is due: pgdeck maintain goes on with the rest.`,
    follows: () => [...ends.values()].find((end) => end.command !== undefined)?.command,
    locks: [{ family: 'maintain', database }],
  };
}

/** The items that are meant. Throws OpError for one that there is not. */
function chosen({ routine, item }: RoutineInput, context: OpContext): readonly RoutineItem[] {
  const known = namesOf(context.routine);
  for (const name of item) if (!known.includes(name)) throw routineErrors.noItem({ name, names: known });
  const items = context.routine.filter(
    ({ name, every }) =>
      (routine === undefined || every === routine) && (item.length === 0 || item.includes(name)),
  );
  if (items.length === 0) throw routineErrors.nothing({ routine: routine ?? 'whole' });
  return items;
}

/** One that is asked for by its name is done, due or not. */
function askedFor(standing: Standing): Standing {
  return standing.due ? standing : { ...standing, due: true, why: `asked for; ${standing.why}` };
}

const itemsOf = (due: readonly Prepared[]): RoutineItem[] => due.map(({ item }) => item);

function countsOf({ due, skipped }: Preparation): string {
  return `${due.length} due, ${skipped.length} skipped`;
}

function reasonOf(due: readonly Prepared[]): string {
  const [first] = due;
  const more = due.length > 1 ? `, and ${plural(due.length - 1, 'other')}` : '';
  return first === undefined ? '' : `${first.item.title} (${first.standing.why})${more}.`;
}

/** Every item that was looked at: what is done of it now, or why not. */
function itemTable(standings: readonly Standing[], { due, skipped }: Preparation): ResultTable {
  const plans = new Map(due.map(({ item, plan }) => [item.name, plan]));
  const idle = (name: string) => {
    const plan = plans.get(name);
    return plan !== undefined && isIdle(plan) ? `; ${plan.title.toLowerCase()} now` : '';
  };
  const why = new Map(skipped.map((one) => [one.standing.item.name, one.why]));
  return {
    title: 'Items',
    columns: ['Item', 'Every', 'Last done', 'Now'],
    rows: standings.map(({ item, doneAt, why: reason }) => [
      item.title,
      item.every,
      doneAt === null ? 'never' : moment(new Date(doneAt)),
      plans.has(item.name) ? `due: ${reason}${idle(item.name)}` : (why.get(item.name) ?? 'not begun'),
    ]),
  };
}

/** What its own plan warns of, and what stands in the way of it now. */
function checksOf({ item, plan, obstacle }: Prepared): Check[] {
  if (obstacle !== undefined)
    return [
      { title: item.title, status: 'warn', detail: `It is tried at its turn. As things are: ${obstacle}` },
    ];
  return (plan?.checks ?? [])
    .filter(({ status }) => status === 'warn')
    .map((check) => ({ ...check, title: `${item.title}: ${check.title}` }));
}

function consequenceOf(due: readonly Prepared[]): { consequence?: string } {
  const consequence = due.flatMap(({ plan }) => plan?.consequence ?? []).join(' ');
  return consequence === '' ? {} : { consequence };
}

function reportStep(
  items: readonly RoutineItem[],
  ends: ReadonlyMap<string, ItemEnd>,
  { skipped, lists }: { readonly skipped: readonly Skipped[]; readonly lists: readonly ResultTable[] },
): Step {
  return {
    id: 'report',
    title: 'Report',
    preview: 'what became of each item, and what comes next',
    always: true,
    run: async (io) => {
      io.result(reportTable(items, ends, skipped));
      const next = nextTable(items, ends);
      for (const table of [...(next.rows.length > 0 ? [next] : []), ...lists]) io.result(table);
    },
  };
}

/** `5 of 6 items are done; not well: Disk space. 2 were skipped.` */
function summaryOf(
  due: readonly Prepared[],
  ends: ReadonlyMap<string, ItemEnd>,
  skipped: readonly Skipped[],
): string {
  const well = due.filter(({ item }) => {
    const end = ends.get(item.name);
    return end !== undefined && endedWell(end);
  });
  const bad = due.filter((one) => !well.includes(one)).map(({ item }) => item.title);
  return [
    `${well.length} of ${plural(due.length, 'item')} ${due.length === 1 ? 'is' : 'are'} done${bad.length === 0 ? '.' : `; not, or not well: ${bad.join(', ')}.`}`,
    ...(skipped.length === 0 ? [] : [`${plural(skipped.length, 'item')} skipped.`]),
  ].join(' ');
}
