import { plural } from '../../text/units.ts';
import { defineCheck } from '../check.ts';
import type { DriftFact } from '../outside.ts';

const WHAT: Readonly<Record<DriftFact['critical'][number]['kind'], string>> = {
  missing: 'is missing',
  changed: 'is not as expected',
  extra: 'is not expected',
  invalid: 'is not valid',
};

/** Ids that are named in a sentence. */
const NAMED = 5;

/** Whether the database is made of what its profile expects. */
export const schemaDrift = defineCheck({
  id: 'schema_drift',
  title: 'Schema drift',
  category: 'schema',
  fix: '`schema fix`',
  reads: [],
  judge: ({ outside: { drift } }) => {
    if ('unknown' in drift)
      return {
        unknown: { reason: drift.unknown, ...(drift.remedy !== undefined && { remedy: drift.remedy }) },
      };
    if (drift.known === null) return { because: 'Nothing is expected of this database.' };
    const { file, critical, minor } = drift.known;
    const evidence = `Compared with ${file}; what is there besides, grants and data are not.`;
    const remedy = {
      operation: 'schema fix',
      input: { against: file },
      cost: 'Adds what is missing, a step for each, with a short lock_timeout; nothing is dropped.',
    };
    const told = minor.slice(0, NAMED).join(', ');
    const more = minor.length > NAMED ? `, and ${minor.length - NAMED} more` : '';
    return {
      findings: [
        ...critical.map(({ id, kind, object, path, attribute }) => ({
          object: id,
          severity: 'critical' as const,
          title: `The ${attribute === null ? '' : `${attribute} of the `}${object} ${path} ${WHAT[kind]}.`,
          ...{ evidence, remedy },
          why: 'What the program expects there fails when it comes to it.',
        })),
        ...(minor.length === 0
          ? []
          : [
              {
                object: 'minor',
                severity: 'warning' as const,
                title: `${plural(minor.length, 'thing')} ${minor.length === 1 ? 'is' : 'are'} not as expected: ${told}${more}.`,
                value: minor.length,
                ...{ evidence, remedy },
                why: 'Something was changed by hand, or a release has not reached this database wholly.',
              },
            ]),
      ],
    };
  },
});
