import { readFile, stat } from 'node:fs/promises';
import type { Resolved } from '../../config/profile.ts';
import { connect } from '../../db/client.ts';
import type { DriftFact, Told } from '../../health/outside.ts';
import { sentenceOf } from '../../ops/error.ts';
import type { SchemaSnapshot } from '../../ops/schema/format.ts';
import { bytes } from '../../text/units.ts';

/** A snapshot reads the whole catalog: what drifts does so with a release, not with a second. */
const EVERY_MS = 300_000;
/** Of a file that is read while everything else goes on. */
const LIMIT = 256 * 1024 * 1024;

type Answer = Told<DriftFact | null>;

/**
 * Whether a database is what its profile says it should be, looked at every five minutes over a session of its own, and
 * when the file has changed. Only snapshots: a list would be made in the database each time.
 */
export class DriftLook {
  #asked: { readonly at: number; readonly file: string; readonly changed: number } | undefined;
  #answer: Answer = { known: null };

  /** Never rejects. Null where nothing is expected. `now`: in ms, of a clock that goes on. */
  async look({ target, schema }: Pick<Resolved, 'target' | 'schema'>, now = Date.now()): Promise<Answer> {
    const file = schema.expected;
    if (file === undefined) return { known: null };
    try {
      const facts = await stat(file);
      // a pipe may have no end, and a backup is loaded elsewhere to be compared
      if (!facts.isFile())
        return unknown(`${file} is no file of a snapshot, which is what Health compares with.`);
      const { mtimeMs: changed, size } = facts;
      const same = this.#asked?.file === file && this.#asked.changed === changed;
      if (same && now - (this.#asked?.at ?? 0) < EVERY_MS) return this.#answer;
      this.#asked = { at: now, file, changed };
      this.#answer =
        size > LIMIT ? unknown(`${file} is larger than ${bytes(LIMIT)}.`) : await compare(file, target);
    } catch (error) {
      this.#asked = undefined;
      const { code } = error as NodeJS.ErrnoException;
      return unknown(/^E[A-Z]+$/.test(code ?? '') ? `${file} cannot be read (${code}).` : sentenceOf(error));
    }
    return this.#answer;
  }
}

const MAKE = 'Take one of a good database: pgdeck schema snapshot --out FILE';
const unknown = (reason: string): Answer => ({ unknown: reason, remedy: MAKE });

async function compare(file: string, target: Resolved['target']): Promise<Answer> {
  const [{ parseJson, snapshotIn }, { takeSchemaSnapshot }, { issuesOf }, { pathOf, isPrivileges }] =
    await Promise.all([
      import('../../ops/schema/read.ts'),
      import('../../ops/schema/snapshot.ts'),
      import('../../ops/schema/check/issues.ts'),
      import('../../ops/schema/format.ts'),
    ]);
  const value = parseJson(await readFile(file, 'utf8'), file);
  if (typeof value === 'object' && value !== null && 'tables' in value)
    return unknown(
      `${file} is a list, which is made in the database to be compared: here only a snapshot is.`,
    );
  const read = snapshotIn(value, file);
  const expected: SchemaSnapshot = { ...read, objects: read.objects.filter((one) => !isPrivileges(one)) };
  const session = await connect({ ...target, readOnly: true }, 'slow', 'pgdeck-monitor');
  try {
    const critical = new Set(expected.objects.filter((one) => one.critical === true).map(pathOf));
    const issues = issuesOf(await takeSchemaSnapshot(session), expected, { critical });
    const of = (severity: 'critical' | 'minor') => issues.filter((issue) => issue.severity === severity);
    return {
      known: {
        file,
        critical: of('critical').map(({ id, kind, object, path, attribute }) => ({
          ...{ id, kind, object, path, attribute },
        })),
        minor: of('minor').map(({ id }) => id),
      },
    };
  } finally {
    await session.close();
  }
}
