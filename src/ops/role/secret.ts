import { dirname } from 'node:path';
import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import type { OpContext } from '../engine/operation.ts';
import { type Check, KEPT, type Step } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { roleErrors } from './errors.ts';
import { ok, warn } from './look.ts';
import { isDriversOwn } from './scram/saslprep.ts';
import { generatePassword, ITERATIONS, scramVerifier } from './scram/verifier.ts';

/** A password on its way to the server: held here, and nowhere else. */
export interface NewPassword {
  readonly password: string;
  readonly generated: boolean;
  /** The file that gets it, in full; undefined: it is shown. */
  readonly out: string | undefined;
  readonly iterations: number;
  /** What the server is told in its place. */
  readonly verifier: () => Promise<string>;
}

/** The password that was given, or a new one. Throws {@link OpError} when the file for it is there. */
export async function newPassword(
  context: OpContext,
  session: Session,
  { password, out }: { readonly password?: string | undefined; readonly out?: string | undefined },
): Promise<NewPassword> {
  const path = out === undefined ? undefined : context.here.files.resolve(out);
  if (path !== undefined) {
    if (await context.here.files.exists(path)) throw roleErrors.fileThere({ path });
    if (!(await context.here.files.exists(dirname(path))))
      throw roleErrors.fileFails({ path, code: 'ENOENT' });
  }
  const own = password ?? generatePassword();
  context.secrets.add(own);
  const iterations = await iterationsOf(session);
  let made: Promise<string> | undefined;
  return {
    password: own,
    generated: password === undefined,
    out: path,
    iterations,
    verifier: () => {
      made ??= scramVerifier(own, { iterations });
      return made;
    },
  };
}

/** `scram_iterations` came with 16. */
async function iterationsOf(session: Session): Promise<number> {
  const [row] = await session.sql("SELECT current_setting('scram_iterations', true) AS n");
  return Number(row?.n ?? ITERATIONS) || ITERATIONS;
}

/** The statement's part about it, as it is shown. */
export function shownVerifier({ iterations }: NewPassword): string {
  return `'SCRAM-SHA-256$${iterations}:…'`;
}

/** What there is to say of it before it is set. */
export async function passwordChecks(session: Session, given: NewPassword): Promise<Check[]> {
  const { password, generated } = given;
  const title = 'Password';
  const [row] = await session.sql("SELECT current_setting('password_encryption') AS how");
  const how = String(row?.how ?? '');
  return [
    ok(
      title,
      `${generated ? 'Generated' : 'As given'}; the server gets its SCRAM-SHA-256 verifier only, made here (${given.iterations} iterations).`,
    ),
    ...(how === 'scram-sha-256'
      ? []
      : [
          warn(
            title,
            `password_encryption is ${how} here, and this becomes SCRAM-SHA-256 all the same: programs with a libpq before 10 do not know it.`,
          ),
        ]),
    ...(!generated && [...password].length < 8
      ? [warn(title, 'It is shorter than 8 characters, and guessed in a moment from what the server keeps.')]
      : []),
    ...(isDriversOwn(password)
      ? [
          warn(
            title,
            'It has characters that PostgreSQL leaves as they are and other programs normalize: not every program gets in with it. Letters and digits of ASCII are the same for all.',
          ),
        ]
      : []),
  ];
}

/** Writes a generated password into its file, before it is set: a crash must not lose it. */
export function fileStep(given: NewPassword, role: string): Step[] {
  const { out } = given;
  if (out === undefined || !given.generated) return [];
  let written = false;
  return [
    {
      id: 'file',
      title: `Write the new password into ${out}`,
      preview: `# a new file of mode 0600 with the password of ${role}`,
      run: async (io) => {
        io.record({ file: out });
        await io.here.files
          .create(out, `${given.password}\n`, 0o600)
          .catch((error: NodeJS.ErrnoException) => {
            if (error.code === 'EEXIST') throw roleErrors.fileThere({ path: out }, error);
            throw roleErrors.fileFails({ path: out, code: error.code ?? 'unknown error' }, error);
          });
        written = true;
      },
      rollback: async (io) => {
        if (!written) return KEPT;
        await io.here.files.remove(out);
        io.line(`Removed ${out}.`);
        return undefined;
      },
    },
  ];
}

/** Shows it, where it was generated and no file gets it. */
export function showStep(given: NewPassword, role: string): Step[] {
  if (!given.generated || given.out !== undefined) return [];
  return [
    {
      id: 'show',
      title: `Show the password of ${role}`,
      preview: '# once, and nowhere else: it is in no file and no journal',
      late: true,
      run: async (io) => io.reveal(`The password of ${role}`, given.password),
    },
  ];
}

/** Logs in with it over a connection of its own, as the role. */
export function loginStep(context: OpContext, given: NewPassword, role: string): Step {
  return {
    id: 'login',
    title: `Log in as ${role} with it`,
    preview: `# a connection to ${context.target.database} as ${role}, closed at once`,
    run: async (io) => io.line(await tried(context, given, role)),
  };
}

/** What a login says, as a sentence. Throws {@link OpError} when the server refuses the password. */
async function tried(context: OpContext, { password }: NewPassword, role: string): Promise<string> {
  // the driver would normalize what PostgreSQL does not
  if (isDriversOwn(password)) return 'Not tried: this program would send it in another form.';
  let asked = false;
  const { target } = context;
  const own = {
    ...target,
    user: role,
    readOnly: true,
    password: async () => {
      asked = true;
      return password;
    },
  };
  try {
    const session = await context.openAs(own, 'pgdeck-login');
    await session.close();
    return asked
      ? `The server lets ${role} in with it.`
      : `The server lets ${role} in without asking for a password (pg_hba.conf): that it is right was not tried.`;
  } catch (error) {
    const { code, kind } = error instanceof DbError ? error : { code: undefined, kind: undefined };
    if (code === '28P01' && asked) throw roleErrors.noLogin({ role, why: sentenceOf(error) }, error);
    if (kind === undefined) throw error;
    return `Not tried: ${(error as Error).message}`;
  }
}
