import { Gauge, Registry } from 'prom-client';
import type { Figures } from '../../monitor/figures.ts';
import type { Metric, Sample, Scrape } from './metric.ts';
import { ownProcess } from './process.ts';
import { METRIC_POLLS, METRICS } from './registry.ts';

/** Samples that were made elsewhere, in the form that a registry writes. */
class Family extends Gauge<string> {
  readonly #metric: Metric;
  readonly #samples: readonly Sample[];

  constructor(metric: Metric, samples: readonly Sample[]) {
    super({ name: metric.name, help: metric.help, labelNames: [...metric.labels], registers: [] });
    this.#metric = metric;
    this.#samples = samples;
  }

  /** Given as they are: the client knows series by their labels joined with commas, which names may have in them. */
  override async get(): ReturnType<Gauge<string>['get']> {
    const { name, help, type } = this.#metric;
    return { ...(await super.get()), name, help, type: type as never, values: [...this.#samples] };
  }
}

/** The samples of a metric; none while it is not known, and a figure of the server is not known while that is away. */
export function samplesOf(metric: Metric, scrape: Scrape): readonly Sample[] {
  const { figures, up, stale } = scrape;
  if (!metric.always && (!up || stale)) return [];
  const major = figures.server?.major ?? 0;
  if (major < metric.min || major > metric.max) return [];
  if (metric.reads.some((poll) => figures.part(poll).status !== 'ok')) return [];
  return metric.samples(scrape);
}

async function write(metrics: readonly Metric[], scrape: Scrape): Promise<string> {
  const registry = new Registry();
  for (const metric of metrics) {
    const samples = samplesOf(metric, scrape);
    if (samples.length > 0) registry.registerMetric(new Family(metric, samples));
  }
  return registry.metrics();
}

interface Written {
  readonly of: readonly unknown[];
  readonly text: Promise<string>;
}
const written = new WeakMap<Figures, Written>();

/** All that the text is made of: parts of a sample are other objects when they have changed. */
function madeOf({ figures, alerts, notifications, ...rest }: Scrape): readonly unknown[] {
  const { server, assessment, sampledAt, up, stale, outside } = rest;
  return [
    ...METRIC_POLLS.map((poll) => figures.part(poll)),
    ...[server, assessment, sampledAt, up, stale, outside, figures.server],
    ...alerts.flatMap(({ key, severity }) => [key, severity]),
    ...[notifications.pending, notifications.sent, notifications.givenUp],
  ];
}

/**
 * The last sample in the text format of Prometheus. What is not known is absent, never 0. The server is not asked, and
 * the text is written once for a sample, however often it is asked for.
 */
export async function metricsText(scrape: Scrape): Promise<string> {
  const of = madeOf(scrape);
  const before = written.get(scrape.figures);
  const same = before?.of.length === of.length && before.of.every((one, i) => Object.is(one, of[i]));
  const text = same ? before.text : write(METRICS, scrape);
  if (!same) written.set(scrape.figures, { of, text });
  return `${await text}\n${await write(ownProcess, scrape)}`;
}
