import { expect, test } from 'vitest';
import { hidden, isSecret } from '../../../src/db/settings/secret.ts';

test.each(['primary_conninfo', 'Primary_ConnInfo', 'ssl_passphrase_command', 'my.api_key', 'vault.TOKEN'])(
  '%s is a secret',
  (name) => {
    expect(isSecret(name)).toBe(true);
    expect(hidden(name, 'x')).toBe('********');
  },
);

test.each([
  'password_encryption',
  'ssl_passphrase_command_supports_reload',
  'work_mem',
  'pg_stat_statements.max',
])('%s is none', (name) => {
  expect(isSecret(name)).toBe(false);
  expect(hidden(name, 'x')).toBe('x');
});
