import { columns, type Metric } from './metric.ts';

const MICROSECONDS = 1e6;

/** What the watch itself takes. */
export const ownProcess: readonly Metric[] = columns(
  { reads: [], rows: () => [{ rss: process.memoryUsage.rss(), cpu: process.cpuUsage() }] },
  [
    {
      name: 'pgdeck_process_resident_memory_bytes',
      help: 'Memory of this process.',
      always: true,
      value: ({ rss }) => rss,
    },
    {
      name: 'pgdeck_process_cpu_seconds_total',
      help: 'Processor time of this process.',
      type: 'counter',
      always: true,
      value: ({ cpu }) => (cpu.user + cpu.system) / MICROSECONDS,
    },
  ],
);
