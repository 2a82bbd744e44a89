import type { Command } from 'commander';
import type { Env } from '../../config/libpq/env.ts';
import type { Resolved } from '../../config/profile.ts';
import { readSettings, settingsPath } from '../../config/store.ts';
import { UsageError } from '../../config/usage-error.ts';
import { place } from '../../db/errors.ts';
import { local } from '../../hosts/local.ts';
import { systemClock } from '../../monitor/clock.ts';
import { channelsOf, pingOf } from '../../notify/channels.ts';
import type { Message } from '../../notify/message.ts';
import { Ping } from '../../notify/ping.ts';
import { connectionWords, placesIn } from '../../ops/engine/connection.ts';
import { startDaemon } from '../../watch/daemon.ts';
import { Watched } from '../../watch/files.ts';
import { parseListen } from '../../watch/http/address.ts';
import { unitOf } from '../../watch/unit.ts';
import { globalOptions } from '../context.ts';
import { EXIT, note, print, unwritten } from '../output.ts';
import { interruptible } from '../show/interruptible.ts';
import type { WatchCommandOptions } from '../watch.ts';

interface Where {
  readonly command: Command;
  readonly resolved: Resolved;
  readonly env: Env;
}

/** Watches until it is stopped. Throws UsageError for what cannot be told or listened to. */
export async function runWatch(options: WatchCommandOptions, where: Where): Promise<number> {
  if (options.printUnit) return printUnit(options, where);
  for (const name of ['webhook', 'ping'] as const)
    if (options[name] !== undefined)
      note(
        `pgdeck: --${name} is seen by other users of this machine; PGDECK_${name.toUpperCase()}_URL is not.`,
      );
  if (options.test) return test(options, where);
  const { resolved, env, command } = where;
  const interval =
    globalOptions(command).interval === undefined ? undefined : resolved.intervals.refresh_seconds;
  // to tell of alerts matters more than the log
  Object.assign(unwritten, { full: undefined, closed: undefined });
  try {
    const daemon = await startDaemon({
      ...{ resolved, env, host: local, flags: options, interval, say },
      waivers: () => waiversOf(resolved, env),
    });
    say(
      `watching ${place(resolved.target)}${daemon.address === undefined ? '' : `, listening on ${daemon.address}`}`,
    );
    await interruptible().after(Number.POSITIVE_INFINITY);
    await daemon.stop();
    say('stopped');
  } catch (error) {
    if (error instanceof Watched) throw new UsageError(error.message, error.next);
    throw error;
  }
  return EXIT.done;
}

const say = (line: string) => print(`${new Date().toISOString()} ${line}`);

/** As they are now: what is waived while it runs is waived at the next look. */
function waiversOf({ profileName, settingsFile, waivers }: Resolved, env: Env): Resolved['waivers'] {
  if (profileName === undefined) return waivers;
  return readSettings(settingsPath(env, settingsFile)).profiles[profileName]?.waivers ?? [];
}

/** Without secrets: they are in a file of their own, which the unit names. */
async function printUnit(options: WatchCommandOptions, { command, resolved, env }: Where): Promise<number> {
  for (const name of ['webhook', 'ping'] as const)
    if (options[name] !== undefined)
      throw new UsageError(
        `A unit is no place for --${name}: whoever lists units sees it.`,
        `Put PGDECK_${name.toUpperCase()}_URL into ~/.config/pgdeck/watch.env (mode 0600), which the unit reads.`,
      );
  // what would end it at each start is refused now; the mail server stands where the unit reads it
  const settings = {
    ...resolved.notify,
    mail: { to: [], url: 'smtp://localhost', ...resolved.notify.mail },
  };
  channelsOf({ settings, env, flags: options, host: local });
  if (options.listen !== undefined) parseListen(options.listen);
  const { interval } = globalOptions(command);
  const { mail = [], command: commands = [], listen } = options;
  const words = [
    ...(await local.pgdeck()),
    ...connectionWords(resolved),
    ...(interval === undefined ? [] : ['--interval', String(interval)]),
    'watch',
    ...(listen === undefined ? [] : ['--listen', listen]),
    ...mail.flatMap((one) => ['--mail', one]),
    ...commands.flatMap((one) => ['--command', one]),
  ];
  print(unitOf(words, place(resolved.target), placesIn(env)).trimEnd());
  note(
    'Save it as ~/.config/systemd/user/pgdeck-watch.service, then: systemctl --user enable --now pgdeck-watch; loginctl enable-linger lets it run while you are logged out.',
  );
  if (env.PGPASSWORD !== undefined)
    note('PGPASSWORD is not written into a unit: put the password into ~/.pgpass.');
  return EXIT.done;
}

/** One message to each, and a ping; 1 when one of them did not arrive. */
async function test(flags: WatchCommandOptions, { resolved, env }: Where): Promise<number> {
  const settings = resolved.notify;
  const channels = channelsOf({ settings, env, flags, host: local });
  const url = pingOf({ settings, env, flags });
  if (channels.length === 0 && url === undefined)
    throw new UsageError(
      'Nobody is told of anything.',
      'Name --webhook, --mail, --command or --ping, or give them in the environment or the settings.',
    );
  const server = place(resolved.target);
  const message: Message = {
    text: `This is a test of pgdeck watch on ${server}: nothing is wrong.`,
    ...{ check: 'test', object: null, state: 'raised', severity: 'alert', value: null, threshold: null },
    ...{ server, at: new Date().toISOString() },
  };
  let failed = false;
  const told = (label: string, why: string | undefined) => {
    failed ||= why !== undefined;
    print(why === undefined ? `sent to ${label}` : `NOT sent to ${label}: ${why}`);
  };
  for (const channel of channels)
    told(
      channel.label,
      await channel.send(message, new AbortController().signal).then(
        () => undefined,
        (error: Error) => error.message,
      ),
    );
  if (url !== undefined) {
    const ping = new Ping({ url, clock: systemClock, silence: () => undefined });
    told(`${ping.label} (ping)`, await ping.once());
  }
  return failed ? EXIT.failed : EXIT.done;
}
