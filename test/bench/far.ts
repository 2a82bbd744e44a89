import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { latency } from './measure.ts';
import { type Row, rowsText } from './operations/report.ts';
import { createStage } from './stage.ts';
import { ROLES, subjects } from './subjects.ts';
import { Program } from './terminal.ts';

/** Milliseconds that each byte is on its way, there and back alike. */
const DELAY_MS = 100;
const FIRST_MS = 1_700;
const KEY_MS = 25;
const PRESSES = 40;
const PRESS_GAP_MS = 137;

/** A server behind a line on which everything takes its time: the first figures and the keys, beside pg_activity's. */
export async function far(home: string, rounds: number): Promise<string> {
  const stage = await createStage();
  const line = await startLine(stage.cluster.target().port);
  const stop = () => void stage.remove().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  try {
    for (const role of Object.values(ROLES)) await stage.role(role);
    await stage.load();
    const near = { ...stage.cluster.target(), port: line.port };
    const compared = subjects({ target: () => near }, home).filter(({ open }) => open === undefined);
    const first = new Map<string, number[]>();
    const keys = new Map<string, number[]>();
    for (let i = 0; i < rounds; i++)
      for (const { name, file, args, env, data, keys: pressed } of compared) {
        const program = new Program(file, args, env);
        try {
          first.set(name, [...(first.get(name) ?? []), await program.shows(data)]);
          const key = await latency(program, pressed, PRESSES, PRESS_GAP_MS);
          keys.set(name, [...(keys.get(name) ?? []), key]);
        } finally {
          await program.quit();
        }
      }
    const ours = (name: string) => name.startsWith('pgdeck');
    const rows = compared.flatMap(({ name }): Row[] => [
      {
        title: `${name}: first figures, ms`,
        values: first.get(name) ?? [],
        digits: 0,
        ...(ours(name) && { budget: FIRST_MS }),
      },
      {
        title: '  key to screen, p90 ms',
        values: keys.get(name) ?? [],
        digits: 1,
        ...(ours(name) && { budget: KEY_MS }),
      },
    ]);
    return rowsText(`through ${DELAY_MS} ms each way`, rows);
  } finally {
    process.off('SIGINT', stop);
    line.close();
    await stage.remove();
  }
}

/** Passes connections on to a port of this machine, each byte later. */
async function startLine(to: number): Promise<{ readonly port: number; close(): void }> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const there = connect(to, '127.0.0.1');
    for (const [from, into] of [
      [near, there],
      [there, near],
    ] as const) {
      open.add(from);
      from.on('data', (bytes) => setTimeout(() => into.write(bytes), DELAY_MS));
      from.on('end', () => setTimeout(() => into.end(), DELAY_MS));
      from.on('error', () => into.destroy());
      from.on('close', () => open.delete(from));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
