/** Words of the kb screen. Keys start with `kb.`. */
export const kb = {
  'kb.title': 'Knowledge',
  'kb.failedCount': '{count} failed',
  'kb.documentCount': '{count} documents',
  'kb.mode.vector': 'vector',
  'kb.mode.bm25': 'bm25',
  'kb.mode.hybrid': 'hybrid',
  'kb.mode.vector.note': 'by meaning',
  'kb.mode.bm25.note': 'by words',
  'kb.mode.hybrid.note': 'both, ranks fused',
} as const;
