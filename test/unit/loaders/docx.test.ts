import { expect, test } from 'vitest';
import { docxOf, docxParagraph, zipOf } from '../../support/hostile-files.ts';
import { load, refusal } from './helpers.ts';

test('headings, paragraphs and tables become light Markdown', async () => {
  const body = [
    docxParagraph('茶叶手册', 'Heading1'),
    docxParagraph('Green tea &amp; white tea.'),
    docxParagraph('Water', 'Heading2'),
    '<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Tea</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>80 °C</w:t></w:r></w:p></w:tc></w:tr></w:tbl>',
  ].join('');
  const [document] = await load('a.docx', docxOf(body));
  expect(document).toMatchObject({ key: '', title: '茶叶手册', metadata: { format: 'docx' } });
  expect(document?.text).toBe('# 茶叶手册\n\nGreen tea & white tea.\n\n## Water\n\nTea | 80 °C');
});

test('a bomb is refused before it goes off', async () => {
  const spaces = Buffer.alloc(48 * 1024 * 1024, ' ');
  expect(await refusal(load('bomb.docx', docxOf(spaces)))).toMatch(
    /^unsupported: It would unpack to 48 MB, \d+ times its size: it looks like a zip bomb\.$/,
  );
  expect(await refusal(load('claims.docx', docxOf('', 3_000_000_000)))).toMatch(
    /more than 200 MB: it looks like a zip bomb/,
  );
  // The header says 1 kB: unpacking stops there.
  expect(await refusal(load('lies.docx', docxOf(spaces, 1000)))).toMatch(/^corrupt: .*too many bytes/);
});

test('damaged, foreign and encrypted files are refused with their reason', async () => {
  const good = docxOf(docxParagraph('text'));
  expect(await refusal(load('cut.docx', good.subarray(0, 300)))).toMatch(
    /^corrupt: It is not a readable zip archive: /,
  );
  expect(await refusal(load('text.docx', 'only text'))).toMatch(/^corrupt: It is not a readable zip archive: /);
  expect(await refusal(load('other.docx', zipOf([{ name: 'a.txt', content: 'x' }])))).toBe(
    'corrupt: It is a zip archive without a Word document in it.',
  );
  expect(await refusal(load('bad.docx', docxOf(Buffer.from('<w:document><w:body>'))))).toMatch(/^corrupt: /);
  const encrypted = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(600)]);
  expect(await refusal(load('enc.docx', encrypted))).toBe(
    'unsupported: It is encrypted with a password, or an old .doc under a new name.',
  );
  expect(await refusal(load('none.docx', docxOf('')))).toMatch(/^invalid: There is no text in it/);
});
