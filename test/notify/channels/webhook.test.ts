import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { webhook } from '../../../src/notify/channels/webhook.ts';
import { MESSAGE, never, Receiver } from '../receiver.ts';

const receiver = new Receiver();
beforeAll(async () => void (await receiver.up()));
afterAll(() => receiver.down());
beforeEach(() => void receiver.requests.splice(0));

const send = (url = receiver.url(), timeoutMs = 2_000, signal = never()) =>
  webhook(url, timeoutMs).send(MESSAGE, signal);

test('the message is posted as JSON, exactly', async () => {
  const url = receiver.url('/services/T0/B0?key=k1');
  url.username = 'ann';
  url.password = 'p%40ss';
  const extra = { ...MESSAGE, since: 12 };
  await webhook(url).send(extra, never());
  const [request] = receiver.requests;
  expect(request).toMatchObject({ method: 'POST', url: '/services/T0/B0?key=k1' });
  expect(request?.headers['content-type']).toBe('application/json');
  expect(Buffer.from(request?.headers.authorization?.slice(6) ?? '', 'base64').toString()).toBe('ann:p@ss');
  expect(Object.entries(JSON.parse(request?.body ?? ''))).toEqual(Object.entries(MESSAGE));
});

test.each([
  [400, true, 'http://127.0.0.1/… answered 400.'],
  [404, true, 'http://127.0.0.1/… answered 404.'],
  [408, false, 'http://127.0.0.1/… answered 408.'],
  [425, false, 'http://127.0.0.1/… answered 425.'],
  [429, false, 'http://127.0.0.1/… answered 429.'],
  [503, false, 'http://127.0.0.1/… answered 503.'],
  [
    302,
    false,
    'http://127.0.0.1/… answered 302, which leads to another URL and is not followed: give that one.',
  ],
])('an answer of %i; of no use to try again: %j', async (status, permanent, message) => {
  receiver.answer = (_request, response) =>
    response.writeHead(status, { location: receiver.url('/elsewhere').href }).end('secret words');
  await expect(send()).rejects.toMatchObject({ name: 'NotifyError', message, permanent });
  expect(receiver.requests.map(({ url }) => url)).toEqual(['/hook']);
});

test('an answer without an end is cut off, and the message has arrived', async () => {
  let closed: () => void = () => {};
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  receiver.answer = (_request, response) => {
    response.writeHead(200);
    const more = () => {
      while (response.write('x'.repeat(16_384)));
    };
    response.on('drain', more).on('close', closed);
    more();
  };
  await send();
  await gone;
});

test('whoever does not answer is waited for so long only, and not beyond the end', async () => {
  receiver.answer = () => {};
  await expect(send(receiver.url(), 50)).rejects.toMatchObject({
    message: 'http://127.0.0.1/… did not answer within 0.05 s.',
    permanent: false,
  });
  const abort = new AbortController();
  receiver.answer = () => abort.abort();
  await expect(send(receiver.url(), 5_000, abort.signal)).rejects.toThrow(
    'http://127.0.0.1/… was not waited for.',
  );
});

test('a name that is none, and a server that speaks something else', async () => {
  await expect(send(new URL('https://pgdeck.invalid/x'))).rejects.toThrow(
    'https://pgdeck.invalid/… cannot be reached: its name cannot be resolved.',
  );
  const tls = receiver.url();
  tls.protocol = 'https:';
  await expect(send(tls)).rejects.toThrow('https://127.0.0.1/… speaks no TLS that this client understands.');
});
