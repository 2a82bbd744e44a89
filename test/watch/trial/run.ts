import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import { differences, table } from './compare.ts';
import { comeAndGo, type Episode } from './episodes.ts';
import { hour } from './hour.ts';
import { Hook, type Inbox, Mailbox } from './inbox.ts';
import { many } from './many.ts';
import { Program } from './program.ts';
import { scrape } from './scrapes.ts';
import { createStage, type Stage } from './stage.ts';
import { troubles } from './troubles.ts';

/*
 * Whether `pgdeck watch` tells what happens, each once and to everybody: locks, a standby that lags and an archiver that
 * fails come and go, the server is restarted, a receiver is away, and it is scraped meanwhile. Then a thousand relations
 * with findings, and an hour of simulated time: npm run test:watch [-- MINUTES]
 */

const minutes = Number(process.argv[2] ?? 10);
if (!(minutes >= 3)) throw new Error(`Expected three minutes or more, got ${process.argv[2]}.`);

const SCRAPES = 0.15;
const RESTART = 0.45;
const DOWN = 0.6;
/** Two minutes of ten. */
const DOWN_FOR = 0.2;
/** What has to be told to the one that is away. */
const MISSED = 2;
const AWAY_MS = 5_000;
const RESTART_MS = 60_000;
/** Between two attempts there is up to a minute. */
const CAUGHT_UP_MS = 90_000;

const faults: string[] = [];
const onFault = (fault: string) => void faults.push(fault);
/** What fails does not keep the rest from being told. */
const tried = <T>(work: Promise<T>): Promise<T | undefined> =>
  work.catch((error: Error) => {
    onFault(error.message);
    return undefined;
  });
const said = (line: string) => console.log(line);

async function trial(stage: Stage): Promise<void> {
  const [hook, mailbox] = [await new Hook().up(), await new Mailbox().up()];
  const args = ['--mail', 'dba@example.com', '--listen', '127.0.0.1:0'];
  const program = new Program(stage, 'shop', args, {
    PGDECK_WEBHOOK_URL: hook.url,
    PGDECK_SMTP_URL: mailbox.url,
  });
  try {
    const [, address = ''] = await program.says(/listening on (\S+)/);
    const begun = Date.now();
    const length = minutes * 60_000;
    const at = (share: number) => delay(Math.max(0, begun + share * length - Date.now()));
    const [episodes, away, scraped, flood] = await Promise.all([
      Promise.all(troubles(stage).map((one) => comeAndGo(one, mailbox, begun + length, onFault))),
      tried(at(RESTART).then(() => restart(stage, mailbox))),
      tried(at(SCRAPES).then(() => scrape(stage, address, program.pid))),
      tried(many(stage)),
      tried(at(DOWN).then(() => miss(hook, mailbox, DOWN_FOR * length))),
    ]);
    const all = [...episodes.flat(), ...(away ? [away] : [])];
    // it is told what it has missed; one that is too many comes after that
    await until(() => hook.taken.length >= mailbox.taken.length, {
      what: 'what the webhook has missed',
      timeout: CAUGHT_UP_MS,
    }).catch((error: Error) => onFault(error.message));
    said(`${table(all, [hook, mailbox])}\n\n${scraped?.report ?? ''}`);
    faults.push(...differences(all, [hook, mailbox]), ...(scraped?.faults ?? []), ...(flood ?? []));
    if (!/ updated critical /.test(program.said)) faults.push('no alert was updated: that was not tried');
    if ((await program.stop()) !== 0) faults.push('the watch did not end well');
  } finally {
    await program.stop();
    await Promise.all([hook.down(), mailbox.down()]);
    if (faults.length > 0) said(program.said);
  }
}

/** The server goes, is seen to be gone, and comes back. */
async function restart({ primary }: Stage, inbox: Inbox): Promise<Episode> {
  const about = { check: 'server_away', object: null };
  const told = (state: string) => () =>
    inbox.taken.some((one) => one.check === about.check && one.state === state);
  const begun = Date.now();
  await primary.stop('fast');
  await delay(AWAY_MS);
  await until(told('raised'), { what: 'that the server is away', timeout: RESTART_MS });
  const ended = Date.now();
  await primary.start();
  await until(told('resolved'), { what: 'that the server is back', timeout: RESTART_MS });
  return { ...about, begun, ended };
}

/** The webhook is away, then refuses, for so long and until there is something that it has missed. */
async function miss(hook: Hook, mailbox: Mailbox, ms: number): Promise<void> {
  const before = mailbox.taken.length;
  await hook.down();
  await delay(ms / 2);
  await hook.refuse();
  await delay(ms / 2);
  await until(() => mailbox.taken.length >= before + MISSED, {
    what: 'something that the webhook misses',
    timeout: RESTART_MS,
  });
  await hook.down();
  await hook.up();
}

const stage = await createStage();
const stop = () => void stage.remove().finally(() => process.exit(130));
process.once('SIGINT', stop);
process.once('SIGTERM', stop);
try {
  await trial(stage);
  const long = await hour(stage);
  said(`\n${long.report}`);
  faults.push(...long.faults);
} catch (error) {
  faults.push((error as Error).stack ?? String(error));
} finally {
  await stage.remove();
}
said(faults.length === 0 ? '\nEach was told once, to everybody.' : `\n${faults.join('\n')}`);
// what has failed may have left something that waits
process.exit(faults.length === 0 ? 0 : 1);
