import { RagtuiError, toRagtuiError } from '../../platform/errors.ts';
import type { ExtractedDocument } from '../types.ts';
import { checkSize, openSource } from './file.ts';
import { loaderFor } from './registry.ts';
import { type LoadOptions, loadOptionsSchema } from './types.ts';

const BATCH_DOCUMENTS = 64;
const BATCH_CHARS = 1_000_000;

/**
 * The documents of one file, in batches of at most 64 documents or about 2 MB of text. Documents without a letter
 * are left out; a file with none left is an error. Errors: RagtuiError, one line without the path.
 */
export async function* loadFile(path: string, options: LoadOptions = {}): AsyncGenerator<ExtractedDocument[]> {
  const parsed = loadOptionsSchema.parse(options);
  const file = await openSource(path);
  let documents = 0;
  try {
    const loader = loaderFor(path, await file.head());
    checkSize(file.size, parsed.maxBytes ?? loader.maxBytes);
    let batch: ExtractedDocument[] = [];
    let chars = 0;
    for await (const document of loader.load(file, parsed)) {
      if (document.text.trim() === '') continue;
      documents++;
      if (batch.length > 0 && chars + document.text.length > BATCH_CHARS) {
        yield batch;
        batch = [];
        chars = 0;
      }
      batch.push(document);
      chars += document.text.length;
      if (batch.length >= BATCH_DOCUMENTS) {
        yield batch;
        batch = [];
        chars = 0;
      }
    }
    if (batch.length > 0) yield batch;
  } catch (error) {
    throw toRagtuiError(error);
  } finally {
    await file.close();
  }
  if (documents === 0) {
    throw new RagtuiError('invalid', 'There is no text in it, only white space.', 'Remove it, or put text into it.');
  }
}
