import { expect, test } from 'vitest';
import { schemaDrift } from '../../../src/health/checks/schema-drift.ts';
import type { DriftFact, Outside } from '../../../src/health/outside.ts';
import { assessed } from '../facts.ts';

const judged = (drift: Outside['drift']) => assessed([schemaDrift], [], { outside: { drift } });
const fact = (more: Partial<DriftFact>): Outside['drift'] => ({
  known: { file: '/srv/schema.json', critical: [], minor: [], ...more },
});

test('nothing is expected, all is as expected, or nobody knows', () => {
  expect(judged({ known: null }).findings).toEqual([]);
  expect(schemaDrift.judge({ outside: { drift: { known: null } } } as never)).toEqual({
    because: 'Nothing is expected of this database.',
  });
  expect(judged(fact({})).findings).toEqual([]);
  expect(judged({ unknown: 'It cannot be read.' }).unknown).toMatchObject([
    { check: 'schema_drift', reason: 'It cannot be read.' },
  ]);
});

test('each critical issue by itself, and what is minor together', () => {
  const column = { kind: 'missing' as const, object: 'column', path: 'app.orders.total', attribute: null };
  const type = { kind: 'changed' as const, object: 'column', path: 'app.orders.id', attribute: 'type' };
  const { findings } = judged(
    fact({
      critical: [
        { id: 'missing:column:app.orders.total', ...column },
        { id: 'changed:column:app.orders.id:type', ...type },
      ],
      minor: ['missing:index:app.orders.a', 'missing:index:app.orders.b'],
    }),
  );
  expect(findings).toMatchObject([
    { severity: 'critical', title: 'The type of the column app.orders.id is not as expected.' },
    {
      id: 'schema_drift:missing:column:app.orders.total',
      severity: 'critical',
      title: 'The column app.orders.total is missing.',
      remedy: { operation: 'schema fix', input: { against: '/srv/schema.json' } },
    },
    {
      id: 'schema_drift:minor',
      severity: 'warning',
      title: '2 things are not as expected: missing:index:app.orders.a, missing:index:app.orders.b.',
    },
  ]);
});
