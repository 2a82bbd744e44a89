import { bytes, moment, plural } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Plan, ResultTable, Step } from '../../engine/plan.ts';
import { repositoryDirectory } from '../../repository/repository.ts';
import { type Decision, decide } from '../../repository/retention/decide.ts';
import { keepRules, type Rules } from '../../repository/retention/repository.ts';
import { BEGUN, begin, COPY, type Copy, type Found, findCopies, readCopy } from '../copy/copy.ts';
import { knownOf } from '../known/known.ts';
import { refuseUnmounted } from '../known/mark.ts';
import { listCopies } from '../list/list.ts';
import { openStore } from '../store/open.ts';
import type { Store, StoreIo } from '../store/store.ts';

/** What was begun and not finished stays for so long: somebody may be at it. */
const UNFINISHED_MS = 86_400_000;
const LOOK_MS = 60_000;

export interface PruneRemote {
  readonly keep?: string | undefined;
  readonly keep_safety?: string | undefined;
  readonly database?: string | undefined;
  /** The repository, which what is seen is noted in. */
  readonly dir?: string | undefined;
}

/** A copy that is whole, and what becomes of it. */
interface Judged {
  readonly copy: Copy;
  readonly decision: Decision;
}

/** What was sent of a name that never became a copy. */
interface Unfinished {
  readonly id: string;
  readonly bytes: number;
  readonly old: boolean;
}

/** Removes the copies that the rule no longer keeps, and what interrupted ones have left. Those of here stay. */
export async function planPruneRemote(input: PruneRemote, context: OpContext): Promise<Plan> {
  const { remote } = context.backup;
  const keep = input.keep ?? remote?.keep;
  const rules = keepRules(context, { ...input, keep });
  const directory = repositoryDirectory(context, input.dir);
  const io: StoreIo = { signal: AbortSignal.timeout(LOOK_MS) };
  const store = await openStore(remote, io.signal);
  const now = context.now();
  const { judged, unfinished } = await refuseUnmounted(store, await knownOf(directory, remote), io)
    .then(() => judge(store, rules, now, input.database, io))
    .finally(() => store.close());
  const gone = judged.filter(({ decision }) => !decision.keep);
  const rest = unfinished.filter(({ old }) => old);
  const nothing = gone.length + rest.length === 0;
  return {
    operation: 'backups prune',
    title: nothing
      ? `Nothing to prune in ${store.label}`
      : `Prune ${gone.length} of ${plural(judged.length, 'copy', 'copies')} in ${store.label}`,
    subject: store.label,
    danger: nothing ? 'none' : 'confirm',
    writes: false,
    server: store.label,
    input: { ...input, keep: rules.keep.text, keep_safety: rules.safety.text, remote: true },
    facts: [
      { label: 'Store', value: store.label },
      { label: 'Keep', value: rules.keep.text },
      { label: 'Safety backups', value: rules.safety.text },
      { label: 'Kept', value: String(judged.length - gone.length) },
      {
        label: 'Deleted',
        value: `${gone.length}, ${bytes(gone.reduce((sum, { copy }) => sum + copy.bytes, 0))}`,
      },
      { label: 'Unfinished', value: `${rest.length} of ${unfinished.length} are older than a day, and go` },
    ],
    tables: tables(judged, unfinished),
    checks: [],
    steps: [
      ...gone.map(({ copy }) => step(copy.id, `Delete the copy ${copy.id}`, context, rules, input.database)),
      ...rest.map(({ id }) => step(id, `Remove what was sent of ${id}`, context, rules, input.database)),
      {
        id: 'sweep',
        title: 'End uploads that were never finished',
        preview: `${store.label}: uploads that began before ${moment(before(now))}`,
        run: async (step) => {
          const open = await openStore(remote, step.signal);
          try {
            const swept = await sweep(open, context.now(), { signal: step.signal });
            step.line(`${plural(swept, 'upload')} ended.`);
          } finally {
            await open.close();
          }
          await listCopies(context, directory, context.now());
        },
      },
    ],
    reaches: () => 'Each copy that is still listed is whole; the backups here were not touched.',
    leaves: ({ done }) =>
      `${done.size} of ${gone.length + rest.length + 1} steps were done; each copy that is still listed is whole, and the same command goes on.`,
    ...(!nothing && {
      consequence: `What is marked "delete" is removed from ${store.label} and cannot be brought back from there.`,
    }),
  };
}

/** Removes one name, where it is still to go: what makes it a copy goes first, so that none is listed that lacks a file. */
function step(
  id: string,
  title: string,
  context: OpContext,
  rules: Rules,
  database: string | undefined,
): Step {
  return {
    id: `delete:${id}`,
    title,
    preview: `${COPY} of ${id}, then its other files`,
    run: async (io) => {
      const store = await openStore(context.backup.remote, io.signal);
      const storeIo: StoreIo = { signal: io.signal };
      try {
        const now = await judge(store, rules, context.now(), database, storeIo);
        const copy = now.judged.find((one) => one.copy.id === id);
        const unfinished = now.unfinished.find((one) => one.id === id);
        if (copy?.decision.keep) return io.line(`${id} stays: ${copy.decision.because}.`);
        if (copy === undefined && !unfinished?.old)
          return io.line(
            unfinished === undefined ? `${id} is gone already.` : `${id} stays: somebody is at it.`,
          );
        // what is left of it, where this is killed, is known for ours
        if ((await store.read(id, BEGUN, 1 << 16, storeIo)) === undefined) await begin(store, id, storeIo);
        await store.remove(id, [COPY], storeIo);
        io.crashPoint(`delete:${id}:unlisted`);
        await store.sweep(before(context.now()), async (name) => name === id, storeIo);
        const paths = (await store.files(id, storeIo)).map(({ path }) => path);
        await store.remove(
          id,
          paths.filter((path) => path !== BEGUN),
          storeIo,
        );
        io.crashPoint(`delete:${id}:emptied`);
        await store.remove(id, [BEGUN], storeIo);
      } finally {
        await store.close();
      }
    },
  };
}

async function judge(
  store: Store,
  rules: Rules,
  now: Date,
  database: string | undefined,
  io: StoreIo,
): Promise<{ judged: Judged[]; unfinished: Unfinished[] }> {
  const found = await findCopies(store, io);
  const copies = found.flatMap(({ copy }) =>
    copy === undefined || (database !== undefined && copy.database !== database) ? [] : [copy],
  );
  const decisions = decide(
    copies.map((copy) => ({
      id: copy.id,
      group: copy.group,
      at: Date.parse(copy.created_at),
      good: copy.good,
      pinned: copy.pinned,
      inUse: false,
      safety: copy.safety,
    })),
    ({ safety }) => (safety ? rules.safety : rules.keep).rule,
    now.getTime(),
  );
  const unfinished: Unfinished[] = [];
  for (const one of database === undefined ? found : [])
    if (isRest(one)) unfinished.push(await rest(store, one.id, now, io));
  return {
    judged: copies.flatMap((copy, i) => {
      const decision = decisions[i];
      return decision === undefined ? [] : [{ copy, decision }];
    }),
    unfinished,
  };
}

/** One whose description cannot be read may be of a newer pgdeck: it stays, and so does what others have there. */
const isRest = ({ copy, unreadable, foreign }: Found) => copy === undefined && !unreadable && !foreign;

const before = (now: Date) => new Date(now.getTime() - UNFINISHED_MS);

/** Ends what is left of uploads, of names that are ours and that nobody is at. */
const sweep = (store: Store, now: Date, io: StoreIo) =>
  store.sweep(
    before(now),
    async (name) => !(await readCopy(store, name, io)).foreign && (await rest(store, name, now, io)).old,
    io,
  );

async function rest(store: Store, id: string, now: Date, io: StoreIo): Promise<Unfinished> {
  const files = await store.files(id, io);
  const newest = Math.max(0, ...files.map(({ modified }) => modified));
  return {
    id,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    old: now.getTime() - newest > UNFINISHED_MS,
  };
}

function tables(judged: readonly Judged[], unfinished: readonly Unfinished[]): ResultTable[] {
  const columns = ['copy', 'database', 'size', 'keep', 'because'];
  const rows = [
    ...judged.map(({ copy, decision }) => [
      copy.id,
      copy.database,
      bytes(copy.bytes),
      decision.keep ? 'keep' : 'delete',
      decision.because,
    ]),
    ...unfinished.map((one) => [
      one.id,
      '-',
      bytes(one.bytes),
      one.old ? 'delete' : 'keep',
      one.old ? 'never finished' : 'not finished, and of the last day',
    ]),
  ];
  return rows.length === 0 ? [] : [{ title: 'Copies', columns, rows }];
}
