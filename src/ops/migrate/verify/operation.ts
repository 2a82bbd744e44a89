import { z } from 'zod';
import { defineOperation } from '../../engine/operation.ts';
import { choose, chooseFields } from '../choose.ts';
import { migrateErrors } from '../errors.ts';
import { constraintSentence, indexName, leftoversOf } from './leftovers.ts';

/** `pgdeck migrate verify`: whether the history and the files say the same, and nothing is half made. */
export const verify = defineOperation({
  id: 'migrate verify',
  input: z.object({ tool: z.string().optional(), dir: z.string().optional() }),
  fields: chooseFields,
  plan: async (input, context) => {
    const { adapter, where, why } = await choose(context, input);
    return {
      operation: 'migrate verify',
      title: `Verify the migrations of ${context.target.database}`,
      subject: context.target.database,
      danger: 'none',
      writes: false,
      server: context.place,
      input: { tool: adapter.id, dir: where.directory },
      facts: [{ label: 'Tool', value: `${adapter.title}: ${why}` }],
      checks: [],
      leaves: () => 'Nothing was changed.',
      reaches: () => 'Nothing was changed: the database and the files were only read.',
      steps: [
        {
          id: 'verify',
          title: 'Compare the history with the files, and look for what is half done',
          preview: 'pgdeck migrate status; indexes and constraints that are not valid',
          run: async (io) => {
            const session = await io.connect(undefined, 'migration');
            const status = await adapter.status({ ...where, session });
            const left = await leftoversOf(session);
            const count = (state: string) => status.items.filter((item) => item.state === state).length;
            const states = [...new Set(status.items.map(({ state }) => state))];
            io.result({
              title: 'Migrations',
              columns: ['what', 'found'],
              rows: [
                ...states.map((state) => [state.replaceAll('_', ' '), String(count(state))]),
                ['INVALID indexes', left.indexes.map(indexName).join(', ') || 'none'],
                ['not validated', left.constraints.map(({ name }) => name).join(', ') || 'none'],
              ],
            });
            for (const constraint of left.constraints) io.line(constraintSentence(constraint));
            // what goes up is as it was: old ways down that nobody ever ran are often broken
            const problems = status.problems.filter(({ kind }) => kind !== 'bad_way_down');
            for (const { kind, message } of status.problems)
              if (kind === 'bad_way_down') io.line(`A way down cannot be read: ${message}`);
            if (problems.length > 0 || left.indexes.length > 0)
              throw migrateErrors.notSound({ problems, indexes: left.indexes });
            io.line(`${status.current ?? 'The base'} is current; the history and the files say the same.`);
          },
        },
      ],
    };
  },
});
