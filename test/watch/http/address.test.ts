import { expect, test } from 'vitest';
import { UsageError } from '../../../src/config/usage-error.ts';
import { isLoopback, parseListen, withPort } from '../../../src/watch/http/address.ts';

test.each([
  ['9187', '127.0.0.1', 9187],
  ['127.0.0.1:9187', '127.0.0.1', 9187],
  ['0.0.0.0:9187', '0.0.0.0', 9187],
  ['[::1]:9187', '::1', 9187],
  ['localhost:0', 'localhost', 0],
  ['db-1.example.org:65535', 'db-1.example.org', 65535],
])('%s', (text, host, port) => {
  expect(parseListen(text)).toEqual({ host, port });
});

test.each([
  ['', /ends with no port/],
  ['127.0.0.1', /ends with no port/],
  ['127.0.0.1:', /ends with no port/],
  ['127.0.0.1:http', /ends with no port/],
  [':9187', /neither an IP address nor a name/],
  ['*:9187', /neither an IP address nor a name/],
  ['127.1:9187', /neither an IP address nor a name/],
  ['999.0.0.1:9187', /neither an IP address nor a name/],
  ['[127.0.0.1]:9187', /neither an IP address nor a name/],
  ['-x:9187', /neither an IP address nor a name/],
  ['::1:9187', /in brackets/],
  ['::1', /in brackets/],
  ['65536', /range/],
  ['99999999999999999999', /range/],
  ['-1', /ends with no port/],
  ['9187 --token x', /ends with no port/],
])('%j is refused', (text, sentence) => {
  expect(() => parseListen(text)).toThrow(UsageError);
  expect(() => parseListen(text)).toThrow(sentence);
});

test('who is reached from outside is told from the address', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'].filter(isLoopback)).toHaveLength(4);
  expect(['0.0.0.0', '::', '10.0.0.1', '::ffff:10.0.0.1', 'localhost'].filter(isLoopback)).toEqual([]);
  expect(withPort({ host: '::1', port: 1 })).toBe('[::1]:1');
});
