import { expect, test } from 'vitest';
import { typedBy } from '../../../src/hosts/remote/typed.ts';
import { shellWord } from '../../../src/text/shell.ts';

const dump = { command: 'pg_dump', args: ['-t', 'a b'] };
const zstd = { command: 'zstd', args: ['-q'] };

test('a shell that reads the words once more gets them quoted once more', () => {
  const ssh = { typed: { words: ['ssh', 'db1'], again: true } };
  expect(typedBy(ssh, [dump])).toBe(`ssh db1 ${shellWord("pg_dump -t 'a b'")}`);
});

test('a pipe needs a shell there', () => {
  const docker = { typed: { words: ['docker', 'exec', '-i', 'db'], again: false } };
  expect(typedBy(docker, [dump])).toBe("docker exec -i db pg_dump -t 'a b'");
  expect(typedBy(docker, [dump, zstd])).toBe(
    `docker exec -i db sh -c ${shellWord("pg_dump -t 'a b' | zstd -q")}`,
  );
});
