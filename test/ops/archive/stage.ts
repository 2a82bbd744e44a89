import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import { type Decoded, decodeArchive } from '../../../src/ops/archive/decode.ts';
import { type Archive, readHead } from '../../../src/ops/archive/kind.ts';
import { OpError } from '../../../src/ops/error.ts';
import { client, serverTarget, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { everything, rowCounts } from '../../support/fixtures/everything.ts';

/** PostgreSQL's own programs, of the server's version. */
export const clients = { host: local, path: (program: string) => join(inject('postgres').bin, program) };

/** A database with one of everything, and real dumps of it. */
export interface DumpStage {
  readonly db: TestDatabase;
  /** By `schema.name`, of every table that has data in a dump, and of the materialized views. */
  readonly counts: ReadonlyMap<string, number>;
  /** Runs pg_dump into a file or directory of that name, and returns its path. */
  dump(name: string, ...args: string[]): Promise<string>;
}

/** Makes the database; drop it when the tests are done. */
export async function dumpStage(directory: string): Promise<DumpStage> {
  const db = await testDatabase();
  const session = await client(db.target());
  await everything(session);
  const counts = await rowCounts(session);
  return {
    db,
    counts,
    dump: async (name, ...args) => {
      const path = join(directory, name);
      await program('pg_dump', [...args, '-f', path, db.database]);
      return path;
    },
  };
}

/** Runs one of PostgreSQL's programs against the test server; throws with its words when it fails. */
export async function program(name: string, args: readonly string[]): Promise<string> {
  const { host, port, user } = serverTarget();
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, LC_ALL: 'C' };
  const { exitCode, stdout, stderr } = await local.run(clients.path(name), args, { env });
  if (exitCode !== 0) throw new Error(`${name}: ${stderr}`);
  return stdout;
}

/** An archive as what its content says it is. */
export async function detectArchive(path: string): Promise<Archive> {
  return { kind: (await readHead(path)).kind, path };
}

export async function decode(path: string): Promise<Decoded> {
  return decodeArchive({ here: local }, clients, await detectArchive(path));
}

/** The sentence that refuses it; undefined when it is taken for whole. */
export async function refused(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (error instanceof OpError) return error.message;
    throw error;
  }
}

/** A copy of an archive that was damaged in this way. */
export function damagedCopy(path: string, name: string, damage: (copy: string) => void): string {
  const copy = join(path, '..', name);
  cpSync(path, copy, { recursive: true });
  damage(copy);
  return copy;
}

/** Leaves the first `keep` bytes; of a negative number, all but the last ones. */
export function cut(path: string, keep: number): void {
  writeFileSync(path, readFileSync(path).subarray(0, keep));
}

/** Turns the bits of one byte: at the place of a text, or at a share of the file. */
export function flip(path: string, where: string | number): void {
  const content = readFileSync(path);
  const at = typeof where === 'number' ? Math.floor(content.length * where) : content.indexOf(where);
  if (at < 0) throw new Error(`${path} does not hold ${where}`);
  // not into a line feed or a backslash
  content.writeUInt8(content.readUInt8(at) ^ 0x01, at);
  writeFileSync(path, content);
}

/** The largest data file of a directory archive whose name fits. */
export function largest(directory: string, fits: RegExp): string {
  const files = readdirSync(directory).filter((name) => fits.test(name));
  const [first] = files.sort((a, b) => statSync(join(directory, b)).size - statSync(join(directory, a)).size);
  if (first === undefined) throw new Error(`No file of ${directory} is like ${fits}`);
  return join(directory, first);
}
