import type { Alert, Change } from '../alerts/alert.ts';
import { sayRemedies } from '../app/remedies.ts';
import type { Env } from '../config/libpq/env.ts';
import type { Resolved } from '../config/profile.ts';
import { place } from '../db/errors.ts';
import { type HealthReport, reportOf } from '../health/report.ts';
import type { Waiver } from '../health/waivers.ts';
import type { Host } from '../hosts/host.ts';
import { systemClock } from '../monitor/clock.ts';
import { channelsOf, type NotifyFlags, pingOf } from '../notify/channels.ts';
import type { Message } from '../notify/message.ts';
import { type Address, type Kept, Outbox } from '../notify/outbox.ts';
import { Ping } from '../notify/ping.ts';
import { type Left, WatchFiles } from './files.ts';
import { parseListen } from './http/address.ts';
import { listen } from './http/server.ts';
import { messageOf } from './message.ts';
import { METRIC_POLLS } from './metrics/registry.ts';
import { metricsText } from './metrics/text.ts';
import { Watch } from './watch.ts';

/** systemd kills after 90 s; whoever stops it by hand waits. */
const CLOSING_MS = 500;

export interface DaemonOptions {
  readonly resolved: Resolved;
  readonly env: Env;
  readonly host: Host;
  readonly interval?: number | undefined;
  readonly flags: NotifyFlags & { readonly listen?: string | undefined };
  readonly waivers: () => readonly Waiver[];
  /** One line of the log. */
  readonly say: (line: string) => void;
}

/** A watch that runs. */
export interface Daemon {
  /** Where it listens. */
  readonly address: string | undefined;
  /** Ends within a second; what has not arrived yet is kept for the next one. */
  stop(): Promise<void>;
}

/**
 * Watches a server until it is stopped: alerts go out, and the last sample is served over HTTP. Throws UsageError for
 * what cannot be told or listened to, and {@link file://./files.ts Watched} where another process watches already.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { resolved, env, host, flags, say, waivers, interval } = options;
  const server = place(resolved.target);
  const settings = resolved.notify;
  // all that may be refused comes before anything is begun
  const channels = channelsOf({ settings, env, flags, host });
  const pinged = pingOf({ settings, env, flags });
  const address = flags.listen === undefined ? undefined : parseListen(flags.listen);
  const files = new WatchFiles(env, server);
  files.lock();
  try {
    const kept = files.read();
    if (kept.damaged !== undefined) say(kept.damaged);
    const outbox = new Outbox({
      channels,
      clock: systemClock,
      onSettled: () => keep(),
      onGivenUp: ({ label, message, reason }) => say(`given up: ${nameOf(message)} to ${label}: ${reason}`),
      onWaiting: (label, reason) =>
        say(reason === undefined ? `arrives again: ${label}` : `will be tried again: ${reason}`),
    });
    let unkept: string | undefined;
    const keep = (pending = outbox.kept) => {
      const why = files.write({ alerts: watch.alerts, pending, told: outbox.addresses });
      if (why !== unkept) say(why ?? 'alerts are kept again');
      unkept = why;
    };
    const [sayUnread, sayUnserved] = [onceInRow(say), onceInRow(say)];
    const changed = (changes: readonly Change[]) => {
      for (const change of changes) {
        say(lineOf(change));
        const message = messageOf(change, server, Date.now());
        if (message) outbox.put(message);
      }
      keep();
    };
    let report: HealthReport | undefined;
    const watch: Watch = new Watch({
      ...{ resolved, env, host, waivers, onChange: changed, known: kept.alerts },
      ...(interval !== undefined && { interval }),
      ...(settings.severity && { least: settings.severity }),
      ...(address && { polls: METRIC_POLLS }),
      onUnread: (reason) => sayUnread(`backups, jobs, disks and the log could not be looked at: ${reason}`),
      onSample: (assessment) => {
        if (address === undefined) return;
        const at = new Date();
        void sayRemedies(assessment).then((words) => {
          report = reportOf(assessment, { at, server, figures: watch.figures, say: words });
        });
      },
    });
    const ping =
      pinged &&
      new Ping({
        url: pinged,
        clock: systemClock,
        silence: () => watch.silence,
        // before the first sample nothing is known: where the server is away, that is an alert
        onSilent: (reason) => {
          if (watch.sampledAt === undefined) return;
          say(reason === undefined ? 'ping: sent from now on' : `ping: not sent, ${reason}`);
        },
        onFailed: (reason) => say(`ping: ${reason}`),
      });
    const facts = () => ({
      alerts: watch.alerts,
      stale: watch.stale,
      notifications: outbox.states,
      ...(ping && { ping: { to: ping.label, ...ping.state, silent: watch.silence ?? null } }),
    });
    const listening =
      address &&
      (await listen({
        ...address,
        token: env.PGDECK_LISTEN_TOKEN || settings.listen_token,
        onError: (path, error) => sayUnserved(`${path}: ${(error as Error).message}`),
        health: () => healthPage(report, server, facts()),
        metrics: () =>
          metricsText({
            figures: watch.figures,
            server,
            assessment: watch.assessment,
            sampledAt: watch.sampledAt,
            up: watch.up,
            stale: watch.stale,
            outside: watch.outside,
            alerts: watch.alerts,
            notifications: {
              pending: outbox.pending,
              sent: outbox.states.reduce((sum, { sent }) => sum + sent, 0),
              givenUp: outbox.givenUp,
            },
          }),
      }));
    if (listening?.warning) say(listening.warning);
    for (const alert of kept.alerts) say(lineOf({ state: 'stands', alert }));
    // nothing is sent before all that may be refused was: who is refused ends, and the next one would send it again
    for (const { label, message } of outbox.resume(kept.pending))
      say(`${nameOf(message)} was for ${label}, which is told no more`);
    outbox.resume(untold(kept, outbox.addresses, server));
    watch.start();
    ping?.start();
    return {
      address: listening?.address,
      stop: async () => {
        const [left] = await Promise.all([
          outbox.close(CLOSING_MS),
          ping?.stop(),
          listening?.close(),
          watch.stop(),
        ]);
        keep(left);
        files.unlock();
      },
    };
  } catch (error) {
    files.unlock();
    throw error;
  }
}

/** Says what is not what was said before: a fault that is met at each tick or scrape is one line. */
function onceInRow(say: (line: string) => void): (line: string) => void {
  let last: string | undefined;
  return (line) => {
    if (line !== last) say(line);
    last = line;
  };
}

function lineOf({ state, alert: { key, severity, title } }: Line): string {
  return `${state} ${severity} ${key}: ${title}`;
}

const nameOf = ({ state, check, object }: Message) =>
  `${state} ${object === null ? check : `${check}:${object}`}`;

/** What stands, for those who were not there when it was raised. */
function untold({ alerts, told }: Left, now: readonly Address[], server: string): Kept[] {
  const isOld = ({ label, nth }: Address) => told.some((one) => one.label === label && one.nth === nth);
  const messages = alerts.flatMap(
    (alert) => messageOf({ state: 'raised', alert }, server, alert.since) ?? [],
  );
  return now
    .filter((one) => !isOld(one))
    .flatMap((one) => messages.map((message) => ({ ...one, message, tried_ms: 0 })));
}

/** Of the log. */
interface Line {
  readonly state: Change['state'] | 'stands';
  readonly alert: Alert;
}

interface Extra {
  readonly stale: boolean;
}

/** The verdict of the last sample; 503 where the server is unhealthy, or nothing is known of how it is now. */
function healthPage(
  report: HealthReport | undefined,
  server: string,
  extra: Extra,
): { status: number; body: unknown } {
  if (report === undefined)
    return { status: 503, body: { status: 'error', partial: true, server, score: null, ...extra } };
  const status = extra.stale ? 'error' : report.status;
  return {
    status: status === 'healthy' || status === 'warning' ? 200 : 503,
    body: { ...report, status, ...extra },
  };
}
