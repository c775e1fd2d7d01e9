import type { ChunkDraft } from '../../kb/types.ts';

export interface PieceStatistics {
  readonly count: number;
  /** Characters. */
  readonly shortest: number;
  readonly median: number;
  readonly longest: number;
}

/** How long the chunks are, in characters; the lower median of an even number. All 0 without chunks. Pure. */
export function pieceStatistics(pieces: readonly Pick<ChunkDraft, 'start' | 'end'>[]): PieceStatistics {
  const lengths = pieces.map(({ start, end }) => end - start).sort((a, b) => a - b);
  return {
    count: lengths.length,
    shortest: lengths[0] ?? 0,
    median: lengths[Math.floor((lengths.length - 1) / 2)] ?? 0,
    longest: lengths.at(-1) ?? 0,
  };
}
