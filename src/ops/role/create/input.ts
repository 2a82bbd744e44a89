import { z } from 'zod';
import { passwordShape, SAME } from '../fields.ts';

const flag = z.boolean().default(false);

/** What `role create` takes. */
export const createInput = z
  .object({
    name: z.string().min(1),
    no_login: flag,
    no_password: flag,
    ...passwordShape,
    member_of: z.array(z.string().min(1)).default([]),
    connection_limit: z.number().int().min(0, 'expected 0 or more').optional(),
    createdb: flag,
    createrole: flag,
    replication: flag,
    superuser: flag,
    comment: z.string().min(1).optional(),
  })
  .refine(SAME.is, SAME.problem);

/** What a new role is asked to be. */
export type CreateInput = z.output<typeof createInput>;
