import { z } from 'zod';
import { shellWord } from '../../text/shell.ts';
import type { AnyOperation, OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';
import { proveCopy } from '../remote/copy/fetch.ts';
import { landing, whileFetched } from '../remote/pull/fetch.ts';
import { copyNamed } from '../remote/pull/named.ts';
import { copyChoices, copyFacts, copyFields } from '../remote/pull/pull.ts';
import { recoverFetch } from '../remote/pull/recover.ts';
import { openStore } from '../remote/store/open.ts';
import { dirFlag } from '../repository/care/field.ts';
import { LEVELS, type Level } from '../repository/manifest.ts';
import { repositoryDirectory } from '../repository/repository.ts';
import { verify as here, verified } from '../verify/verify.ts';

const idField = here.fields.id;

/** Proves that a backup can be used: one of the repository, or the copy of one that is elsewhere. */
export const verify: AnyOperation = {
  ...here,
  input: here.input.extend({
    level: z.enum(LEVELS).optional(),
    remote: z.boolean().default(false),
    identity: z.string().optional(),
  }),
  fields: {
    ...here.fields,
    ...(idField && {
      id: {
        ...idField,
        choices: async (context, raw) =>
          raw.remote === true
            ? copyChoices(context, raw.dir)
            : ((await idField.choices?.(context, raw)) ?? []),
      },
    }),
    level: {
      title: 'Level',
      hint: 'decode: to its end; checksum: every byte; counts: both, and every row; restore: it restores',
      standard: (_known, raw) => (raw.remote === true ? 'checksum' : 'counts'),
    },
    remote: {
      title: 'Copy elsewhere',
      hint: 'the copy of it that is elsewhere: all of it is read from there',
    },
    identity: { ...copyFields.identity, when: ({ remote }) => remote === true },
  },
  plan: async ({ remote, ...input }, context) =>
    remote === true
      ? planRemote(input as unknown as Input, context)
      : here.plan({ ...input, level: input.level ?? 'counts' }, context),
  recover: recoverFetch,
};

interface Input {
  readonly id: string;
  readonly level?: Level;
  readonly identity?: string;
  readonly dir?: string;
}

async function planRemote(input: Input, context: OpContext): Promise<Plan> {
  const directory = repositoryDirectory(context, input.dir);
  const level = input.level ?? 'checksum';
  const readable = await copyNamed(input, directory, context);
  const { copy, label } = readable;
  const where = level === 'checksum' ? undefined : await landing(copy, directory, context);
  return {
    operation: 'backups verify',
    title: `Verify the copy of ${copy.id} in ${label}`,
    subject: copy.id,
    danger: 'none',
    writes: false,
    server: label,
    input: { ...input, level, remote: true },
    facts: [
      ...copyFacts(readable),
      { label: 'Level', value: level },
      { label: 'Fetched into', value: where === undefined ? 'nothing is kept' : where.directory },
    ],
    checks: where === undefined ? [] : [where.check],
    steps: [
      {
        id: 'verify',
        title:
          where === undefined
            ? 'Read every byte of it back and compare'
            : `Fetch it, comparing every byte; ${level}; remove what was fetched`,
        preview:
          where === undefined
            ? `sha256 of every file in ${label}/${copy.id}, as stored and as it was`
            : `${label}/${copy.id} -> ${where.directory}, then what backups verify --level ${level} does`,
        run: async (io) => {
          if (where !== undefined)
            return await whileFetched(io, context, readable, where, async (backup) => {
              const found = await verified(io, context, backup, level);
              io.result(told(copy.id, found.level, found.detail));
            });
          const store = await openStore(context.backup.remote, io.signal);
          try {
            await proveCopy({ store, copy, identities: readable.identities }, io);
          } finally {
            await store.close();
          }
          io.result(told(copy.id, level, 'Every byte is as it was stored, and as it was when it was made.'));
        },
      },
    ],
    reaches: () =>
      level === 'restore'
        ? `The copy in ${label} was only read, and it restores.`
        : `The copy in ${label} was only read, and it is good. Whether it restores was not tried.`,
    follows: () =>
      level === 'restore'
        ? undefined
        : `pgdeck backups verify ${shellWord(copy.id)} --remote --level restore${dirFlag(input.dir)}`,
    leaves: () => `The copy in ${label} was only read; nothing that was fetched of it is kept.`,
  };
}

const told = (id: string, level: Level, detail: string) => ({
  title: `Verification of the copy of ${id}`,
  columns: ['Level', 'Held', 'Found'],
  rows: [[level, 'yes', detail]],
});
