import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { rssMb } from '../../bench/process.ts';
import { as, type Stage, WATCHER } from './stage.ts';

const PER_SECOND = 200;
const SECONDS = 10;
/** What is asked each second depends on what goes on: a wait for a lock has questions of its own. */
const MORE_PER_SECOND = 10;
const P99_MS = 1_000;
/** The young space of V8 grows with the first thousand answers. */
const MORE_MB = 100;

export interface Scraped {
  readonly report: string;
  readonly faults: readonly string[];
}

/** Reads both pages 200 times a second, and counts what the server is asked before and meanwhile. */
export async function scrape(stage: Stage, address: string, pid: number): Promise<Scraped> {
  const quiet = await counted(stage, () => delay(SECONDS * 1000));
  const rss = rssMb(pid);
  const agent = new Agent({ keepAlive: true, maxSockets: 20 });
  const answers: Promise<Answer>[] = [];
  const busy = await counted(stage, async () => {
    const begun = performance.now();
    for (let i = 0; i < SECONDS * PER_SECOND; i++) {
      await delay(Math.max(0, begun + (i * 1000) / PER_SECOND - performance.now()));
      answers.push(read(`http://${address}${i % 2 === 0 ? '/metrics' : '/health'}`, agent));
    }
    await Promise.all(answers);
  });
  const all = await Promise.all(answers);
  agent.destroy();
  const times = all.map(({ ms }) => ms).sort((a, b) => a - b);
  const p99 = times[Math.floor(times.length * 0.99)] ?? Number.NaN;
  const bad = all.filter(({ ok }) => !ok).length;
  const after = rssMb(pid);
  return {
    report: [
      `queries per second of the watch: ${quiet.toFixed(1)} without, ${busy.toFixed(1)} with ${PER_SECOND} scrapes a second for ${SECONDS} s`,
      `a scrape: p50 ${times[Math.floor(times.length / 2)]?.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; RSS ${rss.toFixed(0)} MB before, ${after.toFixed(0)} MB after`,
    ].join('\n'),
    faults: [
      ...(busy > quiet + MORE_PER_SECOND ? ['scrapes: the server was asked more'] : []),
      ...(p99 > P99_MS ? [`scrapes: p99 is ${p99.toFixed(0)} ms`] : []),
      ...(after > rss + MORE_MB ? [`scrapes: RSS grew by ${(after - rss).toFixed(0)} MB`] : []),
      ...(bad > 0 ? [`scrapes: ${bad} of ${all.length} were not answered with a page`] : []),
    ],
  };
}

/** Statements of the watch per second while something is done. */
async function counted(stage: Stage, work: () => Promise<unknown>): Promise<number> {
  const calls = () =>
    as(stage.primary, async (admin) => {
      const [row] = await admin.sql(
        // another one watches another database
        `SELECT sum(calls)::float8 AS calls FROM pg_stat_statements
          WHERE userid = $1::regrole AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        [WATCHER],
      );
      return Number(row?.calls);
    });
  const [before, begun] = [await calls(), performance.now()];
  await work();
  const seconds = (performance.now() - begun) / 1000;
  return ((await calls()) - before) / seconds;
}

interface Answer {
  readonly ms: number;
  readonly ok: boolean;
}

/** 503 is the answer of a server that is ill. */
function read(url: string, agent: Agent): Promise<Answer> {
  const begun = performance.now();
  return new Promise((resolve) => {
    get(url, { agent }, (answer) => {
      answer.resume();
      answer.on('end', () =>
        resolve({ ms: performance.now() - begun, ok: [200, 503].includes(answer.statusCode ?? 0) }),
      );
    }).on('error', () => resolve({ ms: performance.now() - begun, ok: false }));
  });
}
