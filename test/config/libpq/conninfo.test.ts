import { describe, expect, test } from 'vitest';
import { isConnectionString, parseConninfo, parseUrl } from '../../../src/config/libpq/conninfo.ts';

describe('URL', () => {
  test.each([
    ['postgres://', {}],
    ['postgresql://localhost', { host: 'localhost' }],
    ['postgres://bob@db:6000/shop', { user: 'bob', host: 'db', port: '6000', dbname: 'shop' }],
    ['postgres://b%40b:p%3a%2F@db/a%20b', { user: 'b@b', password: 'p:/', host: 'db', dbname: 'a b' }],
    ['postgres://[2001:db8::1]:6000/x', { host: '2001:db8::1', port: '6000', dbname: 'x' }],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/x', { host: '/var/run/postgresql', dbname: 'x' }],
    ['postgres:///x?host=/tmp&port=6000&user=bob', { host: '/tmp', port: '6000', user: 'bob', dbname: 'x' }],
    ['postgres://db?ssl=true', { host: 'db', sslmode: 'require' }],
    [
      'postgres://db/x?sslmode=verify-full&channel_binding=require',
      { host: 'db', dbname: 'x', sslmode: 'verify-full' },
    ],
    ['postgres://a,b:1/x', { host: 'a,b:1', dbname: 'x' }],
  ])('%s', (url, expected) => {
    expect(parseUrl(url)).toEqual(expected);
  });

  test.each([
    ['mysql://db', /does not begin with postgres/],
    ['postgres://db/x?foo=1', /unknown parameter "foo"/],
    ['postgres://db/%zz', /not followed by two hexadecimal/],
    ['postgres://db:port/x', /no valid host and port/],
    ['postgres://db?sslmode', /without a value/],
  ])('refuses %s', (url, message) => {
    expect(() => parseUrl(url)).toThrow(message);
  });

  test('half of a password with an @ is not taken for the host, and not told', () => {
    expect(() => parseUrl('postgres://bob:sec@ret@db/x')).toThrow(/must be written as %40/);
    expect(() => parseUrl('postgres://bob:sec@ret@db/x')).not.toThrow(/ret@|sec/);
    expect(() => parseUrl('postgres://bob:12?ret@db/x')).toThrow(/without a value/);
    expect(() => parseUrl('postgres://bob:12?ret@db/x')).not.toThrow(/ret/);
  });
});

describe('conninfo string', () => {
  test.each([
    ['', {}],
    ['host=db', { host: 'db' }],
    ["  host = 'a b'  port=6000 ", { host: 'a b', port: '6000' }],
    [String.raw`password='it\'s \\ fine' user=bob`, { password: String.raw`it's \ fine`, user: 'bob' }],
    [String.raw`user=a\ b dbname=x`, { user: 'a b', dbname: 'x' }],
    ["user='' host=db", { user: '', host: 'db' }],
    // as in libpq: blanks after the = are skipped, so the next word is the value
    ['host= port=1', { host: 'port=1' }],
  ])('%j', (text, expected) => {
    expect(parseConninfo(text)).toEqual(expected);
  });

  test.each([['host'], ["host='db"], ['host=db extra'], ['=db']])('refuses %j without quoting it', (text) => {
    expect(() => parseConninfo(text)).toThrow('The connection string is not well formed.');
  });

  test('refuses parameters that libpq does not have', () => {
    expect(() => parseConninfo('hots=db')).toThrow('unknown parameter "hots"');
  });
});

test('a database name is told from a connection string as libpq does', () => {
  expect(['shop', 'a=b', 'postgres://x', 'postgresql://x'].map(isConnectionString)).toEqual([
    false,
    true,
    true,
    true,
  ]);
});
