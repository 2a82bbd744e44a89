import { expect, test } from 'vitest';
import { byHand, explainSsh } from '../../../src/hosts/ssh/explain.ts';

const place = { destination: 'db1' };

// as OpenSSH 8 to 10 say it
test.each([
  ['Host key verification failed.', 'host_key', 'its host key is not known here'],
  [
    '@@@@@@@@\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n@@@@@@@@\nHost key verification failed.',
    'host_key',
    'its host key is another one than before',
  ],
  [
    'app@db1: Permission denied (publickey,password).',
    'denied',
    'it let nobody in (it takes publickey, password)',
  ],
  [
    'Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures',
    'denied',
    'it let nobody in',
  ],
  [
    'ssh: Could not resolve hostname db1: Name or service not known',
    'name',
    'the name db1 cannot be resolved',
  ],
  [
    'ssh: connect to host db1 port 2222: Connection refused',
    'refused',
    'nothing accepts connections at db1 port 2222',
  ],
  ['ssh: connect to host db1 port 22: No route to host', 'timeout', 'db1 port 22 does not answer'],
  ['Connection timed out during banner exchange', 'timeout', 'it does not answer'],
  [
    '/etc/ssh/ssh_config: line 3: Bad configuration option: nonsense',
    'configuration',
    'Bad configuration option: nonsense',
  ],
  ['client_loop: send disconnect: Broken pipe', 'lost', 'the connection broke'],
  ['Timeout, server db1 not responding.', 'lost', 'the connection broke'],
  ['first\nsomething else\u001b[31m.', 'other', 'something else'],
  ['', 'other', 'ssh ended without a word'],
] as const)('%j is told', (said, kind, reason) => {
  const told = explainSsh(said, place);
  expect(told.kind).toBe(kind);
  expect(told.reason).toBe(reason);
  expect(told.reason).not.toContain('\u001b');
});

test('how a person would try it is one word for each', () => {
  expect(byHand({ destination: 'db 1', config: "/o'k" })).toBe("ssh -F '/o'\\''k' 'db 1'");
});
