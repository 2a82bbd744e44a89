import { quoteIdent } from '../../db/ident.ts';
import { roleMd5Poll } from '../../db/queries/roles.ts';
import { defineCheck } from '../check.ts';

/** Roles whose passwords are kept as MD5 hashes. */
export const passwordMd5 = defineCheck({
  id: 'password_md5',
  title: 'MD5 passwords',
  category: 'security',
  fix: 'a new password',
  reads: [roleMd5Poll],
  judge: ({ figures }) => ({
    findings: figures.rows(roleMd5Poll).map(({ role, superuser }) => ({
      object: role,
      severity: 'warning',
      title: `The password of the ${superuser ? 'superuser' : 'role'} ${role} is kept as an MD5 hash.`,
      evidence: 'Read from pg_authid now.',
      why: 'Whoever gets hold of the hash can log in with it; PostgreSQL 18 has deprecated it.',
      remedy: {
        advice: `Set password_encryption to scram-sha-256, then set the password anew, in psql: \\password ${quoteIdent(role)}. Clients older than PostgreSQL 10 do not know SCRAM.`,
      },
    })),
  }),
});
