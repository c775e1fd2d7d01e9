import path from 'node:path';
import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import { binaryKind } from './binary.ts';
import { htmlToText } from './html-text.ts';
import { markdownTitle } from './md.ts';
import { LIMITS, type Loader } from './types.ts';
import { checkZip } from './zip.ts';

/** Word documents, by way of HTML, as light Markdown (headings, lists, tables as rows). Pictures are left out. */
export const docx: Loader = {
  id: 'docx',
  extensions: ['.docx', '.docm'],
  maxBytes: LIMITS.archive,
  async *load(file) {
    const bytes = await file.read();
    if (binaryKind(bytes)?.startsWith('an old Office')) {
      throw new RagtuiError(
        'unsupported',
        'It is encrypted with a password, or an old .doc under a new name.',
        'Save it as .docx without a password.',
      );
    }
    const names = await checkZip(bytes);
    if (!names.includes('word/document.xml')) {
      throw new RagtuiError('corrupt', 'It is a zip archive without a Word document in it.', 'Save it again as .docx.');
    }
    const html = await convert(bytes);
    const text = await htmlToText(`<html><body>${html}</body></html>`);
    yield { key: '', title: markdownTitle(text) ?? path.basename(file.path), text, metadata: { format: 'docx' } };
  },
};

async function convert(buffer: Buffer): Promise<string> {
  const { default: mammoth } = await import('mammoth');
  try {
    const noPicture = mammoth.images.imgElement(async () => ({ src: '' }));
    return (await mammoth.convertToHtml({ buffer }, { convertImage: noPicture })).value;
  } catch (error) {
    throw new RagtuiError(
      'corrupt',
      `Its Word document cannot be read: ${toRagtuiError(error).message.replace(/\.$/, '')}.`,
      'Open it in a word processor and save it again.',
      { cause: error },
    );
  }
}
