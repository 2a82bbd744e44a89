import { expect, test } from 'vitest';
import { span, type Tone } from '../../src/text/line.ts';
import { painter } from '../../src/ui/theme.ts';

const TONES: Tone[] = [
  'plain',
  'muted',
  'title',
  'key',
  'accent',
  'good',
  'warn',
  'alert',
  'critical',
  'selected',
  'production',
];

test('colours are those of the terminal, and each piece ends its own', () => {
  const paint = painter(true);
  expect(paint([span('a'), span('b', 'alert'), span('', 'alert'), span('c', 'plain')])).toBe(
    'a\u001b[31mb\u001b[0mc',
  );
  for (const tone of TONES) expect(paint([span('x', tone)])).toMatch(/^(x|\u001b\[[0-9;]+mx\u001b\[0m)$/);
});

test('without colour there is bold and reverse only', () => {
  const paint = painter(false);
  for (const tone of TONES) expect(paint([span('x', tone)])).toMatch(/^(x|\u001b\[[17]mx\u001b\[0m)$/);
  expect(paint([span('x', 'selected')])).toBe('\u001b[7mx\u001b[0m');
  expect(paint([span('x', 'critical')])).toBe('\u001b[1mx\u001b[0m');
});

test('a row under the cursor keeps the colour of what it says, and headings are dim, not a colour', () => {
  const paint = painter(true);
  expect(paint([{ text: 'idle in xact', tone: 'warn', chosen: true }])).toBe(
    '\u001b[7m\u001b[33midle in xact\u001b[0m',
  );
  expect(paint([{ text: 'x', chosen: true }])).toBe('\u001b[7mx\u001b[0m');
  expect(paint([{ text: 'x', tone: 'muted', chosen: true }])).toBe('\u001b[7mx\u001b[0m');
  expect(paint([span('PID', 'muted')])).toBe('\u001b[2mPID\u001b[0m');
  expect(painter(false)([{ text: 'x', tone: 'warn', chosen: true }])).toBe('\u001b[7mx\u001b[0m');
});
