import { hostname } from 'node:os';
import { credentialsOf } from '../../config/notify.ts';
import { cleanBlock, cleanLine } from '../../text/clean.ts';
import type { Channel } from '../channel.ts';
import { deadline } from '../deadline.ts';
import { certificateFault, codeOf, type NotifyError, notifyErrors } from '../errors.ts';
import type { Message } from '../message.ts';

/** For every answer, and for the whole of it. */
const ANSWER_MS = 10_000;
const TIMEOUT_MS = 30_000;
/** Longer subjects are cut by those who show them, each in their own way. */
const SUBJECT = 200;

export interface MailOptions {
  readonly to: string;
  readonly from?: string | undefined;
  /** `smtp://user:password@host:587/?tls=required`. */
  readonly url: URL;
}

/**
 * One address. To several the message goes one by one: of one mail to all, a part may be taken and another one refused,
 * and the next attempt would reach some of them twice.
 */
export function mail(
  { to, from = `pgdeck@${hostname()}`, url }: MailOptions,
  timeoutMs = TIMEOUT_MS,
): Channel {
  const server = `${url.protocol}//${cleanLine(url.hostname)}`;
  const label = `mail to ${cleanLine(to)} by ${server}`;
  return {
    label,
    send: async (message, signal) => {
      const until = deadline(timeoutMs, signal);
      try {
        const { createTransport } = await import('nodemailer');
        const transport = createTransport(transportOptions(url));
        await transport.sendMail({
          ...{ to, from, subject: subjectOf(message), text: bodyOf(message) },
          ...{ disableFileAccess: true, disableUrlAccess: true, signal: until.signal },
          // what answers by itself, such as "out of office", keeps still
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
      } catch (error) {
        if (until.late) throw notifyErrors.mailTimeout({ label });
        if (signal.aborted) throw notifyErrors.stopped({ label });
        throw told(error, label, server);
      } finally {
        until.release();
      }
    },
  };
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

function transportOptions(url: URL) {
  const tls = url.searchParams.getAll('tls');
  const secure = url.protocol === 'smtps:';
  const { user, password } = credentialsOf(url) ?? { user: '', password: '' };
  // who can take STARTTLS out of what the server offers would get the password
  const needed = tls.includes('required') || (password !== '' && !LOOPBACK.test(url.hostname));
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && needed,
    tls: { rejectUnauthorized: !tls.includes('insecure') },
    ...(user !== '' && { auth: { user, pass: password } }),
    connectionTimeout: ANSWER_MS,
    greetingTimeout: ANSWER_MS,
    socketTimeout: ANSWER_MS,
    dnsTimeout: ANSWER_MS,
  };
}

function subjectOf({ state, text }: Message): string {
  const subject = cleanLine(`[pgdeck] ${state}: ${text}`);
  return subject.length > SUBJECT ? `${subject.slice(0, SUBJECT - 1)}…` : subject;
}

function bodyOf(message: Message): string {
  const { text, check, object, state, severity, value, threshold, server, at } = message;
  const lines = Object.entries({ server, state, severity, check, object, value, threshold, at }).flatMap(
    ([name, one]) => (one === null ? [] : [`${`${name}:`.padEnd(11)}${cleanLine(String(one))}`]),
  );
  return `${cleanBlock(text)}\n\n${lines.join('\n')}\n`;
}

/** What the server said is not repeated beyond its codes: it may say the password back. */
function told(error: unknown, label: string, server: string): NotifyError {
  const { response, permanent, originalCode } = error as Readonly<Record<string, unknown>>;
  const [answer] = (typeof response === 'string' && /^\d{3}([ -]\d\.\d{1,3}\.\d{1,3})?/.exec(response)) || [
    '',
  ];
  const facts = {
    label,
    answer: answer === '' ? '' : ` (${answer.replace('-', ' ')})`,
    permanent: permanent === true,
  };
  const fault = certificateFault(error) ?? certificateFault({ code: originalCode });
  if (fault !== undefined) return notifyErrors.mailCertificate({ label: server, fault });
  switch (codeOf(error)) {
    case 'EAUTH':
    case 'ENOAUTH':
      return notifyErrors.login(facts);
    case 'ETLS':
      return notifyErrors.tls({ label: server });
    case 'EENVELOPE':
    case 'EMESSAGE':
    case 'EPROTOCOL':
      return notifyErrors.mail(facts);
  }
  // the library's own code stands over the system's, which says more
  return notifyErrors.connection({ label, code: codeOf({ code: originalCode }) ?? codeOf(error) });
}
