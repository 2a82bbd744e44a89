import { expect, test } from 'vitest';
import { withSecretFiles } from '../../../src/ops/files/secret-files.ts';

test.each(['a\nb', 'a\r'])(
  'a password with a line break is refused with that reason: %j',
  async (password) => {
    await expect(withSecretFiles({ password, passphrase: undefined }, async () => {})).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('has a line break'),
    });
  },
);
