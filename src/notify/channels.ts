import type { Env } from '../config/libpq/env.ts';
import {
  addressFault,
  commandFault,
  credentialsOf,
  type NotifySettings,
  smtpFault,
  webFault,
} from '../config/notify.ts';
import { UsageError } from '../config/usage-error.ts';
import type { Host } from '../hosts/host.ts';
import { splitWords } from '../text/shell.ts';
import type { Channel } from './channel.ts';
import { command } from './channels/command.ts';
import { mail } from './channels/mail.ts';
import { webhook } from './channels/webhook.ts';

/** What the command line says of who is told; each takes the place of what the settings say of its kind. */
export interface NotifyFlags {
  readonly webhook?: readonly string[] | undefined;
  readonly mail?: readonly string[] | undefined;
  readonly command?: readonly string[] | undefined;
  readonly ping?: string | undefined;
}

export interface ChannelsOptions {
  readonly settings: NotifySettings;
  readonly env: Env;
  readonly flags?: NotifyFlags;
  /** Where commands run. */
  readonly host: Host;
}

/**
 * Everybody who is told: the command line before the environment before the settings. Throws
 * {@link file://../config/usage-error.ts UsageError}, which names the setting and not its value.
 */
export function channelsOf({ settings, env, flags = {}, host }: ChannelsOptions): Channel[] {
  return [
    ...webhooksOf(settings, env, flags).map((url) => webhook(url)),
    ...mailsOf(settings, env, flags),
    ...commandsOf(settings, flags, host),
  ];
}

/** Where the dead man's ping goes; undefined where nobody expects one. Throws as {@link channelsOf} does. */
export function pingOf({ settings, env, flags = {} }: Omit<ChannelsOptions, 'host'>): URL | undefined {
  const { ping } = flags;
  if (ping !== undefined) return typed(ping, '--ping', 'PGDECK_PING_URL');
  const given = env.PGDECK_PING_URL || undefined;
  if (given !== undefined) return new URL(fit(given, webFault, 'PGDECK_PING_URL'));
  return settings.ping === undefined ? undefined : new URL(settings.ping);
}

function webhooksOf({ webhooks = [] }: NotifySettings, env: Env, flags: NotifyFlags): URL[] {
  if (flags.webhook !== undefined)
    return flags.webhook.map((url) => typed(url, '--webhook', 'PGDECK_WEBHOOK_URL'));
  const given = env.PGDECK_WEBHOOK_URL || undefined;
  if (given !== undefined) return [new URL(fit(given, webFault, 'PGDECK_WEBHOOK_URL'))];
  return webhooks.map((url) => new URL(url));
}

function mailsOf({ mail: settings }: NotifySettings, env: Env, flags: NotifyFlags): Channel[] {
  const to = flags.mail?.map((one) => fit(one, addressFault, '--mail')) ?? settings?.to ?? [];
  if (to.length === 0) return [];
  const given = env.PGDECK_SMTP_URL || undefined;
  const server = given === undefined ? settings?.url : fit(given, smtpFault, 'PGDECK_SMTP_URL');
  if (server === undefined)
    throw new UsageError(
      'There is no mail server to send by.',
      'Give it in PGDECK_SMTP_URL, or as notify.mail.url in the settings: smtp://user:password@host:587.',
    );
  return to.map((one) => mail({ to: one, from: settings?.from, url: new URL(server) }));
}

function commandsOf({ commands = [] }: NotifySettings, flags: NotifyFlags, host: Host): Channel[] {
  const given = flags.command?.map((one) => fit(one, commandFault, '--command')) ?? commands;
  return given.map((one) => command(splitWords(one) ?? [], host));
}

/** A URL on the command line, which other users of the machine can see. */
function typed(text: string, flag: string, variable: string): URL {
  const url = new URL(fit(text, webFault, flag));
  if (url.username === '' && credentialsOf(url)?.password === '') return url;
  throw new UsageError(
    `${flag}: a URL with a user or a password would be seen by other users of this machine.`,
    `Give it in ${variable}, or in the settings.`,
  );
}

function fit(text: string, fault: (text: string) => string | undefined, where: string): string {
  const why = fault(text);
  if (why === undefined) return text;
  throw new UsageError(`${where}: ${why}.`, 'Nothing was begun.');
}
