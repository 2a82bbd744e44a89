import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mail } from '../../../src/notify/channels/mail.ts';
import type { Message } from '../../../src/notify/message.ts';
import { MESSAGE, never } from '../receiver.ts';

const PASSWORD = 'Gr3y-P@ss/w0rd';

interface Taken {
  readonly to: readonly string[];
  readonly from: string;
  readonly user: unknown;
  readonly tls: boolean;
  readonly text: string;
}

/** A real SMTP server, with a certificate that nobody has signed. */
class Post {
  readonly taken: Taken[] = [];
  readonly logins: unknown[] = [];
  readonly server: SMTPServer;
  port = 0;

  constructor(options: SMTPServerOptions) {
    this.server = new SMTPServer({
      logger: false,
      onAuth: ({ username, password }, _session, done) => {
        this.logins.push(password);
        if (password === PASSWORD) done(null, { user: username });
        else done(Object.assign(new Error(`535 5.7.8 no: ${password}`), { responseCode: 535 }));
      },
      onRcptTo: ({ address }, _session, done) => {
        const responseCode = { 'gone@example.com': 550, 'later@example.com': 450 }[address];
        if (responseCode === undefined) done();
        else done(Object.assign(new Error(`5.1.1 no mailbox; you said ${PASSWORD}`), { responseCode }));
      },
      onData: (stream, session, done) => {
        let text = '';
        stream.setEncoding('utf8').on('data', (more: string) => {
          text += more;
        });
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          const from = mailFrom === false ? '' : mailFrom.address;
          const to = rcptTo.map(({ address }) => address);
          this.taken.push({ to, from, user: session.user, tls: session.secure, text });
          done();
        });
      },
      ...options,
    });
    // a client that breaks off is what some tests are about
    this.server.on('error', () => {});
  }

  async up(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
  }

  down(): Promise<void> {
    return new Promise((resolve) => this.server.close(resolve));
  }
}

const open = new Post({ authOptional: true, disabledCommands: ['STARTTLS'] });
const closed = new Post({});
const hidden = new Post({ secure: true });
beforeAll(() => Promise.all([open.up(), closed.up(), hidden.up()]));
afterAll(() => Promise.all([open.down(), closed.down(), hidden.down()]));

const USER = `dba:${encodeURIComponent(PASSWORD)}@`;

function send(
  url: string,
  message: Message = MESSAGE,
  to = 'dba@example.com',
  timeoutMs?: number,
): Promise<void> {
  return mail({ to, url: new URL(url), from: 'pgdeck@db1.example.com' }, timeoutMs).send(message, never());
}

test('a mail by a server without TLS: subject, text, and no header but ours', async () => {
  const text =
    'Bcc: x@evil.example\r\nBcc: y@evil.example\r\n\r\nThe table "Größe\u202e" is \u001b[31mlocked';
  await send(`smtp://127.0.0.1:${open.port}`, { ...MESSAGE, text });
  const [taken] = open.taken;
  expect(taken).toMatchObject({ to: ['dba@example.com'], from: 'pgdeck@db1.example.com', tls: false });
  const [head = '', body = ''] = taken?.text.split(/\r\n\r\n([\s\S]*)/) ?? [];
  const names = head.split('\r\n').flatMap((line) => /^([\w-]+):/.exec(line)?.[1] ?? []);
  expect(names.filter((name) => /^(bcc|cc)$/i.test(name))).toEqual([]);
  expect(names).toEqual(expect.arrayContaining(['From', 'To', 'Subject', 'Auto-Submitted']));
  expect(head).toMatch(/^Subject: =\?UTF-8\?/m);
  expect(body).not.toContain('\u001b');
  expect(body).toContain('server:    dba@db:5432/shop\r\nstate:     raised\r\n');
});

describe('TLS and the login', () => {
  test('STARTTLS is taken where it is offered; a certificate of nobody only when it is said', async () => {
    const url = `smtp://${USER}127.0.0.1:${closed.port}`;
    // that of the package, which may have expired besides
    await expect(send(url)).rejects.toThrow(
      /^The certificate of smtp:\/\/127\.0\.0\.1 is not accepted: it is (self-signed|expired); .* give \?tls=insecure\.$/,
    );
    expect(closed.logins).toEqual([]);
    await send(`${url}/?tls=insecure`);
    expect(closed.taken).toMatchObject([{ user: 'dba', tls: true }]);
    await send(`smtps://${USER}127.0.0.1:${hidden.port}/?tls=insecure`);
    expect(hidden.taken).toMatchObject([{ user: 'dba', tls: true }]);
  });

  test('a server that hides STARTTLS gets neither mail nor password where TLS is needed', async () => {
    await expect(send(`smtp://127.0.0.1:${open.port}/?tls=required`)).rejects.toThrow(
      'smtp://127.0.0.1 offers no TLS that this client accepts, and it is needed here.',
    );
    const logins = open.logins.length;
    // any other name than those that stay on this machine
    await expect(send(`smtp://${USER}0x7f000001:${open.port}`)).rejects.toThrow(
      'smtp://0x7f000001 offers no TLS',
    );
    expect(open.logins).toHaveLength(logins);
  });

  test('a refused login and a refused address, without what the server says back', async () => {
    const wrong = send(`smtp://dba:wr0ng-P4ss@127.0.0.1:${closed.port}/?tls=insecure`);
    await expect(wrong).rejects.toMatchObject({
      message: 'mail to dba@example.com by smtp://127.0.0.1 refused the login (535).',
      permanent: true,
    });
    const url = `smtp://${USER}127.0.0.1:${closed.port}/?tls=insecure`;
    await expect(send(url, MESSAGE, 'gone@example.com')).rejects.toMatchObject({
      message: 'mail to gone@example.com by smtp://127.0.0.1 did not take the mail (550 5.1.1).',
      permanent: true,
    });
    await expect(send(url, MESSAGE, 'later@example.com')).rejects.toMatchObject({ permanent: false });
  });
});

test('a server that is away or keeps still', async () => {
  const silent = new Post({ authOptional: true, onConnect: () => {} });
  await silent.up();
  await expect(
    send(`smtp://127.0.0.1:${silent.port}`, MESSAGE, 'dba@example.com', 100),
  ).rejects.toMatchObject({
    message: 'mail to dba@example.com by smtp://127.0.0.1 did not answer in time.',
    permanent: false,
  });
  await silent.down();
  await expect(send(`smtp://127.0.0.1:${silent.port}`)).rejects.toThrow(
    'mail to dba@example.com by smtp://127.0.0.1 accepts no connection.',
  );
});
