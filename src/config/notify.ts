import { z } from 'zod';
import { splitWords } from '../text/shell.ts';

/** From how grave on an alert is told outside, the least first. */
export const SEVERITIES = ['warning', 'alert', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** What a text is expected to be and is not; undefined where it is. It never repeats the text: it may be a secret. */
type Fault = (text: string) => string | undefined;

/** Of the URL of a webhook or a ping. */
export const webFault: Fault = (text) => {
  const url = urlOf(text);
  if (url === undefined || !/^https?:$/.test(url.protocol)) return 'expected a URL with http:// or https://';
  return credentialsOf(url) === undefined ? BAD_ESCAPE : undefined;
};

const TLS = ['required', 'insecure'];

/** Of the URL of a mail server: `smtp://user:password@host:587/?tls=required`. */
export const smtpFault: Fault = (text) => {
  const url = urlOf(text);
  if (url === undefined || !/^smtps?:$/.test(url.protocol) || url.hostname === '')
    return 'expected a URL with smtp:// or smtps:// and a host';
  if (!['', '/'].includes(url.pathname) || url.hash !== '')
    return 'expected nothing after the host but ?tls=…';
  for (const [name, value] of url.searchParams)
    if (name !== 'tls' || !TLS.includes(value)) return 'expected tls=required or tls=insecure after the ?';
  return credentialsOf(url) === undefined ? BAD_ESCAPE : undefined;
};

const BAD_ESCAPE = 'expected a % in the user or the password to be written as %25';

/** Of an address that gets mail. Nothing that could begin another header or another command of SMTP. */
export const addressFault: Fault = (text) =>
  /^[^\s\p{C}@<>()[\]\\,;:"]+@[^\s\p{C}@<>()[\]\\,;:"]+$/u.test(text)
    ? undefined
    : 'expected an address such as dba@example.com';

/** Of a command: words, quoted as in a shell. */
export const commandFault: Fault = (text) => {
  const words = splitWords(text);
  if (words === undefined) return 'a quote in it is not closed';
  return words.length === 0 || words[0] === '' ? 'expected a program and its arguments' : undefined;
};

/** User and password of a URL, as they are meant; undefined where an escape of them is none. */
export function credentialsOf(url: URL): { readonly user: string; readonly password: string } | undefined {
  try {
    return { user: decodeURIComponent(url.username), password: decodeURIComponent(url.password) };
  } catch {
    return undefined;
  }
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

const checked = (fault: Fault) =>
  z.string().superRefine((text, context) => {
    const message = fault(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

/** Who is told outside, and of what. */
export const notifySchema = z.strictObject({
  /** Get the notification as JSON in a POST. */
  webhooks: z.array(checked(webFault)).optional(),
  mail: z
    .strictObject({
      to: z.array(checked(addressFault)),
      from: checked(addressFault).optional(),
      url: checked(smtpFault).optional(),
    })
    .optional(),
  /** Get the notification as JSON on their standard input. */
  commands: z.array(checked(commandFault)).optional(),
  /** Asked for once a minute while all is well: what watches for it tells when it stays away. */
  ping: checked(webFault).optional(),
  /** Alerts from this one on; `alert` where it is not said. */
  severity: z.enum(SEVERITIES).optional(),
  /** A run that takes longer is told at its end; 5 where it is not said. */
  long_run_minutes: z.number().min(0).max(10_080).optional(),
  /** Whether failed backups and drills and long runs are told; they are where it is not said. */
  operations: z.boolean().optional(),
  /** What a request to `watch --listen` has to bring along. */
  listen_token: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'expected letters, digits and signs without blanks')
    .optional(),
});

export type NotifySettings = z.output<typeof notifySchema>;

/** The fields that hold a secret: who knows the URL of a webhook can write into its channel. */
export function secretsIn({ webhooks, mail, ping, listen_token }: NotifySettings): readonly string[] {
  const smtp = mail?.url !== undefined && new URL(mail.url).password !== '';
  return [
    ...(webhooks !== undefined && webhooks.length > 0 ? ['webhooks'] : []),
    ...(smtp ? ['mail.url'] : []),
    ...(ping === undefined ? [] : ['ping']),
    ...(listen_token === undefined ? [] : ['listen_token']),
  ];
}

/** The settings with those of a profile laid over them, the mail's one by one as well. */
export function mergeNotify(
  all: NotifySettings | undefined,
  profile: NotifySettings | undefined,
): NotifySettings {
  const mail = profile?.mail && { ...all?.mail, ...profile.mail };
  return { ...all, ...profile, ...(mail && { mail }) };
}
