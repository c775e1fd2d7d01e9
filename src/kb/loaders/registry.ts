import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { csv } from './csv.ts';
import { docx } from './docx.ts';
import { html } from './html.ts';
import { json } from './json.ts';
import { jsonl } from './jsonl.ts';
import { md } from './md.ts';
import { pdf } from './pdf.ts';
import { txt } from './txt.ts';
import type { Loader } from './types.ts';

/** All formats. A new one: write its file, add it here. */
const loaders: readonly Loader[] = [txt, md, html, pdf, docx, csv, jsonl, json];

/** Formats that we know and do not read: what they are, what to do. */
const UNREADABLE: Readonly<Record<string, readonly [string, string]>> = {
  ...kind('an old Word document', 'Save it as .docx.', 'doc dot'),
  ...kind('a rich text document', 'Save it as .docx.', 'rtf'),
  ...kind('an OpenDocument file', 'Save it as .docx, .pdf or .csv.', 'odt ods odp'),
  ...kind('a spreadsheet', 'Save its sheets as .csv.', 'xls xlsx xlsm xlsb numbers'),
  ...kind('a presentation', 'Save it as .pdf.', 'ppt pptx key'),
  ...kind('an e-book', 'Convert it to .html or .pdf.', 'epub mobi azw3'),
  ...kind('an archive', 'Unpack it.', 'zip gz tgz bz2 xz zst 7z rar tar jar whl'),
  ...kind('a picture', 'Run OCR over it first.', 'png jpg jpeg gif bmp tif tiff webp heic ico psd'),
  ...kind('a recording', 'Transcribe it first.', 'mp3 wav flac ogg m4a mp4 mov avi mkv webm'),
  ...kind('a program or library', '', 'exe dll so dylib o a class pyc wasm bin'),
  ...kind('a database', 'Export it as .csv.', 'db sqlite sqlite3 parquet'),
  ...kind('a font', '', 'ttf otf woff woff2'),
};

function kind(what: string, hint: string, extensions: string): Record<string, readonly [string, string]> {
  return Object.fromEntries(extensions.split(' ').map((extension) => [`.${extension}`, [what, hint]]));
}

/** Whether a file of this name is of a kind that is never read; a folder's walk may pass over such files. */
export function isUnreadable(file: string): boolean {
  return Object.hasOwn(UNREADABLE, path.extname(file).toLowerCase());
}

/**
 * The loader for a file: by its extension; without one, by its first bytes; other text extensions (source code, logs)
 * are plain text. Errors: unsupported, for kinds that are not read.
 */
export function loaderFor(file: string, head: Uint8Array = new Uint8Array()): Loader {
  const extension = path.extname(file).toLowerCase();
  const named = loaders.find((loader) => loader.extensions.includes(extension));
  if (named) return named;
  const known = UNREADABLE[extension];
  if (known) throw new RagtuiError('unsupported', `It is ${known[0]} (${extension}), which is not read.`, known[1]);
  return (extension === '' && sniff(head)) || txt;
}

function sniff(head: Uint8Array): Loader | undefined {
  const start = Buffer.from(head.subarray(0, 256)).toString('latin1').trimStart().toLowerCase();
  if (start.startsWith('%pdf-')) return pdf;
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) return html;
  if (start.startsWith('pk\u0003\u0004') && /word\/|\[content_types\]/.test(start)) return docx;
  return undefined;
}
