import { fileURLToPath } from 'node:url';
import { local } from '../../../src/hosts/local.ts';
import { type Stage, WATCHER } from './stage.ts';

const TICKS = [600, 1200, 3600];
/** An hour in two minutes makes garbage thirty times as fast: V8 would rather take more memory than clear it away. */
const SMALL_HEAP = ['--expose-gc', '--max-old-space-size=96', '--max-semi-space-size=2'];
/** Windows of an hour fill up: it is no leak that they are fuller than after twenty minutes. */
const MORE_MB = 10;
/** Of what is resident: those windows, and what the allocator keeps of them. */
const FLAT = 1.1;

/** Lets an hour pass in which the watch samples and is scraped every second; see {@link file://./soak.ts}. */
export async function hour({ primary, home }: Stage): Promise<{ report: string; faults: string[] }> {
  const url = `postgres://${WATCHER}@127.0.0.1:${primary.port}/postgres?sslmode=disable`;
  const soak = fileURLToPath(new URL('soak.ts', import.meta.url));
  const result = await local.run(process.execPath, [...SMALL_HEAP, soak, url, ...TICKS.map(String)], {
    env: { NODE_ENV: 'production', HOME: home },
    timeout: 600_000,
  });
  if (result.exitCode !== 0) return { report: '', faults: [`the hour ended early: ${result.stderr}`] };
  const { memory, sent } = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '') as {
    memory: { tick: number; heap: number; rss: number }[];
    sent: number;
  };
  const lines = memory.map(
    ({ tick, heap, rss }) => `after ${tick} ticks: heap ${heap.toFixed(1)} MB, RSS ${rss.toFixed(0)} MB`,
  );
  const [, second, last] = memory;
  const grown = (last?.heap ?? Number.NaN) - (second?.heap ?? Number.NaN);
  return {
    report: [...lines, `notifications in the hour: ${sent}`].join('\n'),
    faults: [
      ...(grown <= MORE_MB ? [] : [`an hour: the heap grew by ${grown.toFixed(1)} MB in 40 minutes`]),
      ...((last?.rss ?? Number.NaN) <= FLAT * (second?.rss ?? Number.NaN)
        ? []
        : ['an hour: what is resident is not flat in the last 40 minutes']),
      ...(sent > 0 ? [] : ['an hour: nothing was told']),
    ],
  };
}
