import { z } from 'zod';
import { shellWord } from '../../text/shell.ts';
import { Untried } from '../archive/bytes/errors.ts';
import { readHeader } from '../archive/header.ts';
import { verifyBackup } from '../archive/verify.ts';
import type { OpContext } from '../engine/operation.ts';
import { defineOperation } from '../engine/operation.ts';
import type { Check, Plan, StepIo } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { findReader, type Reader } from '../programs/reader.ts';
import { backupFields, backupInput, dirFlag, factsOf, named } from '../repository/care/field.ts';
import { LEVELS, type Level, type Verification } from '../repository/manifest.ts';
import { recordedName } from '../repository/names.ts';
import { noteVerification } from '../repository/note.ts';
import { type Backup, failedLevels, lastProven } from '../repository/repository.ts';
import { proveRestorable } from '../restore/proof.ts';
import { verifyErrors } from './errors.ts';

const WHAT: Readonly<Record<Level, { title: string; preview: (backup: Backup) => string }>> = {
  decode: { title: 'Decode it to its end', preview: decodePreview },
  checksum: {
    title: 'Compare every byte with what was written',
    preview: ({ path }) => `sha256 of every file in ${path}/manifest.json`,
  },
  counts: {
    title: 'Compare every byte, and the rows of every table',
    preview: (backup) => `sha256 of its files, then the rows that come out of\n${decodePreview(backup)}`,
  },
  restore: {
    title: 'Restore it into a throwaway server and compare it',
    preview: ({ archive }) => `initdb, load ${archive}, count, compare, remove`,
  },
};

function decodePreview({ kind, archive }: Backup): string {
  if (kind === 'custom' || kind === 'directory') return `pg_restore -f - ${shellWord(archive)} | count`;
  const unpack = kind === 'sql.gz' ? 'gunzip -c' : kind === 'sql.zst' ? 'zstd -dc' : 'cat';
  return `${unpack} ${shellWord(archive)} | count`;
}

/** Proves that a backup can be used, from reading it to restoring it, and notes it in its manifest. */
export const verify = defineOperation({
  id: 'backups verify',
  input: z.object({ ...backupInput, level: z.enum(LEVELS).default('counts') }),
  fields: {
    id: backupFields.id,
    level: {
      title: 'Level',
      hint: 'decode: whole to its end; checksum: every byte; counts: both, and every row; restore: it restores',
    },
    dir: backupFields.dir,
  },
  plan: async (input, context): Promise<Plan> => {
    const { directory, backup } = await named(input, context);
    const { level } = input;
    if (level === 'checksum' && backup.manifest === undefined)
      throw verifyErrors.noChecksums({ id: backup.id });
    const { reader, checks } = await readerFor(backup, level, context);
    // with nothing recorded there is nothing to compare with
    const what = WHAT[level === 'counts' && backup.manifest === undefined ? 'decode' : level];
    const proven = lastProven(backup);
    return {
      operation: 'backups verify',
      title: `Verify ${backup.id}`,
      subject: backup.id,
      danger: 'none',
      writes: false,
      server: directory,
      input: { ...input, id: recordedName(input.id, backup) },
      facts: [
        ...factsOf(backup),
        { label: 'Last proven restorable', value: proven?.at ?? 'never' },
        { label: 'Level', value: level },
      ],
      checks,
      steps: [
        {
          id: 'verify',
          title: what.title,
          preview: what.preview(backup),
          run: (io) => run(io, context, reader, backup, level, dirFlag(input.dir)),
        },
      ],
      reaches: () => 'The files of the backup were only read.',
      leaves: () => 'The files of the backup were not changed.',
    };
  },
});

async function run(
  io: StepIo,
  context: OpContext,
  reader: Reader | undefined,
  backup: Backup,
  level: Level,
  dir: string,
): Promise<void> {
  const told = (cells: readonly string[]) =>
    io.result({ title: `Verification of ${backup.id}`, columns: ['Level', 'Held', 'Found'], rows: [cells] });
  let found: Verification;
  try {
    found =
      level === 'restore'
        ? await proveRestorable(io, context, reader, backup)
        : await verifyBackup(io, reader, backup, level);
  } catch (error) {
    // not noted: it says nothing of the backup
    if (error instanceof Untried) told([level, 'not tried', error.message]);
    throw error;
  }
  told([found.level, found.ok ? 'yes' : 'no', found.detail]);
  if (backup.manifest !== undefined) await note(io, backup, found, dir);
  if (found.ok) return;
  throw verifyErrors.noGood({ id: backup.id, why: found.detail, dir });
}

/** Verifies one that is nobody's to note in: a copy that was fetched for it. Throws {@link OpError} where it does not hold. */
export async function verified(
  io: StepIo,
  context: OpContext,
  backup: Backup,
  level: Level,
): Promise<Verification> {
  const { reader } = await readerFor(backup, level, context);
  const found =
    level === 'restore'
      ? await proveRestorable(io, context, reader, backup)
      : await verifyBackup(io, reader, backup, level);
  if (found.ok) return found;
  throw verifyErrors.noGood({ id: backup.id, why: found.detail, dir: '' });
}

/** Adds it to the history. That it cannot be written is told, and is what fails where nothing worse does. */
async function note(io: StepIo, before: Backup, found: Verification, dir: string): Promise<void> {
  try {
    const now = await noteVerification(before, found);
    if (!found.ok || before.status !== 'damaged') return;
    if (now.status !== 'damaged')
      io.line(`${now.id} is good again: the ${found.level} that had failed holds now.`);
    for (const one of now.damage ?? []) io.line(`Still stands against it: ${one}`);
    const level = failedLevels(now)[0];
    if (level !== undefined)
      io.line(
        `Only the same level makes up for that: pgdeck backups verify ${shellWord(now.id)} --level ${level}${dir}`,
      );
  } catch (error) {
    if (found.ok) throw error;
    io.line(sentenceOf(error));
  }
}

/** Programs that can read it. Of SQL only a restore needs any. */
async function readerFor(
  backup: Backup,
  level: Level,
  context: OpContext,
): Promise<{ reader: Reader | undefined; checks: Check[] }> {
  const binary = backup.kind === 'custom' || backup.kind === 'directory';
  if (level === 'checksum' || (!binary && level !== 'restore')) return { reader: undefined, checks: [] };
  const version = backup.manifest?.client.version ?? (await dumpVersion(backup)) ?? '';
  const program = binary ? 'pg_restore' : 'psql';
  const oldest = oldestReader(Number.parseInt(version, 10));
  return findReader(context, program, version, oldest);
}

/** The format of archives changed in 16 and in 17; the major version of the oldest pg_restore that reads it. */
function oldestReader(major: number): number {
  if (major >= 17) return 17;
  return major >= 16 ? 16 : 13;
}

/** undefined where it does not say, or is damaged: then verifying it will tell. */
async function dumpVersion({ archive }: Backup): Promise<string | undefined> {
  return readHeader(archive).then(
    (header) => header.dumpVersion,
    () => undefined,
  );
}
