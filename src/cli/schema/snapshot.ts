import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { keyOf, type SchemaSnapshot, snapshotText } from '../../ops/schema/format.ts';
import { parseSnapshot } from '../../ops/schema/read.ts';
import { takeSchemaSnapshot } from '../../ops/schema/snapshot.ts';
import { plural } from '../../text/units.ts';
import type { Context } from '../context.ts';
import { cliErrors } from '../errors.ts';
import { note, printJson } from '../output.ts';
import type { SnapshotFlags } from '../schema.ts';
import { looking } from './run.ts';

/** Takes a snapshot and prints it, or writes it. Throws OpError where a file is there that nobody gave up. */
export async function runSnapshot(
  { out, force = false, grants = false }: SnapshotFlags,
  command: Command,
  context: Context,
): Promise<void> {
  const before = out === undefined ? undefined : await there(out);
  if (before !== undefined && !force) throw cliErrors.exists({ file: String(out) });
  const taken = await looking(command, context, async (work) =>
    takeSchemaSnapshot(await work.context.session(), { grants }),
  );
  if (out === undefined) return printJson(taken);
  const marks = before === undefined ? new Set<string>() : marksIn(before, out);
  const snapshot = {
    ...taken,
    objects: taken.objects.map((object) =>
      marks.has(keyOf(object)) ? { ...object, critical: true } : object,
    ),
  };
  await write(snapshot, out);
  const kept = snapshot.objects.filter(({ critical }) => critical === true).length;
  const lost = marks.size - kept;
  note(
    `${plural(snapshot.objects.length, 'object')} in ${out}${kept > 0 ? `, ${plural(kept, 'mark')} kept` : ''}`,
  );
  if (lost > 0) note(`pgdeck: ${plural(lost, 'mark')} was lost: what was marked as critical is not there.`);
}

/** The text of a file that is there; undefined for none, and for a pipe or a device. */
async function there(file: string): Promise<string | undefined> {
  try {
    return (await stat(file)).isFile() ? await readFile(file, 'utf8') : undefined;
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw cliErrors.unwritable({ file, code }, error);
  }
}

/** What was marked as critical; nothing in a file that was no snapshot. */
function marksIn(text: string, file: string): Set<string> {
  let before: SchemaSnapshot;
  try {
    before = parseSnapshot(text, file);
  } catch {
    return new Set();
  }
  return new Set(before.objects.filter(({ critical }) => critical === true).map(keyOf));
}

/** Whole or not at all: a file of half a schema would read as drift. */
async function write(snapshot: SchemaSnapshot, out: string): Promise<void> {
  try {
    const file = await realpath(out).catch(() => out);
    const regular = await stat(file).then(
      (facts) => facts.isFile(),
      () => true,
    );
    const beside = regular ? `${file}.${process.pid}.tmp` : file;
    try {
      const handle = await open(beside, 'w');
      try {
        await handle.writeFile(snapshotText(snapshot));
        if (regular) await handle.sync();
      } finally {
        await handle.close();
      }
      if (regular) await rename(beside, file);
    } catch (error) {
      if (regular) await rm(beside, { force: true });
      throw error;
    }
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw cliErrors.unwritable({ file: out, code }, error);
  }
}
