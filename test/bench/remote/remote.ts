import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { CREDENTIALS, putFiles } from '../../ops/remote/stage.ts';
import { MAIN } from '../operations/work.ts';

const BYTES = 512 << 20;
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

interface Figures {
  /** MB (of 1,000,000 bytes) a second, from the start of the program to its end. */
  readonly rate: number;
  /** The most memory that it had, in MB. */
  readonly memory: number;
}

/** What a push costs beside a plain script that sends the same file to the same server, as it is and encrypted. */
export async function remote(home: string, rounds: number): Promise<string> {
  const data = join(home, 'bucket');
  await mkdir(data);
  const server = spawn(process.execPath, [script('server.ts'), data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(server.stdout, 'data');
  const endpoint = `http://127.0.0.1:${String(port).trim()}`;
  const folder = putFiles(home, 'big', { 'big.dat': randomBytes(BYTES) });
  const recipient = await identityToRecipient(await generateX25519Identity());
  const lines: string[] = [];
  try {
    for (const sealed of [false, true]) {
      const mine: Figures[] = [];
      const plain: Figures[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const settings = { kind: 's3', bucket: 'bench', prefix: `p${round}${sealed}`, endpoint };
        await settingsOf(home, { ...settings, ...(sealed && { recipients: [recipient] }) });
        const push = ['backups', 'push', 'big', '--yes', '--confirm', `s3://bench/p${round}${sealed}`];
        const turns = [
          async () => mine.push(await timed([MAIN, ...push], home)),
          async () =>
            plain.push(
              await timed(
                [script('plain.ts'), endpoint, join(folder, 'big.dat'), ...(sealed ? [recipient] : [])],
                home,
              ),
            ),
        ];
        for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
        await rm(join(data, 'bench', `p${round}${sealed}`), { recursive: true, force: true });
      }
      lines.push(line(sealed ? 'encrypted' : 'as it is', mine, plain));
    }
  } finally {
    server.kill();
    await once(server, 'close');
  }
  return [
    `A push of ${BYTES / 1e6} MB, and the same by a plain script (median of ${rounds})`,
    '',
    '| | push, MB/s | plain, MB/s | share | push, MB of memory | plain |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}

function line(name: string, mine: readonly Figures[], plain: readonly Figures[]): string {
  const [own, other] = [median(mine, 'rate'), median(plain, 'rate')];
  const cells = [own.toFixed(0), other.toFixed(0), (own / other).toFixed(2)];
  return `| ${[name, ...cells, most(mine), most(plain)].join(' | ')} |`;
}

const median = (all: readonly Figures[], figure: keyof Figures): number =>
  all.map((one) => one[figure]).sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN;
const most = (all: readonly Figures[]) => Math.max(...all.map(({ memory }) => memory)).toFixed(0);

async function settingsOf(home: string, remote: object): Promise<void> {
  const directory = join(home, '.config', 'pgdeck');
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, 'config.json'), JSON.stringify({ backup: { remote } }));
}

async function timed(args: readonly string[], home: string): Promise<Figures> {
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: home, BACKUP_DIR: join(home, 'backups'), LC_ALL: 'C.UTF-8' },
    ...CREDENTIALS,
  };
  const begun = performance.now();
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      said += String(text);
    });
  const stop = new AbortController();
  const memory = peak(child, stop.signal);
  const [code] = await once(child, 'close');
  stop.abort();
  if (code !== 0) throw new Error(said);
  return { rate: BYTES / 1e6 / ((performance.now() - begun) / 1000), memory: await memory };
}

/** The kernel's own high-water mark, read until the process is gone. */
async function peak({ pid }: ChildProcess, signal: AbortSignal): Promise<number> {
  let most = 0;
  while (!signal.aborted) {
    const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    most = Math.max(most, Number(/^VmHWM:\s+(\d+)/m.exec(text)?.[1] ?? 0));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return (most * 1024) / 1e6;
}
