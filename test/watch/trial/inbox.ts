import { once } from 'node:events';
import { SMTPServer } from 'smtp-server';
import { Receiver } from '../../notify/receiver.ts';

/** A notification as it arrived. */
export interface Taken {
  readonly check: string;
  readonly object: string | null;
  readonly state: string;
  /** When it was sent first, and when it arrived, in ms since 1970. */
  readonly at: number;
  readonly arrived: number;
}

/** Somebody who is told, and keeps what was said, in order. */
export interface Inbox {
  readonly name: string;
  readonly taken: readonly Taken[];
}

/** A webhook that can be away: nobody listens, or who listens cannot take it. */
export class Hook implements Inbox {
  readonly name = 'webhook';
  readonly taken: Taken[] = [];
  readonly #receiver = new Receiver();

  get url(): string {
    return String(this.#receiver.url('/services/trial'));
  }

  async up(): Promise<this> {
    await this.#open(false);
    return this;
  }

  /** Listens again, and takes nothing. */
  refuse(): Promise<void> {
    return this.#open(true);
  }

  async #open(refuses: boolean): Promise<void> {
    this.#receiver.answer = (_request, response) => {
      if (refuses) {
        response.writeHead(503).end();
        return;
      }
      const { check, object, state, at } = JSON.parse(this.#receiver.requests.at(-1)?.body ?? '');
      this.taken.push({ check, object, state, at: Date.parse(at), arrived: Date.now() });
      response.end('ok');
    };
    await this.#receiver.up();
  }

  async down(): Promise<void> {
    await this.#receiver.down();
  }
}

/** A mail server that keeps the mails. */
export class Mailbox implements Inbox {
  readonly name = 'mail';
  readonly taken: Taken[] = [];
  readonly #server = new SMTPServer({
    logger: false,
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        this.taken.push(read(Buffer.concat(chunks).toString()));
        done();
      });
    },
  });

  get url(): string {
    const address = this.#server.server.address();
    return `smtp://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  async up(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server.server, 'listening');
    return this;
  }

  down(): Promise<void> {
    return new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The lines of the figures at the end of a mail. */
function read(mail: string): Taken {
  const [head = '', encoded = ''] = mail.split(/\r\n\r\n([\s\S]*)/);
  const body = decoded(encoded, /^Content-Transfer-Encoding: (\S+)/im.exec(head)?.[1] ?? '7bit');
  const field = (name: string) => new RegExp(`^${name}: +(.*?)\r?$`, 'm').exec(body)?.[1];
  return {
    check: field('check') ?? '',
    object: field('object') ?? null,
    state: field('state') ?? '',
    at: Date.parse(field('at') ?? ''),
    arrived: Date.now(),
  };
}

function decoded(text: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(text, 'base64').toString();
  if (encoding !== 'quoted-printable') return text;
  const bytes = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
