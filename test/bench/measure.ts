import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../../src/db/client.ts';
import { DATABASE, type Stage } from './stage.ts';
import { Program } from './terminal.ts';

/** Long enough for V8 to have compiled what is used every second. */
const WARM_UP_MS = 20_000;
/** One round of the slowest polls on a screen, so that their cost counts once. */
const WINDOW_MS = 30_000;
const WINDOWS = 1;
const STARTS = 3;
const PRESSES = 40;
/** Keys fall anywhere in a refresh: an odd distance. */
const PRESS_GAP_MS = 137;
const STALL_PRESSES = 10;
/** A paused console says so for three seconds. */
const CALM_MS = 4_500;

/** What one program costs, per second of a one-second refresh. */
export interface Sample {
  /** Milliseconds. */
  readonly firstFrame: number;
  /** Until the first figures of the server are on the screen. */
  readonly firstData: number;
  readonly server: number;
  readonly cpu: number;
  readonly bytes: number;
  /** While nothing changes. */
  readonly bytesPaused: number;
  /** MB. */
  readonly rss: number;
  /** 90th percentile from key to new screen. */
  readonly key: number;
  readonly keyStalled: number;
}

/** A program under test: how it is started, and what its screens can be told by. */
export interface Subject {
  readonly name: string;
  readonly role: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly frame: RegExp;
  readonly data: RegExp;
  /** Pressed once, before anything is measured. */
  readonly open?: readonly [key: string, shows: RegExp];
  /** Pressed in turn; the last one leads back to the screen that is measured. */
  readonly keys: readonly (readonly [key: string, shows: RegExp])[];
  /** application_name of the session that is stopped for the stalled keys. */
  readonly polls?: string;
  /** Stops the refresh. */
  readonly pause?: string;
}

export type Figures = { -readonly [K in keyof Sample]?: number };
export type Results = ReadonlyMap<Subject, readonly Figures[]>;

/** Measures all subjects on the stage as it is. They run side by side, so that they see the same server. */
export async function measure(stage: Stage, subjects: readonly Subject[]): Promise<Results> {
  const results = new Map<Subject, Figures[]>(subjects.map((subject) => [subject, []]));
  // the first start fills caches, of the compiler and of the file system
  for (let i = 0; i <= STARTS; i++)
    for (const subject of subjects) {
      const figures = await firstFrame(subject);
      if (i > 0) results.get(subject)?.push(figures);
    }
  const running = new Map<Subject, Program>();
  try {
    for (const subject of subjects) {
      const program = new Program(subject.file, subject.args, subject.env);
      running.set(subject, program);
      await program.shows(subject.data);
      if (subject.open) await program.press(...subject.open);
    }
    await delay(WARM_UP_MS);
    for (let i = 0; i < WINDOWS; i++) {
      for (const [subject, figures] of await steady(stage.admin, running))
        results.get(subject)?.push(figures);
      for (const [subject, program] of running)
        results.get(subject)?.push(await keys(stage, subject, program));
    }
    for (const [subject, program] of running)
      if (subject.pause !== undefined) results.get(subject)?.push(await paused(subject.pause, program));
  } finally {
    await Promise.all([...running.values()].map((program) => program.quit()));
  }
  return results;
}

async function firstFrame({ file, args, env, frame, data }: Subject): Promise<Figures> {
  const program = new Program(file, args, env);
  try {
    return { firstFrame: await program.shows(frame), firstData: await program.shows(data) };
  } finally {
    await program.quit();
  }
}

async function steady(
  admin: Session,
  running: ReadonlyMap<Subject, Program>,
): Promise<Map<Subject, Figures>> {
  const look = async () => ({
    at: performance.now(),
    server: await serverMs(admin),
    usage: new Map([...running].map(([subject, program]) => [subject, program.usage])),
  });
  const before = await look();
  await delay(WINDOW_MS);
  const after = await look();
  const seconds = (after.at - before.at) / 1000;
  const figures = new Map<Subject, Figures>();
  for (const subject of running.keys()) {
    const [a, b] = [before.usage.get(subject), after.usage.get(subject)];
    if (!a || !b) continue;
    const server = (after.server.get(subject.role) ?? 0) - (before.server.get(subject.role) ?? 0);
    figures.set(subject, {
      server: server / seconds,
      cpu: (b.cpu - a.cpu) / seconds,
      bytes: (b.bytes - a.bytes) / seconds,
      rss: b.rss,
    });
  }
  return figures;
}

async function keys(stage: Stage, subject: Subject, program: Program): Promise<Figures> {
  const key = await latency(program, subject.keys, PRESSES, PRESS_GAP_MS);
  if (subject.polls === undefined) return { key };
  const pid = await firstSession(stage.admin, subject);
  process.kill(pid, 'SIGSTOP');
  try {
    return { key, keyStalled: await latency(program, subject.keys, STALL_PRESSES, 2 * PRESS_GAP_MS) };
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

async function paused(key: string, program: Program): Promise<Figures> {
  await program.press(key, /PAUSED/);
  await delay(CALM_MS);
  const before = program.usage.bytes;
  await delay(3_000);
  return { bytesPaused: (program.usage.bytes - before) / 3 };
}

/** Time spent planning and executing, by role, since the server began. */
export async function serverMs(admin: Session): Promise<Map<string, number>> {
  const rows =
    await admin.sql(`SELECT r.rolname::text AS role, sum(s.total_exec_time + s.total_plan_time) AS ms
    FROM pg_stat_statements(false) s JOIN pg_roles r ON r.oid = s.userid GROUP BY 1`);
  return new Map(rows.map((row) => [String(row.role), Number(row.ms)]));
}

/** Presses keys in turn; milliseconds until the screen shows what they lead to, 90th percentile. */
export async function latency(
  program: Program,
  keys: Subject['keys'],
  presses: number,
  gap: number,
): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < presses; i++) {
    const next = keys[i % keys.length];
    if (!next) break;
    times.push(await program.press(...next));
    await delay(gap);
  }
  return percentile(times, 0.9);
}

/** The process of a subject's oldest session: in pgdeck the one that polls every second. */
async function firstSession(admin: Session, subject: Subject): Promise<number> {
  const [row] = await admin.sql(
    `SELECT pid FROM pg_stat_activity WHERE usename = $1 AND application_name = $2 AND datname = '${DATABASE}'
      ORDER BY backend_start LIMIT 1`,
    [subject.role, subject.polls],
  );
  return Number(row?.pid);
}

/** The smallest value that at least this share of the values does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
