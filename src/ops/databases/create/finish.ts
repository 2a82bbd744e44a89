import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import { comment } from '../../database/create.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import type { Step } from '../../engine/plan.ts';
import type { CreateInput } from './input.ts';

/** What is said of it once it is there; also for a run that was killed before. */
export function finishSteps(wish: Pick<CreateInput, 'name' | 'closed' | 'comment'>): Step[] {
  const { name } = wish;
  const revoke = `REVOKE CONNECT ON DATABASE ${quoteIdent(name)} FROM PUBLIC`;
  return [
    ...(wish.closed
      ? [
          {
            id: 'close',
            title: `Let only its owner into ${name}`,
            preview: `${revoke};`,
            run: (io) => inMaintenance(io, (session) => session.sql(revoke)),
          } satisfies Step,
        ]
      : []),
    ...(wish.comment === undefined
      ? []
      : [
          {
            id: 'comment',
            title: `Comment on ${name}`,
            preview: `COMMENT ON DATABASE ${quoteIdent(name)} IS ${quoteLiteral(wish.comment).trim()};`,
            run: (io) => inMaintenance(io, (session) => comment(session, name, wish.comment ?? null)),
          } satisfies Step,
        ]),
  ];
}
