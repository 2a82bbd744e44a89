import { createHash } from 'node:crypto';
import type { Session } from '../../../db/session.ts';
import { bytes, moment } from '../../../text/units.ts';
import type { OpContext } from '../../engine/operation.ts';
import { pathOf, type SchemaSnapshot, snapshotText } from '../format.ts';
import { parseJson, snapshotIn } from '../read.ts';
import { takeSchemaSnapshot } from '../snapshot.ts';
import { expectedErrors } from './errors.ts';
import type { Expected, Opening } from './expected.ts';
import { type Form, formOf } from './form.ts';

export type { Expected, Opening } from './expected.ts';

/** Of a file that may be read whole: a schema of ten thousand tables has some 20 MB. */
const LIMIT = 256 * 1024 * 1024;

/**
 * The expected structure from where `against` says: a file, a backup, another database, or migrations. What a list, a
 * backup or migrations come to is asked of the server: in a transaction that is rolled back, or in a shadow database.
 * Throws {@link ../../error.ts OpError}, UsageError, DbError.
 */
export async function openExpected(
  against: string,
  context: OpContext,
  opening: Opening = {},
): Promise<Expected> {
  const form = formOf(against);
  switch (form.kind) {
    case 'url':
    case 'database':
      return ofDatabase(form, context, opening);
    case 'migrations': {
      const { replayed } = await import('./migrations.ts');
      return whole(await replayed(context, form.dir, opening));
    }
    case 'backup': {
      const { ofBackup } = await import('./backup.ts');
      return whole(await ofBackup(context, form.id, opening));
    }
    case 'named':
      return ofName(form.name, context, opening);
  }
}

async function ofDatabase(
  form: Extract<Form, { kind: 'url' | 'database' }>,
  context: OpContext,
  { grants = false, signal }: Opening,
): Promise<Expected> {
  const { elsewhere } = await import('./database.ts');
  const { session, place, close } = await elsewhere(form, context);
  const stop = () => void session.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    const snapshot = await takeSchemaSnapshot(session, { grants });
    return whole({ snapshot, described: `${place}, PostgreSQL ${session.server.version}` });
  } finally {
    signal?.removeEventListener('abort', stop);
    await close();
  }
}

async function ofName(name: string, context: OpContext, opening: Opening): Promise<Expected> {
  const text = await textOf(name, context);
  if (text === undefined) {
    const { ofBackup } = await import('./backup.ts');
    return whole(await ofBackup(context, name, opening));
  }
  const value = parseJson(text.content, name);
  if (isList(value)) {
    const { openList } = await import('./list/open.ts');
    return { ...(await openList(value, name, context, opening)), hash: hashOf(text.content), partial: true };
  }
  const snapshot = snapshotIn(value, name);
  return whole({
    snapshot,
    described: `${name}, of PostgreSQL ${versionText(snapshot)}, changed ${moment(new Date(text.modified))}`,
  });
}

/** The text of a file of JSON; undefined for what is none, and may be a backup. */
async function textOf(
  name: string,
  { here: { files } }: OpContext,
): Promise<{ content: string; modified: number } | undefined> {
  const path = files.resolve(name);
  const json = /\.json$/i.test(name);
  try {
    const facts = await files.facts(path);
    if (facts.kind !== 'file') return undefined;
    if (!json && !/^(\ufeff)?\s*[[{]/.test((await files.readAt(path, 0, 4096)).toString('utf8')))
      return undefined;
    if (facts.size > LIMIT) throw expectedErrors.tooBig({ file: name, limit: bytes(LIMIT) });
    return { content: (await files.read(path, LIMIT)).toString('utf8'), modified: facts.modified };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EFBIG') throw expectedErrors.tooBig({ file: name, limit: bytes(LIMIT) }, error);
    if (code === undefined || error instanceof Error === false) throw error;
    if (!/^E[A-Z]+$/.test(code)) throw error;
    if (code === 'ENOENT' && !json) return undefined;
    throw expectedErrors.noFile({ file: name, code }, error);
  }
}

const isList = (value: unknown): value is { readonly tables: unknown } =>
  typeof value === 'object' && value !== null && 'tables' in value && !('objects' in value);

/** What names all of a database. */
function whole({ snapshot, described }: Pick<Expected, 'snapshot' | 'described'>): Expected {
  const critical = snapshot.objects.filter((object) => object.critical === true).map(pathOf);
  return {
    ...{ snapshot, described },
    hash: hashOf(snapshotText(snapshot)),
    ...{ partial: false, critical: new Set(critical) },
  };
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** `15.4`, as a server says it. */
function versionText({ serverVersionNum: number }: SchemaSnapshot): string {
  return `${Math.floor(number / 10_000)}.${number % 10_000}`;
}

/** What a database is made of now, to be compared. Throws DbError. */
export function actualOf(session: Session, { grants = false }: Opening): Promise<SchemaSnapshot> {
  return takeSchemaSnapshot(session, { grants });
}
