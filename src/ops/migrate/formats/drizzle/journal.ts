import { join } from 'node:path';
import { z } from 'zod';
import type { Place } from '../shared/evidence.ts';
import type { FormatReader, Placed } from '../shared/format.ts';
import { historyIn } from './config.ts';
import { partsOf, reader } from './reader.ts';
import { DRIZZLE_1, snapshotIn } from './snapshot.ts';

/** Below the directory of the migrations. */
export const JOURNAL = 'meta/_journal.json';

/** As drizzle-kit 0.31 writes it; `when` are milliseconds, by which the history knows a migration. */
const journal = z.object({
  dialect: z.string().optional(),
  entries: z.array(z.object({ tag: z.string().regex(/^[^/\\]+$/), when: z.int() })),
});

const LARGEST = 16 * 1024 * 1024;

/** The files that the journal names, in its order; a sentence where it cannot be followed. */
export async function readerIn({ host, directory }: Place): Promise<FormatReader | string | undefined> {
  const path = join(directory, JOURNAL);
  let text: string;
  try {
    text = (await host.files.read(path, LARGEST)).toString('utf8');
  } catch (error) {
    if (await snapshotIn({ host, directory }))
      return `There is no ${JOURNAL}: these directories are of drizzle-kit 1. Say it with --tool ${DRIZZLE_1}.`;
    if (!(await anySql({ host, directory }))) return undefined;
    return `${JOURNAL}: it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}), and says which migrations there are.`;
  }
  const { success, data } = journal.safeParse(parsed(text));
  if (!success) return `${JOURNAL}: it is not what drizzle-kit writes, and says which migrations there are.`;
  const { dialect = 'postgresql', entries } = data;
  if (dialect !== 'postgresql') return `${JOURNAL}: these migrations are for ${dialect}, not for PostgreSQL.`;
  for (const { tag } of entries)
    if (!(await host.files.exists(join(directory, `${tag}.sql`))))
      return `${JOURNAL} names ${tag}, and there is no ${tag}.sql; get it back (another branch?).`;
  const twice = alike(entries);
  if (twice !== undefined)
    return `${JOURNAL} ${twice}, and its history could not tell them apart; correct it.`;
  const known = new Map(entries.map((entry, at) => [`${entry.tag}.sql`, { ...entry, at }]));
  const places = new Map(entries.map(({ tag }, at) => [partsOf(tag).version, at]));
  const placeOf = ({ version, file }: Placed) =>
    known.get(file)?.at ?? places.get(version) ?? Number.POSITIVE_INFINITY;
  return {
    ...reader,
    ...(await historyIn({ host, directory })),
    stranger: `it is not in ${JOURNAL}, so that Drizzle does not see it; add it there, or take it away.`,
    fileName: (file) => {
      const entry = known.get(file);
      return entry && { ...partsOf(entry.tag), direction: 'up', key: String(entry.when) };
    },
    compare: (a, b) => {
      const [left, right] = [placeOf(a), placeOf(b)];
      return left === right ? reader.compare(a, b) : left < right ? -1 : 1;
    },
  };
}

async function anySql({ host, directory }: Place): Promise<boolean> {
  const there = await host.files.list(directory).catch(() => []);
  return there.some(({ name }) => name.endsWith('.sql'));
}

type Entry = z.infer<typeof journal>['entries'][number];

/** The first entry that is named, or dated, as another one is. */
function alike(entries: readonly Entry[]): string | undefined {
  const [tags, times] = [new Set<string>(), new Map<number, string>()];
  for (const { tag, when } of entries) {
    if (tags.has(tag)) return `names ${tag} twice`;
    const other = times.get(when);
    if (other !== undefined) return `gives ${tag} the time of ${other} (${when})`;
    tags.add(tag);
    times.set(when, tag);
  }
  return undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
