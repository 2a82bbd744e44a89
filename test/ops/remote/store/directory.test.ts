import { describe } from 'vitest';
import { directoryStore } from '../../../../src/ops/remote/store/directory.ts';
import { holdsAsDirectory } from './contract.ts';

describe('a directory of this machine', () => {
  holdsAsDirectory(async (root) => directoryStore(root));
});
