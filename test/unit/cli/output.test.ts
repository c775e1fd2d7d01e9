import { expect, test } from 'vitest';
import { clock, cut, megabytes, Output, table } from '../../../src/cli/output.ts';
import { RagtuiError } from '../../../src/platform/errors.ts';

function make(options: { json?: boolean; quiet?: boolean; tty?: boolean; now?: () => number } = {}) {
  const written = { out: '', err: '' };
  const output = new Output(
    { json: options.json ?? false, quiet: options.quiet ?? false, color: true },
    { write: (text) => (written.out += text), isTTY: options.tty ?? false },
    { write: (text) => (written.err += text), isTTY: options.tty ?? false, columns: 30 },
    options.now,
  );
  return { output, written };
}

test('text for people carries no escape sequence of a document; --json carries it as it is', () => {
  const hostile = 'a\u001b]0;owned\u0007b\u202ec\u001b[2J';
  const text = make();
  text.output.result({ text: hostile }, () => hostile);
  expect(text.written.out).toBe('abc\n');
  const json = make({ json: true });
  json.output.result({ text: hostile }, () => hostile);
  expect(JSON.parse(json.written.out)).toEqual({ text: hostile });
  expect(json.written.out).not.toContain('\u001b');
});

test('an error is one line of what and what to do, or one JSON object', () => {
  const error = new RagtuiError('not-found', 'There is no x\nreally\u001b[31m.', 'Make one.');
  const text = make();
  text.output.error(error);
  expect(text.written).toEqual({ out: '', err: 'ragtui: There is no x really. Make one.\n' });
  const json = make({ json: true });
  json.output.error(error);
  expect(JSON.parse(json.written.err)).toEqual({
    error: { code: 'not-found', message: 'There is no x\nreally\u001b[31m.', hint: 'Make one.' },
  });
});

test('an error tells no key', () => {
  const error = new RagtuiError('network', 'Refused: Bearer abcdefgh12345678.', 'Not hf_abcdefgh12345678?');
  for (const json of [true, false]) {
    const { output, written } = make({ json });
    output.error(error);
    expect(written.err).toContain('[secret]');
    expect(written.err).not.toContain('12345678');
  }
});

test('progress writes over one line on a terminal, cut to its width, and leaves nothing behind', () => {
  const { output, written } = make({ tty: true });
  output.progress('one');
  output.progress('x'.repeat(100));
  output.note('remark');
  expect(written.err).toBe(`\r\u001b[2Kone\r\u001b[2K${'x'.repeat(28)}…\r\u001b[2Kremark\n`);
});

test('progress elsewhere is a line now and then; --quiet has none', () => {
  let now = 0;
  const { output, written } = make({ now: () => now });
  output.progress('1');
  now = 10_000;
  output.progress('2');
  output.progress('3');
  now = 20_000;
  output.progress('4');
  expect(written.err).toBe('2\n4\n');
  const quiet = make({ quiet: true });
  quiet.output.progress('1');
  quiet.output.note('2');
  expect(quiet.written.err).toBe('');
});

test('columns are aligned by terminal cells', () => {
  expect(
    table(
      ['NAME', 'N'],
      [
        ['知识', '1'],
        ['ab', '22'],
      ],
    ),
  ).toEqual(['NAME  N', '知识  1', 'ab    22']);
});

test('a cut never splits a wide character or a grapheme', () => {
  expect(cut('知识库', 6)).toBe('知识库');
  expect(cut('知识库', 5)).toBe('知识…');
  expect(cut('知识库', 4)).toBe('知…');
  expect(cut('👨‍👩‍👧x', 2)).toBe('…');
});

test('sizes and times are short', () => {
  expect([0, 400, 24_010_842, 1_120_000_000].map(megabytes)).toEqual(['0 kB', '1 kB', '24 MB', '1.1 GB']);
  expect([0, 9.6, 75, 3661].map(clock)).toEqual(['0:00', '0:10', '1:15', '1:01:01']);
});
