import type { Hit } from '../kb/types.ts';
import { sanitizeLine } from '../platform/sanitize.ts';

/** `cosine 0.734`, `rrf 0.0325`: a score never stands without its kind. */
export function scoreText(hit: Pick<Hit, 'score' | 'scoreKind'>): string {
  const digits = hit.scoreKind === 'rrf' ? 4 : hit.scoreKind === 'bm25' ? 2 : 3;
  return `${hit.scoreKind} ${hit.score.toFixed(digits)}`;
}

/** Where each arm of a hybrid search had it: `vector #2 0.611 · bm25 #1 8.32`. */
export function armsText({ arms }: Pick<Hit, 'arms'>): string {
  const { vector, bm25 } = arms;
  return [
    ...(vector ? [`vector #${vector.rank} ${vector.score.toFixed(3)}`] : []),
    ...(bm25 ? [`bm25 #${bm25.rank} ${bm25.score.toFixed(2)}`] : []),
  ].join(' · ');
}

/** The last part of a document's name: the file, with `#row` for one row of it. */
export function documentName(hit: Pick<Hit, 'document'>): string {
  return fileName(hit.document);
}

export function fileName(path: string): string {
  return sanitizeLine(path.split('/').filter(Boolean).at(-1) ?? path);
}
