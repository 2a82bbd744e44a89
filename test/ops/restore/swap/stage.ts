import { connect, type Session } from '../../../../src/db/client.ts';
import { DbError } from '../../../../src/db/errors.ts';
import { quoteIdent } from '../../../../src/db/ident.ts';
import {
  type DatabaseFacts,
  databaseFacts,
  databaseList,
} from '../../../../src/db/queries/database/facts.ts';
import type { Target } from '../../../../src/db/target.ts';
import { createBeside } from '../../../../src/ops/database/create.ts';
import { readMarker } from '../../../../src/ops/database/markers.ts';
import { beforeName, derivedName, freshName, rolledBackName } from '../../../../src/ops/database/names.ts';
import { serverTarget } from '../../../support/cluster.ts';
import { until } from '../../../support/until.ts';
import { type TestIo, testIo } from './io.ts';

/** A live database whose clients read `old`, and one loaded beside it that holds `new`; {@link Stage.remove} drops all. */
export interface Stage {
  readonly io: TestIo;
  readonly admin: Session;
  readonly run: string;
  readonly live: string;
  readonly fresh: string;
  readonly before: string;
  readonly rolledBack: string;
  /** How to connect to a database of the server, as the superuser or as a role. */
  to(database: string, role?: string): Target;
  /** What the server knows of a database. */
  facts(database: string): Promise<DatabaseFacts | undefined>;
  /** The names in use that belong to the live database. */
  names(): Promise<string[]>;
  /** A role with these attributes, dropped with the stage. */
  role(attributes: string): Promise<string>;
  remove(): Promise<void>;
}

let stages = 0;

export async function stage(
  name: string,
  { owner, signal, io: given }: { owner?: string; signal?: AbortSignal; io?: TestIo } = {},
): Promise<Stage> {
  const server = serverTarget();
  const run = runId(++stages);
  const live = derivedName(name, `_${process.pid}_${stages}`);
  const io = given ?? testIo(server, run, signal);
  const admin = await connect(server, 'workload', 'admin');
  const to = (database: string, role = server.user): Target => ({ ...server, database, user: role });
  const roles: string[] = [];
  const mine = async () =>
    (await admin.run(databaseList, undefined)).filter(
      (row) => row.name === live || readMarker(row.comment)?.target === live || row.name.startsWith(live),
    );
  await admin.sql(
    `CREATE DATABASE ${quoteIdent(live)}${owner === undefined ? '' : ` OWNER ${quoteIdent(owner)}`}`,
  );
  await generation(to(live), 'old');
  const fresh = freshName(live, run);
  await createBeside(io, admin, { live, fresh, marker: { pgdeck: 'restoring', target: live, run } });
  await generation(to(fresh), 'new');
  return {
    io,
    admin,
    run,
    live,
    fresh,
    before: beforeName(live, run),
    rolledBack: rolledBackName(live, run),
    to,
    facts: async (database) => (await admin.run(databaseFacts, { database }))[0],
    names: async () => (await mine()).map((row) => row.name),
    role: async (attributes) => {
      const role = `swap_role_${process.pid}_${stages}_${roles.length}`;
      await admin.sql(`CREATE ROLE ${role} LOGIN ${attributes}`);
      roles.push(role);
      return role;
    },
    remove: async () => {
      await io.close();
      for (const row of await mine()) {
        if (row.is_template) await admin.sql(`ALTER DATABASE ${quoteIdent(row.name)} IS_TEMPLATE false`);
        await admin.sql(`DROP DATABASE ${quoteIdent(row.name)} WITH (FORCE)`);
      }
      for (const role of roles) await admin.sql(`DROP ROLE ${role}`);
      await admin.close();
    },
  };
}

/** A run's id of its own for each test. */
export function runId(n: number): string {
  return `20261120T1214${String(n % 60).padStart(2, '0')}-${n.toString(16).padStart(6, '0')}`;
}

/** Fills a database with the one value that tells it from its successor. */
export async function generation(target: Target, value: string): Promise<void> {
  const session = await connect(target, 'workload', 'stage');
  await session.sql('CREATE TABLE generation AS SELECT $1::text AS value', [value]);
  await session.close();
}

/** What a client reads that connects now. */
export async function served(target: Target): Promise<string> {
  const session = await connect(target, 'workload', 'look');
  try {
    const [row] = await session.sql('SELECT value FROM public.generation');
    return String(row?.value);
  } finally {
    await session.close();
  }
}

interface Read {
  /** performance.now() when the question was sent, and when the answer came. */
  readonly asked: number;
  readonly at: number;
  readonly value: string;
}

/** Clients that read without end and connect again whenever they are thrown out, as an application's pool does. */
export class Clients {
  readonly reads: Read[][];
  /** SQLSTATEs of what they were told when they were thrown out or not let in. */
  readonly codes = new Set<string>();
  #going = true;
  readonly #done: Promise<unknown>;

  constructor(target: Target, count: number) {
    this.reads = Array.from({ length: count }, () => []);
    this.#done = Promise.all(this.reads.map((reads) => this.#client(target, reads)));
  }

  async #client(target: Target, reads: Read[]): Promise<void> {
    let session: Session | undefined;
    while (this.#going) {
      try {
        session ??= await connect(target, 'workload', 'app');
        const asked = performance.now();
        const [row] = await session.sql('SELECT value FROM public.generation');
        reads.push({ asked, at: performance.now(), value: String(row?.value) });
      } catch (error) {
        if (error instanceof DbError && error.code !== undefined) this.codes.add(error.code);
        await session?.close();
        session = undefined;
      }
    }
    await session?.close();
  }

  /** Waits until each of them has read the value. */
  async allRead(value: string): Promise<void> {
    await until(() => this.reads.every((reads) => reads.at(-1)?.value === value), {
      what: `all clients reading ${value}`,
    });
  }

  async stop(): Promise<void> {
    this.#going = false;
    await this.#done;
  }

  /** The longest time between two answers to one client, ms. */
  get longestGap(): number {
    let longest = 0;
    for (const reads of this.reads)
      for (const [i, read] of reads.entries())
        longest = Math.max(longest, read.at - (reads[i - 1]?.at ?? read.at));
    return Math.round(longest);
  }

  /** The values in the order in which each client saw them, without repetitions. */
  get order(): string[][] {
    return this.reads.map((reads) =>
      reads.map(({ value }) => value).filter((value, i, all) => value !== all[i - 1]),
    );
  }

  /** Answers of `value` to questions that were asked after `since`. */
  stale(value: string, since: number): number {
    return this.reads.flat().filter((read) => read.value === value && read.asked > since).length;
  }
}
