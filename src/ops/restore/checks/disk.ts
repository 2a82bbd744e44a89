import { restoreDirectories, restoreSpread } from '../../../db/views/restore/facts.ts';
import { bytes } from '../../../text/units.ts';
import { fileSystemOf, fileSystemToBe, isLocal } from '../../disk.ts';
import type { Check } from '../../operation.ts';
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
  const systems = new Map<number, { free: number; shares: Share[] }>();
  const unseen: Share[] = [];
  for (const share of shares) {
    const place = await (share.ours ? fileSystemToBe : fileSystemOf)(share.directory);
    if (place === undefined) unseen.push(share);
    else {
      const known = systems.get(place.device) ?? { free: place.free, shares: [] };
      systems.set(place.device, { ...known, shares: [...known.shares, share] });
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
  const { session, live, repository } = situation;
  const [row] = await session.run(restoreDirectories, { database: live?.name ?? 'postgres' });
  const spread = wish.noTablespaces === true ? [] : await spreadOf(situation);
  const whole = spread.reduce((sum, one) => sum + one.bytes, 0) || 1;
  const freed = (share: number) => (wish.dropped ? share * (situation.state?.bytes ?? 0) : 0);
  const elsewhere = spread.filter(({ directory }) => directory !== '');
  const away = elsewhere.reduce((sum, one) => sum + one.bytes, 0) / whole;
  const data = size * MARGIN;
  const wal = Math.min(row?.wal_bytes ?? data, data);
  const limit = wal < data ? ', as max_wal_size allows' : ', as much as is loaded';
  const shares: Share[] = [
    { directory: row?.directory ?? '', what: 'data', bytes: data * (1 - away), freed: freed(1 - away) },
    ...elsewhere.map(({ name, directory, bytes: own }) => ({
      directory,
      what: `tablespace ${name}`,
      bytes: (data * own) / whole,
      freed: freed(own / whole),
    })),
    { directory: row?.wal_directory ?? '', what: `WAL${limit}`, bytes: wal, freed: 0 },
  ];
  if (wish.safety !== undefined)
    shares.push({
      directory: repository,
      what: 'the safety backup',
      bytes: wish.safety,
      freed: 0,
      ours: true,
    });
  return shares;
}

/** Where the live database has its data: what is restored is spread as it is. */
async function spreadOf({ context, live }: Situation) {
  if (live === undefined || !live.allows_connections) return [];
  const session = await context.open('pgdeck-plan', live.name).catch(() => undefined);
  if (session === undefined) return [];
  try {
    return await session.run(restoreSpread, undefined);
  } finally {
    await session.close();
  }
}
