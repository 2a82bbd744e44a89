import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NotifySettings } from '../../src/config/notify.ts';
import { UsageError } from '../../src/config/usage-error.ts';
import { local } from '../../src/hosts/local.ts';
import { channelsOf, type NotifyFlags, pingOf } from '../../src/notify/channels.ts';
import { Ping } from '../../src/notify/ping.ts';
import { ManualClock } from '../monitor/manual-clock.ts';
import { MESSAGE, never, Receiver } from './receiver.ts';

const given = (settings: NotifySettings, env: Record<string, string> = {}, flags: NotifyFlags = {}) => ({
  settings,
  env,
  flags,
  host: local,
});
const labels = (...args: Parameters<typeof given>) => channelsOf(given(...args)).map(({ label }) => label);

const SETTINGS: NotifySettings = {
  webhooks: ['https://hooks.example.com/a', 'https://chat.example.com:8443/b'],
  mail: { to: ['dba@example.com', 'boss@example.com'], url: 'smtp://mail.example.com' },
  commands: ["/usr/local/bin/page --key 'k 1'"],
  ping: 'https://ping.example.com/x',
};

describe('who is told', () => {
  test('by the settings; the environment stands above them, and the command line above both, kind by kind', () => {
    const mails = (server: string) => ['dba', 'boss'].map((to) => `mail to ${to}@example.com by ${server}`);
    expect(labels({})).toEqual([]);
    expect(labels(SETTINGS)).toEqual([
      'https://hooks.example.com/…',
      'https://chat.example.com/…',
      ...mails('smtp://mail.example.com'),
      'command page',
    ]);
    const env = {
      PGDECK_WEBHOOK_URL: 'http://env.example.com/',
      PGDECK_SMTP_URL: 'smtps://u:p@env.example.com',
    };
    expect(labels(SETTINGS, env)).toEqual([
      'http://env.example.com/…',
      ...mails('smtps://env.example.com'),
      'command page',
    ]);
    const flags = { webhook: ['http://flag.example.com/'], mail: ['me@example.com'], command: ['true'] };
    expect(labels(SETTINGS, env, flags)).toEqual([
      'http://flag.example.com/…',
      'mail to me@example.com by smtps://env.example.com',
      'command true',
    ]);
    expect(labels(SETTINGS, { PGDECK_WEBHOOK_URL: '', PGDECK_SMTP_URL: '' })).toHaveLength(5);
  });

  test('the ping likewise', () => {
    expect(pingOf(given({}))).toBeUndefined();
    expect(pingOf(given(SETTINGS))?.href).toBe('https://ping.example.com/x');
    const env = { PGDECK_PING_URL: 'https://env.example.com/' };
    expect(pingOf(given(SETTINGS, env))?.href).toBe('https://env.example.com/');
    expect(pingOf(given(SETTINGS, env, { ping: 'http://flag/' }))?.href).toBe('http://flag/');
  });
});

const SECRET = 's3cret-T0ken';

describe('what cannot be meant is refused, and its value is not repeated', () => {
  test.each<[string, Record<string, string>, NotifyFlags]>([
    ['--webhook: expected a URL with http:// or https://.', {}, { webhook: [`hooks/${SECRET}`] }],
    ['PGDECK_WEBHOOK_URL: expected a URL', { PGDECK_WEBHOOK_URL: `ftp://h/${SECRET}` }, {}],
    ['PGDECK_WEBHOOK_URL: expected a % in', { PGDECK_WEBHOOK_URL: `https://u:%${SECRET}@h/` }, {}],
    ['--webhook: a URL with a user or a password would be seen', {}, { webhook: [`https://u:${SECRET}@h/`] }],
    ['--webhook: a URL with a user or a password would be seen', {}, { webhook: [`https://${SECRET}@h/`] }],
    ['--webhook: a URL with a user or a password would be seen', {}, { webhook: [`https://:${SECRET}@h/`] }],
    ['PGDECK_SMTP_URL: expected a URL with smtp://', { PGDECK_SMTP_URL: `${SECRET}@h` }, {}],
    ['PGDECK_SMTP_URL: expected tls=required or', { PGDECK_SMTP_URL: `smtp://u:${SECRET}@h/?tls=no` }, {}],
    ['PGDECK_SMTP_URL: expected nothing after', { PGDECK_SMTP_URL: `smtp://u:${SECRET}@h/${SECRET}` }, {}],
    ['--mail: expected an address', {}, { mail: [`x@y\r\nBcc: ${SECRET}@z`] }],
    ['--mail: expected an address', {}, { mail: [`x@y,${SECRET}@z`] }],
    ['--command: a quote in it is not closed.', {}, { command: [`page '${SECRET}`] }],
    ['--command: expected a program', {}, { command: [' '] }],
  ])('%s', (sentence, env, flags) => {
    const settings = flags.command ? {} : { mail: { to: ['dba@example.com'] } };
    const error = thrown(() => channelsOf(given(settings, env, flags)));
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toContain(sentence);
    expect(inspect(error, { depth: 9 })).not.toContain(SECRET);
  });

  test('mail without a server, and a ping with a password on the command line', () => {
    expect(() => labels({ mail: { to: ['a@b'] } })).toThrow('There is no mail server to send by.');
    expect(() => pingOf(given({}, {}, { ping: `https://u:${SECRET}@h/` }))).toThrow(
      '--ping: a URL with a user',
    );
  });
});

function thrown(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('planted secrets', () => {
  const receiver = new Receiver();
  beforeAll(async () => void (await receiver.up()));
  afterAll(() => receiver.down());

  test('are in no label and in nothing that is thrown, whatever goes wrong', async () => {
    const rest = `u:${SECRET}@127.0.0.1:${receiver.port}/${SECRET}?token=${SECRET}#${SECRET}`;
    const { port } = receiver;
    const settings: NotifySettings = {
      webhooks: [`http://${rest}`, `https://${rest}`, `http://u:${SECRET}@127.0.0.1:9/${SECRET}`],
      commands: [`sh -c 'echo ${SECRET} >&2; exit 1' ${SECRET}`],
    };
    // nobody at all, and TLS where there is none
    const smtp = [`smtp://u:${SECRET}@127.0.0.1:9`, `smtps://u:${SECRET}@127.0.0.1:${port}`];
    receiver.answer = (request, response) => {
      response.writeHead(302, `Moved to ${SECRET}`, { location: `http://127.0.0.1${request.url}` });
      response.end(SECRET);
    };
    const mails = smtp.map((url) => channelsOf(given({ mail: { to: ['dba@example.com'], url } })));
    const channels = [...channelsOf(given(settings)), ...mails.flat()];
    expect(channels).toHaveLength(6);
    for (const channel of channels) {
      const error = await channel.send(MESSAGE, never()).catch((one: unknown) => one);
      expect(error).toMatchObject({ name: 'NotifyError' });
      const all = [channel.label, inspect(error, { depth: 9, showHidden: true }), inspect(channel)].join(
        '\n',
      );
      expect(all).not.toContain(SECRET);
      expect(all).not.toContain(Buffer.from(`u:${SECRET}`).toString('base64'));
    }
    const ping = new Ping({
      url: new URL(`http://${rest}`),
      clock: new ManualClock(),
      silence: () => undefined,
    });
    expect([ping.label, await ping.once()].join('\n')).not.toContain(SECRET);
    // it did reach the receiver: what was planted is what was sent
    expect(receiver.requests[0]?.url).toBe(`/${SECRET}?token=${SECRET}`);
  });
});
