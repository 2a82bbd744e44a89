import { DbError } from '../../../db/errors.ts';
import { restoreDirectories, restoreLocations, restoreSpread } from '../../../db/queries/restore/facts.ts';
import { bytes } from '../../../text/units.ts';
import { bytesOf } from '../../archive/staged.ts';
import type { Check } from '../../engine/plan.ts';
import { fileSystemOf, fileSystemToBe, isLocal } from '../../files/disk.ts';
import { loadWay } from '../load/way.ts';
import type { Situation } from '../situation.ts';

const MARGIN = 1.1;
const TITLE = 'Disk of the server';

/** What a restore takes somewhere. */
interface Share {
  readonly directory: string;
  readonly what: string;
  readonly bytes: number;
  /** What is there and will be gone before. */
  readonly freed: number;
  /** This machine's, and made where it is not there yet; the others are the server's. */
  readonly ours?: boolean;
}

export interface DiskWish {
  /** The live database is dropped before. */
  readonly dropped?: boolean;
  /** Bytes of the safety backup. */
  readonly safety?: number | undefined;
  /** Everything goes into the database's own tablespace. */
  readonly noTablespaces?: boolean;
}

/**
 * Whether there is room for the backup beside what is there: of data, each tablespace, WAL and the safety backup, by the
 * file system that they are on. WAL is at most what is loaded: max_wal_size is a limit, and no need.
 */
export async function diskChecks(situation: Situation, wish: DiskWish = {}): Promise<Check[]> {
  const { context, backup, state, input, database } = situation;
  const size = backup.manifest?.database.bytes ?? state?.bytes ?? null;
  const shares = size === null ? [] : await sharesOf(situation, size, wish);
  const needed = shares.reduce((sum, share) => sum + share.bytes, 0);
  const about = size === null ? 'an unknown amount' : `about ${bytes(needed)} (${said(shares)})`;
  if (!isLocal(context))
    return [
      {
        title: TITLE,
        status: 'warn',
        detail: `It is on another machine, so its free space cannot be seen from here; the restore takes ${about}.`,
      },
    ];
  if (size === null)
    return [{ title: TITLE, status: 'warn', detail: 'What the restore takes is not known.' }];
  const systems = new Map<string, { free: number; shares: Share[] }>();
  const unseen: Share[] = [];
  for (const share of shares) {
    const place = await (share.ours
      ? fileSystemToBe(share.directory)
      : fileSystemOf(context.host, share.directory));
    if (place === undefined) unseen.push(share);
    else {
      const id = `${place.host} ${place.device}`;
      const known = systems.get(id) ?? { free: place.free, shares: [] };
      systems.set(id, { ...known, shares: [...known.shares, share] });
    }
  }
  const checks = [...systems.values()].map(({ free, shares: own }): Check => {
    const wanted = own.reduce((sum, share) => sum + share.bytes, 0);
    const freed = own.reduce((sum, share) => sum + share.freed, 0);
    const where = own[0]?.directory ?? '';
    const takes = `the restore takes about ${bytes(wanted)} there: ${said(own)}`;
    if (free + freed >= wanted)
      return { title: TITLE, status: 'ok', detail: `${where}: ${bytes(free)} are free; ${takes}.` };
    const detail = `${where}: ${bytes(free)} are free, and ${takes}.`;
    if (input.ignore_space)
      return { title: TITLE, status: 'warn', detail: `${detail} It is done all the same (--ignore-space).` };
    const other =
      wish.dropped !== true && situation.live !== undefined && input.into === undefined
        ? `, or give --in-place: it drops ${database} first, after a verified safety backup`
        : '';
    return {
      title: TITLE,
      status: 'block',
      detail: `${detail} Make room${other}. If you know better, give --ignore-space and --confirm ${database}.`,
    };
  });
  if (unseen.length > 0)
    checks.push({
      title: TITLE,
      status: 'warn',
      detail: `What is free in ${places(unseen)} is not known here; the restore takes about ${bytes(unseen.reduce((sum, share) => sum + share.bytes, 0))} there: ${said(unseen)}.`,
    });
  return checks;
}

function places(shares: readonly Share[]): string {
  return [...new Set(shares.map(({ directory, what }) => directory || `the directory of ${what}`))].join(
    ', ',
  );
}

function said(shares: readonly Share[]): string {
  return shares.map(({ what, bytes: size }) => `${bytes(size)} for ${what}`).join(', ');
}

async function sharesOf(situation: Situation, size: number, wish: DiskWish): Promise<Share[]> {
  const { session, live, repository, state, backup } = situation;
  const [row] = await session.run(restoreDirectories, { database: live?.name ?? 'postgres' });
  const now = await spreadOf(situation);
  const named = wish.noTablespaces === true ? [] : (backup.manifest?.spread ?? now);
  const tablespaces = [...new Set([...named, ...now].map(({ name }) => name))].filter((name) => name !== '');
  const places = await session.run(restoreLocations, { tablespaces });
  const data = size * MARGIN;
  const wal = Math.min(row?.wal_bytes ?? data, data);
  const limit = wal < data ? ', as max_wal_size allows' : ', as much as is loaded';
  const load = parts(named, places);
  const gone = parts(now, places);
  const freed = (name: string) => (wish.dropped ? gone(name) * (state?.bytes ?? 0) : 0);
  const shares: Share[] = [
    { directory: row?.directory ?? '', what: 'data', bytes: data * load(''), freed: freed('') },
    ...places.map(({ name, directory }) => ({
      directory,
      what: `tablespace ${name}`,
      bytes: data * load(name),
      freed: freed(name),
    })),
    { directory: row?.wal_directory ?? '', what: `WAL${limit}`, bytes: wal, freed: 0 },
  ];
  if (wish.safety !== undefined) {
    const what = 'the safety backup';
    shares.push({ directory: repository, what, bytes: wish.safety, freed: 0, ours: true });
  }
  if (situation.source !== undefined) {
    const { clients, header } = situation.source;
    const archive = { kind: header.kind, path: backup.archive };
    if ((await loadWay(clients.host, archive)) === 'copied')
      shares.push({
        directory: clients.host.temporary,
        what: 'the copy of the archive',
        bytes: await bytesOf(archive),
        freed: 0,
      });
  }
  return shares.filter((share) => share.bytes + share.freed > 0);
}

interface Spread {
  readonly name: string;
  readonly bytes: number;
}

/** Which part of the whole is in a tablespace; what is in one that is not there is in the database's own. */
function parts(spread: readonly Spread[], places: readonly { readonly name: string }[]) {
  const whole = spread.reduce((sum, one) => sum + one.bytes, 0) || 1;
  const of = (name: string) => (spread.find((one) => one.name === name)?.bytes ?? 0) / whole;
  const away = places.reduce((sum, { name }) => sum + of(name), 0);
  return (name: string): number => (name === '' ? 1 - away : of(name));
}

/** Where the live database has its data: what a backup of its own does not say is spread as it is. */
async function spreadOf({ context, live }: Situation): Promise<readonly Spread[]> {
  if (live === undefined || !live.allows_connections) return [];
  const session = await context.open('pgdeck-plan', live.name).catch(() => undefined);
  if (session === undefined) return [];
  try {
    return await session.run(restoreSpread, undefined);
  } catch (error) {
    // sizes wait for a table that is locked exclusively, and are not worth that
    if (!(error instanceof DbError) || error.kind !== 'busy') throw error;
    return [];
  } finally {
    await session.close();
  }
}
