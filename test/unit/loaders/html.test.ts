import { expect, test } from 'vitest';
import { load } from './helpers.ts';

const PAGE = `<!doctype html><html><head><title>Opening &amp; closing</title><style>p{}</style></head><body>
<nav><a href="/">Home</a> <a href="/tea">Tea</a></nav>
<main><h1>Hours</h1><p>We open at
 nine<b>.</b> Closed on <i>Monday</i>.</p>
<ul><li>Spring<ul><li>April</li></ul></li><li>Autumn</li></ul>
<pre>a  b
  c</pre><table><tr><th>Day</th><th>Time</th></tr><tr><td>Sun</td><td>10</td></tr></table>
<script>alert(1)</script><p hidden>secret</p></main>
<footer>© nobody</footer></body></html>`;

test('a page is its text, without navigation, scripts and hidden parts', async () => {
  const [document] = await load('a.html', PAGE);
  expect(document).toEqual({
    key: '',
    title: 'Opening & closing',
    text: '# Hours\n\nWe open at nine. Closed on Monday.\n\n- Spring\n  - April\n- Autumn\n\n```\na  b\n  c\n```\n\nDay | Time\nSun | 10',
    metadata: { format: 'html', encoding: 'utf-8' },
  });
});

test('a fragment without html or body', async () => {
  const [document] = await load('b.htm', '<p>One</p>two<br>three');
  expect(document?.text).toBe('One\n\ntwo\nthree');
});

test('the declared character set is used', async () => {
  const bytes = Buffer.concat([
    Buffer.from('<html><head><meta http-equiv="Content-Type" content="text/html; charset=big5"></head><body>'),
    Buffer.from('afc5b3e6a9d0b3f5', 'hex'),
    Buffer.from('</body></html>'),
  ]);
  const [document] = await load('c.html', bytes);
  expect(document?.metadata['encoding']).toBe('big5');
  expect(document?.text).toBe(new TextDecoder('big5').decode(Buffer.from('afc5b3e6a9d0b3f5', 'hex')));
});

test('an article is found among boilerplate', async () => {
  const paragraph = `<p>${'The dome opens at dusk, and the telescope follows the stars through the night. '.repeat(8)}</p>`;
  const links = '<div class="sidebar"><ul><li><a href="#">Buy now</a></li></ul></div>';
  const [document] = await load(
    'd.html',
    `<html><body>${links}<article><h2>Night</h2>${paragraph.repeat(4)}</article></body></html>`,
  );
  expect(document?.text).toContain('The dome opens at dusk');
  expect(document?.text).not.toContain('Buy now');
});

test('a page of navigation only still has its text', async () => {
  const [document] = await load('e.html', '<html><body><nav>Tea list</nav></body></html>');
  expect(document?.text).toBe('Tea list');
});
