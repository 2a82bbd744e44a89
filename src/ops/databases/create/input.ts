import { z } from 'zod';

const text = z.string().min(1).optional();

/** What `db create` takes. */
export const createInput = z
  .object({
    name: z.string().min(1),
    owner: text,
    template: text,
    encoding: text,
    locale: text,
    provider: z.enum(['libc', 'icu', 'builtin']).optional(),
    icu_locale: text,
    tablespace: text,
    connection_limit: z.number().int().min(0, 'expected 0 or more').optional(),
    closed: z.boolean().default(false),
    comment: text,
  })
  .refine(({ provider, icu_locale }) => provider !== 'icu' || icu_locale !== undefined, {
    path: ['icu_locale'],
    message: 'is needed with the provider icu: de-DE, und',
  })
  .refine(({ provider, icu_locale }) => provider === 'icu' || icu_locale === undefined, {
    path: ['icu_locale'],
    message: 'is of the provider icu only',
  })
  .refine(({ provider, locale }) => provider !== 'builtin' || locale !== undefined, {
    path: ['locale'],
    message: 'is needed with the provider builtin: C, C.UTF-8',
  });

/** What a new database is asked to be. */
export type CreateInput = z.output<typeof createInput>;

/** Whether it is asked to be of another kind than its template may be. */
export function differs({ encoding, locale, provider }: { readonly [key: string]: unknown }): boolean {
  return [encoding, locale, provider].some((one) => one !== undefined && one !== '');
}

/** Only template0 takes another encoding and locale than its own. */
export function templateOf(wish: CreateInput): string {
  return wish.template ?? (differs(wish) ? 'template0' : 'template1');
}
