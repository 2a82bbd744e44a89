import { expect, test } from 'vitest';
import { appSchema, appSettings } from '../../src/config/app.ts';

const settings = (app: unknown) => appSettings(appSchema.parse(app));

test('without it nothing is stopped, and nothing asked', () => {
  expect(appSettings()).toEqual({ parts: [], check: undefined });
});

test('a command, one part and several are one list', () => {
  expect(settings({ stop: 'stop.sh', start: 'start.sh' }).parts).toEqual([
    { kind: 'command', stop: 'stop.sh', start: 'start.sh' },
  ]);
  expect(settings({ stop: { kind: 'kubectl', deployment: 'backend' } }).parts).toHaveLength(1);
  expect(
    settings({
      stop: [
        { kind: 'compose', services: ['a'] },
        { kind: 'systemctl', units: ['b.service'] },
      ],
    }).parts,
  ).toHaveLength(2);
});

test('the check may be its address alone', () => {
  expect(settings({ check: 'http://localhost:3001/health' }).check).toEqual({
    url: 'http://localhost:3001/health',
  });
  expect(settings({ check: { url: 'https://shop/health', status: 204, timeout: 5 } }).check?.status).toBe(
    204,
  );
});

test.each([
  [{ stop: 'stop.sh' }, /the command that starts/],
  [{ start: 'start.sh' }, /only where stop is a command/],
  [{ stop: { kind: 'compose', services: [] } }, /./],
  [{ stop: { kind: 'compose', services: ['-f'] } }, /expected a name/],
  [{ stop: { kind: 'kubectl', deployment: '--all' } }, /name of a deployment/],
  [{ stop: { kind: 'systemctl', units: ['--now'] } }, /expected a name/],
  [{ check: 'file:///etc/passwd' }, /expected a URL/],
])('%j is refused', (app, why) => {
  const { success, error } = appSchema.safeParse(app);
  expect(success).toBe(false);
  expect(JSON.stringify(error?.issues)).toMatch(why);
});
