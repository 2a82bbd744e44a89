import { expect, test } from 'vitest';
import { sshArguments } from '../../../src/hosts/ssh/arguments.ts';

const options = (args: readonly string[]) => args.filter((_word, at) => args[at - 1] === '-o');

test('nobody is asked anything, and nothing of the configuration opens a terminal', () => {
  const args = sshArguments({ destination: 'db1' }, []);
  expect(options(args)).toEqual(
    expect.arrayContaining(['BatchMode=yes', 'RequestTTY=no', 'RemoteCommand=none', 'ForwardAgent=no']),
  );
  expect(args).toContain('-T');
  expect(args).not.toContain('-F');
});

test('a destination is no option, whatever it is called', () => {
  expect(sshArguments({ destination: '-oProxyCommand=id' }, ['-N']).slice(-3)).toEqual([
    '-N',
    '--',
    '-oProxyCommand=id',
  ]);
});

test('a configuration is one word, and an option that is given counts instead of the usual one', () => {
  const args = sshArguments({ destination: 'db1', config: '/a b/config' }, [], { ConnectTimeout: 3 });
  expect(args.slice(0, 2)).toEqual(['-F', '/a b/config']);
  expect(options(args).filter((one) => one.startsWith('ConnectTimeout='))).toEqual(['ConnectTimeout=3']);
});
