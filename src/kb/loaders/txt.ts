import path from 'node:path';
import { decodePieces, detectEncoding } from './encoding.ts';
import { documentsOfPieces } from './parts.ts';
import { LIMITS, type Loader } from './types.ts';

/** Plain text of any encoding; the title is the file's name. */
export const txt: Loader = {
  id: 'txt',
  extensions: ['.txt', '.text', '.log', '.rst', '.adoc', '.org', '.tex'],
  maxBytes: LIMITS.text,
  async *load(file) {
    const bytes = await file.read();
    const encoding = detectEncoding(bytes);
    yield* documentsOfPieces(decodePieces(bytes, encoding), {
      key: '',
      title: path.basename(file.path),
      metadata: { format: 'txt', encoding: encoding.label },
    });
  },
};
