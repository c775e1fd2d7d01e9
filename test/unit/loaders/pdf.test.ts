import { expect, test } from 'vitest';
import { chinesePdf, encryptedPdf, pdfOf, pdfPages, pdfText } from '../../support/hostile-files.ts';
import { load, refusal } from './helpers.ts';

// "observatory closes at", etc.: lines that reach the right edge of the column go on, the short one ends its paragraph.
const PAGE = pdfText([
  [72, 780, 'Handbook'],
  [72, 740, 'The observatory on the hill opens every clear evening and stays'],
  [72, 725, 'open until the last visitor has had a look through the tele-'],
  [72, 710, 'scope.'],
  [72, 695, 'A second paragraph begins on a line of its own and has to go on'],
  [72, 680, 'here.'],
]);

test('lines are joined to paragraphs, pages keep their offsets', async () => {
  const [document] = await load('a.pdf', pdfPages([PAGE, pdfText([[72, 700, 'Page two.']])]));
  const text =
    'Handbook\n\nThe observatory on the hill opens every clear evening and stays open until the last visitor has had a look through the telescope.\nA second paragraph begins on a line of its own and has to go on here.\n\nPage two.';
  expect(document).toEqual({
    key: '',
    title: 'a.pdf',
    text,
    metadata: { format: 'pdf', pages: 2, pageOffsets: `0,${text.indexOf('Page two.')}` },
  });
});

test('a Chinese PDF without fonts is read by its character map', async () => {
  // GBK codes from the standard: 龙井茶在三月采摘，水温八十度。
  const [document] = await load(
    'zh.pdf',
    chinesePdf(['c1fabeaeb2e8d4dac8fdd4c2b2c9d5aaa3ac', 'cbaecec2b0cbcaaeb6c8a1a3']),
  );
  expect(document?.text).toBe('龙井茶在三月采摘，水温八十度。');
});

test('the title comes from the document where it has one', async () => {
  const [document] = await load(
    't.pdf',
    pdfPages([pdfText([[72, 700, 'x y']])], undefined, {
      objects: ['<< /Title (Tea Book) >>'],
      trailer: '/Info 4 0 R',
    }),
  );
  expect(document?.title).toBe('Tea Book');
});

test('what cannot be read is refused with its reason', async () => {
  expect(await refusal(load('enc.pdf', encryptedPdf()))).toBe(
    'unsupported: It is encrypted: a password is needed to read it.',
  );
  expect(await refusal(load('broken.pdf', '%PDF-1.7\nnothing of the kind'))).toMatch(
    /^corrupt: It is not a readable PDF: /,
  );
  expect(await refusal(load('html.pdf', '<html>not found</html>'))).toMatch(/^corrupt: It is not a readable PDF: /);
  expect(await refusal(load('scan.pdf', pdfPages(['0 0 10 10 re f', ''])))).toBe(
    'invalid: There is no text in it: its 2 pages hold only images or drawings.',
  );
  expect(await refusal(load('long.pdf', pdfPages([PAGE, PAGE, PAGE]), { maxPages: 2 }))).toBe(
    'unsupported: It has 3 pages; the limit is 2.',
  );
  expect(
    await refusal(
      load('loop.pdf', pdfOf(['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [2 0 R] /Count 1 >>'])),
    ),
  ).toMatch(/^(corrupt|invalid): /);
});

test('a PDF that lost its end gives its text, one that lost more a reason', async () => {
  const whole = pdfPages([PAGE]);
  const [document] = await load('cut.pdf', whole.subarray(0, whole.lastIndexOf('startxref')));
  expect(document?.text).toContain('opens every clear evening');
  expect(await refusal(load('half.pdf', whole.subarray(0, whole.length / 2)))).toMatch(
    /^corrupt: It is not a readable PDF/,
  );
});
