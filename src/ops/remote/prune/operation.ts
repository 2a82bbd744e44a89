import { z } from 'zod';
import type { AnyOperation } from '../../engine/operation.ts';
import { prune as here } from '../../repository/retention/prune.ts';
import { type PruneRemote, planPruneRemote } from './prune.ts';

/** Removes what the rule no longer keeps: backups of the repository, or the copies of them that are elsewhere. */
export const prune: AnyOperation = {
  ...here,
  input: here.input.extend({ remote: z.boolean().default(false) }),
  fields: {
    ...here.fields,
    remote: {
      title: 'Copies elsewhere',
      hint: 'the copies that are elsewhere, by the rule of "remote" in the profile, and not those of here',
    },
  },
  plan: async ({ remote, ...input }, context) =>
    remote === true ? planPruneRemote(input as PruneRemote, context) : here.plan(input, context),
};
