import { createRequire } from 'node:module';
import path from 'node:path';
import { RagtuiError } from '../../platform/errors.ts';
import { MAX_DOCUMENT_CHARS } from './parts.ts';
import { type PdfLine, paragraphsOf } from './pdf-lines.ts';
import { LIMITS, type Loader, type ParsedLoadOptions } from './types.ts';

/** PDF text, hard-wrapped lines joined to paragraphs. `pageOffsets` in the metadata: where each page begins in the text. */
export const pdf: Loader = {
  id: 'pdf',
  extensions: ['.pdf'],
  maxBytes: LIMITS.pdf,
  async *load(file, options) {
    const bytes = await file.read();
    const { text, pageOffsets, title, textless } = await readPdf(bytes, options);
    if (text.trim() === '') {
      throw new RagtuiError(
        'invalid',
        `There is no text in it: its ${pageOffsets.length} pages hold only images or drawings.`,
        'Run OCR over it first, for example with ocrmypdf.',
      );
    }
    yield {
      key: '',
      title: title || path.basename(file.path),
      text,
      metadata: {
        format: 'pdf',
        pages: pageOffsets.length,
        pageOffsets: pageOffsets.join(','),
        ...(textless > 0 ? { pagesWithoutText: textless } : {}),
      },
    };
  },
};

interface PdfText {
  readonly text: string;
  readonly pageOffsets: readonly number[];
  readonly title: string;
  readonly textless: number;
}

async function readPdf(bytes: Buffer, options: ParsedLoadOptions): Promise<PdfText> {
  const { getDocument } = await pdfjs();
  const folder = path.dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'));
  const task = getDocument({
    // The library takes the memory over: a view of its own.
    data: new Uint8Array(bytes),
    // Chinese, Japanese and Korean PDFs often name a character map instead of carrying one.
    cMapUrl: path.join(folder, 'cmaps') + path.sep,
    cMapPacked: true,
    standardFontDataUrl: path.join(folder, 'standard_fonts') + path.sep,
    isEvalSupported: false,
    useSystemFonts: false,
    disableFontFace: true,
    useWasm: false,
    verbosity: 0,
  });
  try {
    const document = await task.promise;
    if (document.numPages > options.maxPages) {
      throw new RagtuiError(
        'unsupported',
        `It has ${document.numPages} pages; the limit is ${options.maxPages}.`,
        'Split it into smaller files.',
      );
    }
    let text = '';
    let textless = 0;
    const pageOffsets: number[] = [];
    for (let number = 1; number <= document.numPages; number++) {
      const page = await document.getPage(number);
      const content = await page.getTextContent();
      page.cleanup();
      const pageText = paragraphsOf(linesOf(content.items));
      if (pageText === '') textless++;
      if (text !== '' && pageText !== '') text += '\n\n';
      pageOffsets.push(text.length);
      text += pageText;
      if (text.length > MAX_DOCUMENT_CHARS * 4) {
        throw new RagtuiError(
          'unsupported',
          'It holds more than 8 million characters.',
          'Split it into smaller files.',
        );
      }
    }
    return { text, pageOffsets, title: titleOf(await document.getMetadata().catch(() => undefined)), textless };
  } catch (error) {
    throw pdfError(error);
  } finally {
    await task.destroy();
  }
}

/** The library wants classes of a browser at its start; reading text never uses them. */
async function pdfjs(): Promise<typeof import('pdfjs-dist/legacy/build/pdf.mjs')> {
  for (const name of ['DOMMatrix', 'ImageData', 'Path2D']) {
    if (!(name in globalThis)) Object.defineProperty(globalThis, name, { value: class {}, configurable: true });
  }
  return import('pdfjs-dist/legacy/build/pdf.mjs');
}

type Items = Awaited<ReturnType<import('pdfjs-dist/legacy/build/pdf.mjs').PDFPageProxy['getTextContent']>>['items'];

/** The runs of text of a page, as lines. Positions and sizes in points, y upwards. */
function linesOf(items: Items): PdfLine[] {
  const lines: PdfLine[] = [];
  let open: PdfLine | undefined;
  for (const item of items) {
    if (!('str' in item)) continue;
    const [, , , , x = 0, y = 0]: unknown[] = item.transform;
    const run = { text: item.str, x: Number(x), y: Number(y), right: Number(x) + item.width, size: item.height };
    if (!open) open = run;
    else {
      const size = Math.max(open.size, run.size);
      open = { text: open.text + run.text, x: open.x, y: open.y, right: Math.max(open.right, run.right), size };
    }
    if (item.hasEOL) {
      lines.push(open);
      open = undefined;
    }
  }
  if (open) lines.push(open);
  return lines.filter(({ text }) => text.trim() !== '');
}

function titleOf(metadata: { readonly info: object } | undefined): string {
  const title: unknown = metadata && 'Title' in metadata.info ? metadata.info.Title : '';
  return typeof title === 'string' ? title.trim() : '';
}

function pdfError(error: unknown): RagtuiError {
  if (error instanceof RagtuiError) return error;
  const name = error instanceof Error ? error.name : '';
  if (name === 'PasswordException') {
    return new RagtuiError(
      'unsupported',
      'It is encrypted: a password is needed to read it.',
      'Save a copy without a password.',
    );
  }
  const why = error instanceof Error ? error.message.split('\n')[0]?.replace(/\.$/, '') : 'unknown';
  return new RagtuiError(
    'corrupt',
    `It is not a readable PDF: ${why}.`,
    'The file may be cut off; fetch or save it again.',
  );
}
